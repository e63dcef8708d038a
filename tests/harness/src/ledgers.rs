//! What the stand-ins' ledgers say about a customer.

use ece_simulator::ConversationRecord;

use crate::count::Count;
use crate::world::{PATIENCE, World};

impl World {
    /// What customers said against what agents saw, over all of a customer's conversations in ECE.
    pub fn to_agents(&self, customer: &str, said: &[String]) -> Count {
        let seen = self.seen_in_ece(customer);
        Count::of(said, &seen)
    }

    /// What agents said to a customer against what the customer got. `marked` picks the lines.
    pub fn to_customer(&self, customer: &str, marked: impl Fn(&str) -> bool) -> Count {
        let said = self.said_in_ece(customer);
        let said: Vec<String> = said.into_iter().filter(|text| marked(text)).collect();
        let seen: Vec<String> = self.sms.with_ledger(|ledger| {
            ledger
                .bodies_to(customer)
                .into_iter()
                .map(str::to_owned)
                .collect()
        });
        Count::of(&said, &seen)
    }

    /// What agents saw and said in each conversation that did not come by SMS, in the order they were started.
    pub fn chats_in_ece(&self) -> Vec<(Vec<String>, Vec<String>)> {
        self.ece.with_ledger(|ledger| {
            let records = ledger.conversations.iter();
            let chats = records.filter(|record| !has_a_number(record));
            chats.map(|record| (seen(record), said(record))).collect()
        })
    }

    /// ECE's ids of the newest conversations that did not come by SMS.
    pub fn chats_by_id(&self) -> Vec<String> {
        const NEWEST: usize = 4;
        self.ece.with_ledger(|ledger| {
            let records = ledger.conversations.iter().rev();
            let chats = records.filter(|record| !has_a_number(record));
            chats.take(NEWEST).map(|record| record.id.clone()).collect()
        })
    }

    /// Something of each of a customer's conversations in ECE, in the order they were started.
    fn in_ece(
        &self,
        customer: &str,
        of: impl Fn(&ConversationRecord) -> Vec<String>,
    ) -> Vec<String> {
        let number = customer.trim_start_matches('+');
        self.ece.with_ledger(|ledger| {
            let records = ledger.conversations.iter();
            let theirs = records.filter(|record| record.customer.to_string().contains(number));
            theirs.flat_map(|record| of(record)).collect()
        })
    }

    /// Waits until this customer got a message that satisfies `wanted`.
    ///
    /// # Errors
    /// None came within [`PATIENCE`].
    pub async fn customer_gets(
        &self,
        customer: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<(), sms_simulator::DeadlinePassed> {
        let got =
            |ledger: &sms_simulator::Ledger| ledger.bodies_to(customer).into_iter().any(&wanted);
        self.sms.wait_for(got, PATIENCE).await
    }

    /// Waits until agents saw a text that satisfies `wanted`; gives ECE's id of its conversation.
    ///
    /// # Errors
    /// None saw it within [`PATIENCE`].
    pub async fn agent_sees(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String, ece_simulator::DeadlinePassed> {
        let place = |ledger: &ece_simulator::Ledger| {
            let mut records = ledger.conversations.iter();
            records
                .rfind(|record| record.texts().into_iter().any(&wanted))
                .map(|r| r.id.clone())
        };
        self.ece
            .wait_for(|ledger| place(ledger).is_some(), PATIENCE)
            .await?;
        Ok(self.ece.with_ledger(place).unwrap_or_default())
    }

    /// The texts that agents saw of this customer, in order.
    pub fn seen_in_ece(&self, customer: &str) -> Vec<String> {
        self.in_ece(customer, seen)
    }

    /// The texts that agents wrote to this customer, in order.
    pub fn said_in_ece(&self, customer: &str) -> Vec<String> {
        self.in_ece(customer, said)
    }
}

fn seen(record: &ConversationRecord) -> Vec<String> {
    record.texts().into_iter().map(str::to_owned).collect()
}

fn said(record: &ConversationRecord) -> Vec<String> {
    let texts = record.sent.iter().filter(|sent| sent.kind == "text/plain");
    texts.filter_map(|sent| sent.content.clone()).collect()
}

fn has_a_number(record: &ConversationRecord) -> bool {
    record.customer.to_string().contains("phoneNumber")
}
