//! What is shown, put together again and again from the stand-ins' ledgers, the visitor's browser and the host's trace.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::progress::Progress;
use super::robots::Robot;
use super::{Stage, VISITOR, lock};

/// Often enough to look live.
const PAUSE: Duration = Duration::from_millis(300);

/// Lines of trace and journal that the page shows.
const SHOWN_MAX: usize = 60;

/// One look at the world.
#[derive(Debug, Serialize)]
struct Look {
    host_is_up: bool,
    ece_is_up: bool,
    to_agents: Progress,
    to_customers: Progress,
    sms: Vec<Bubble>,
    trace: Vec<Value>,
    journal: Vec<String>,
    plugins: Vec<Value>,
}

/// One message on the visitor's SMS phone.
#[derive(Debug, Serialize)]
struct Bubble {
    at_ms: u64,
    mine: bool,
    text: String,
    status: String,
}

/// Looks until the page is closed, as long as anybody is there to see it: each look asks the host for its status and
/// traces, which would show in anything measured beside an unwatched demo.
pub(super) async fn keep_showing(stage: Arc<Stage>) {
    let mut trace = Vec::new();
    let mut plugins = Vec::new();
    while !stage.stopped.is_cancelled() {
        if stage.host_is_up.load(Ordering::Relaxed) {
            trace = stage.trace().await.unwrap_or(trace);
            plugins = stage.plugins().await.unwrap_or(plugins);
        }
        let look = stage.look(trace.clone(), plugins.clone());
        // A look is plain data: it always becomes JSON.
        let text = Arc::new(serde_json::to_string(&look).unwrap_or_default());
        stage.shown.send_if_modified(|shown| {
            let changed = **shown != *text;
            *shown = text;
            changed
        });
        tokio::time::sleep(PAUSE).await;
        stage.somebody_looks().await;
    }
}

impl Stage {
    /// At once if somebody does already.
    async fn somebody_looks(&self) {
        while self.shown.receiver_count() == 0 {
            tokio::select! {
                () = self.viewer.notified() => {}
                () = self.stopped.cancelled() => return,
            }
        }
    }

    fn look(&self, trace: Vec<Value>, plugins: Vec<Value>) -> Look {
        let mut to_agents = Progress::default();
        let mut to_customers = Progress::default();
        for robot in &self.robots.all {
            let (there, back) = self.progress_of(robot);
            to_agents = to_agents.and(there);
            to_customers = to_customers.and(back);
        }
        let (there, back) = self.visitor_by_sms();
        let (chat_there, chat_back) = self.visitors_by_chat();
        Look {
            host_is_up: self.host_is_up.load(Ordering::Relaxed),
            ece_is_up: self.ece_is_up.load(Ordering::Relaxed),
            to_agents: to_agents.and(there).and(chat_there),
            to_customers: to_customers.and(back).and(chat_back),
            sms: self.phone(),
            trace,
            journal: last(&lock(&self.journal)),
            plugins,
        }
    }

    fn progress_of(&self, robot: &Robot) -> (Progress, Progress) {
        let said = robot.said();
        let seen = self.world.seen_in_ece(&robot.number);
        let answered: Vec<String> = self.world.said_in_ece(&robot.number);
        let got = self.got_by_sms(&robot.number);
        (Progress::of(&said, &seen), Progress::of(&answered, &got))
    }

    fn visitor_by_sms(&self) -> (Progress, Progress) {
        let said: Vec<String> = self.world.sms.with_ledger(|ledger| {
            let received = ledger.received.iter();
            let theirs = received.filter(|message| message.from == VISITOR);
            theirs.map(|message| message.body.clone()).collect()
        });
        let answered = self.world.said_in_ece(VISITOR);
        (
            Progress::of(&said, &self.world.seen_in_ece(VISITOR)),
            Progress::of(&answered, &self.got_by_sms(VISITOR)),
        )
    }

    /// A browser's conversations in ECE are those in which agents saw a line of its.
    fn visitors_by_chat(&self) -> (Progress, Progress) {
        let conversations = self.world.chats_in_ece();
        let chats = lock(&self.chats);
        let mut both = (Progress::default(), Progress::default());
        for chat in chats.values() {
            let theirs = conversations
                .iter()
                .filter(|(seen, _)| seen.iter().any(|line| chat.sent.contains(line)));
            let (seen, said): (Vec<_>, Vec<_>) = theirs.cloned().unzip();
            both.0 = both.0.and(Progress::of(&chat.sent, &seen.concat()));
            both.1 = both.1.and(Progress::of(&said.concat(), &chat.received));
        }
        both
    }

    fn got_by_sms(&self, number: &str) -> Vec<String> {
        self.world.sms.with_ledger(|ledger| {
            let bodies = ledger.bodies_to(number).into_iter();
            bodies.map(str::to_owned).collect()
        })
    }

    /// The visitor's SMS conversation, in the order of time.
    fn phone(&self) -> Vec<Bubble> {
        let mut bubbles = self.world.sms.with_ledger(|ledger| {
            let mine = ledger.received.iter().filter(|one| one.from == VISITOR);
            let theirs = ledger.messages.iter().filter(|one| one.to == VISITOR);
            let mut bubbles: Vec<Bubble> = mine
                .map(|one| Bubble {
                    at_ms: one.at_ms,
                    mine: true,
                    text: one.body.clone(),
                    status: "sent".to_owned(),
                })
                .collect();
            bubbles.extend(theirs.map(|one| Bubble {
                at_ms: one.at_ms,
                mine: false,
                text: one.body.clone(),
                status: one.status.clone(),
            }));
            bubbles
        });
        bubbles.sort_by_key(|bubble| bubble.at_ms);
        bubbles
    }

    /// The newest lines of the visitors' conversations, by SMS and in browsers.
    async fn trace(&self) -> Option<Vec<Value>> {
        let mut lines = self.trace_of(VISITOR).await;
        for conversation in self.world.chats_by_id() {
            lines.extend(self.trace_of(&conversation).await);
        }
        lines.sort_by_key(|line| line["at"].as_u64());
        Some(last(&lines))
    }

    async fn trace_of(&self, customer: &str) -> Vec<Value> {
        let what = format!("trace/{}", customer.replace('+', "%2B"));
        let Some(report) = self.world.admin(&what).await else {
            return Vec::new();
        };
        let conversations = report["conversations"].as_array().cloned();
        conversations
            .into_iter()
            .flatten()
            .filter_map(|one| one["lines"].as_array().cloned())
            .flatten()
            .collect()
    }

    async fn plugins(&self) -> Option<Vec<Value>> {
        let status = self.world.admin("status").await?;
        status["plugins"].as_array().cloned()
    }
}

fn last<T: Clone>(lines: &[T]) -> Vec<T> {
    lines[lines.len().saturating_sub(SHOWN_MAX)..].to_vec()
}
