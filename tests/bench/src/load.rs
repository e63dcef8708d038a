//! The load: customers who write, as signed Twilio webhooks over kept-alive connections, until
//! ECE's stand-in has seen every message.
//!
//! A closed loop with a bound: each connection posts its next message after the answer to the one
//! before, and not while [`AHEAD_MAX`] messages are on their way to ECE, so that a connector that
//! answers fast and delivers slowly is not given an endless queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ece_simulator::{EceSimulator, What};
use sms_simulator::signature::sign;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Failed;

/// Messages that were posted and that ECE has not seen.
const AHEAD_MAX: usize = 1024;

/// How long ECE may see nothing new while messages are missing.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often the stand-in's ledger is looked at.
const LOOK: Duration = Duration::from_millis(4);

/// Where messages go, and who writes.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// The webhook, which is also what is signed.
    pub(crate) url: String,
    pub(crate) auth_token: String,
    pub(crate) account_sid: String,
    pub(crate) number: String,
    pub(crate) connections: usize,
    pub(crate) customers: usize,
}

/// How much is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Amount {
    /// This many, as fast as they are taken.
    Messages(usize),
    /// As fast as they are taken, for this long.
    For(Duration),
    /// So many a second, for this long.
    Paced(f64, Duration),
}

/// What one run showed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// Posted and answered 200.
    pub(crate) messages: usize,
    /// From the first post until ECE saw the last.
    pub(crate) seconds: f64,
    /// From post to answer, in microseconds, sorted.
    pub(crate) answer_us: Vec<u64>,
    /// From post until ECE saw it, in milliseconds (the ledger's resolution), sorted.
    pub(crate) to_ece_ms: Vec<u64>,
    /// Not answered 200.
    pub(crate) refused: usize,
    /// Answered 200 and never seen.
    pub(crate) lost: usize,
    /// Seen more than once.
    pub(crate) doubled: usize,
}

impl Shown {
    pub(crate) fn rate(&self) -> f64 {
        self.messages as f64 / self.seconds
    }
}

/// A quantile of sorted figures.
pub(crate) fn quantile(sorted: &[u64], share: f64) -> u64 {
    let place = (sorted.len() as f64 * share) as usize;
    let place = place.min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or(0)
}

/// The number of the customer with this index.
pub(crate) fn number_of(customer: usize) -> String {
    format!("+1555{customer:07}")
}

/// One message that was posted.
struct Posted {
    number: usize,
    at_ms: u64,
    answer_us: u64,
    is_taken: bool,
}

/// What the connections share.
struct Shared {
    load: Load,
    client: reqwest::Client,
    amount: Amount,
    mark: String,
    begun: Instant,
    next: AtomicUsize,
    /// Seen by ECE since the run began.
    seen: AtomicUsize,
    is_over: AtomicBool,
}

impl Load {
    /// Sends, and waits until ECE saw all of it. `mark` tells this run's messages from others'.
    pub(crate) async fn run(
        &self,
        mark: &str,
        amount: Amount,
        ece: &EceSimulator,
    ) -> Result<Shown, Failed> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(self.connections)
            .timeout(Duration::from_secs(30))
            .build()?;
        let before = seen_in(ece);
        let shared = Arc::new(Shared {
            load: self.clone(),
            client,
            amount,
            mark: mark.to_owned(),
            begun: Instant::now(),
            next: AtomicUsize::new(0),
            seen: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let mut connections = JoinSet::new();
        for _ in 0..self.connections {
            connections.spawn(connection(Arc::clone(&shared)));
        }
        let posting = async {
            let all = connections.join_all().await;
            shared.is_over.store(true, Ordering::Release);
            all.into_iter().flatten().collect::<Vec<Posted>>()
        };
        let (posted, ended) = tokio::join!(posting, watch(&shared, ece, before));
        Ok(compare(
            &posted,
            mark,
            (ended - shared.begun).as_secs_f64(),
            ece,
        ))
    }

    fn form(&self, number: usize, mark: &str) -> (String, String) {
        let sid = format!("SM{mark}{number:0width$}", width = 32 - mark.len());
        let from = number_of(number % self.customers);
        let text = format!("{mark} {number} Where is my order? It should have come on Monday.");
        let pairs = [
            ("MessageSid", sid.as_str()),
            ("SmsSid", &sid),
            ("SmsMessageSid", &sid),
            ("AccountSid", &self.account_sid),
            ("ApiVersion", "2010-04-01"),
            ("SmsStatus", "received"),
            ("NumSegments", "1"),
            ("NumMedia", "0"),
            ("From", &from),
            ("FromCity", ""),
            ("FromState", ""),
            ("FromZip", ""),
            ("FromCountry", "US"),
            ("To", &self.number),
            ("ToCity", ""),
            ("ToState", ""),
            ("ToZip", ""),
            ("ToCountry", "US"),
            ("Body", &text),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        (body, sign(&self.auth_token, &self.url, &pairs))
    }

    /// One webhook as it would be posted: body and signature.
    pub(crate) fn example(&self) -> (String, String) {
        self.form(1, "e")
    }
}

async fn connection(shared: Arc<Shared>) -> Vec<Posted> {
    let mut posted = Vec::new();
    loop {
        while shared.is_too_far_ahead() {
            sleep(LOOK).await;
        }
        let Some(number) = shared.take() else {
            return posted;
        };
        if let Amount::Paced(rate, _) = shared.amount {
            sleep_until(shared.begun + Duration::from_secs_f64(number as f64 / rate)).await;
        }
        posted.push(shared.post(number).await);
    }
}

impl Shared {
    fn is_too_far_ahead(&self) -> bool {
        let next = self.next.load(Ordering::Relaxed);
        next >= self.seen.load(Ordering::Relaxed) + AHEAD_MAX && self.begun.elapsed() < 3 * PATIENCE
    }

    fn take(&self) -> Option<usize> {
        let is_due = match self.amount {
            Amount::Messages(all) => self.next.load(Ordering::Relaxed) < all,
            Amount::For(time) | Amount::Paced(_, time) => self.begun.elapsed() < time,
        };
        let number = is_due.then(|| self.next.fetch_add(1, Ordering::Relaxed))?;
        match self.amount {
            Amount::Messages(all) if number >= all => None,
            Amount::Messages(_) | Amount::For(_) | Amount::Paced(..) => Some(number),
        }
    }

    async fn post(&self, number: usize) -> Posted {
        let (body, signature) = self.load.form(number, &self.mark);
        let at_ms = now_ms();
        let begun = Instant::now();
        let request = self
            .client
            .post(&self.load.url)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("X-Twilio-Signature", signature)
            .body(body);
        let is_taken = match request.send().await {
            Ok(answer) => {
                let is_taken = answer.status().is_success();
                // Read to its end, so that the connection is used again.
                answer.bytes().await.is_ok() && is_taken
            }
            Err(_) => false,
        };
        Posted {
            number,
            at_ms,
            answer_us: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            is_taken,
        }
    }
}

/// Counts what ECE sees until it saw all, or nothing more comes. Gives when the last came.
async fn watch(shared: &Shared, ece: &EceSimulator, before: usize) -> Instant {
    let mut last = Instant::now();
    loop {
        let seen = seen_in(ece) - before;
        if seen != shared.seen.swap(seen, Ordering::Relaxed) {
            last = Instant::now();
        }
        let is_over = shared.is_over.load(Ordering::Acquire);
        // A number that is taken is posted.
        let wanted = match shared.amount {
            Amount::Messages(all) => all,
            Amount::For(_) | Amount::Paced(..) => shared.next.load(Ordering::Relaxed),
        };
        if is_over && (seen >= wanted || last.elapsed() > PATIENCE) {
            return last;
        }
        sleep(LOOK).await;
    }
}

fn seen_in(ece: &EceSimulator) -> usize {
    ece.with_ledger(|ledger| ledger.conversations.iter().map(|one| one.seen.len()).sum())
}

fn compare(posted: &[Posted], mark: &str, seconds: f64, ece: &EceSimulator) -> Shown {
    let count = posted.iter().map(|one| one.number + 1).max().unwrap_or(0);
    let mut seen: Vec<Vec<u64>> = vec![Vec::new(); count];
    ece.with_ledger(|ledger| {
        for one in ledger.conversations.iter().flat_map(|record| &record.seen) {
            if let Some(number) = number_in(&one.what, mark)
                && let Some(times) = seen.get_mut(number)
            {
                times.push(one.at_ms);
            }
        }
    });
    let mut shown = Shown {
        seconds,
        ..Shown::default()
    };
    for one in posted {
        let times = &seen[one.number];
        shown.doubled += usize::from(times.len() > 1);
        if !one.is_taken {
            shown.refused += 1;
            continue;
        }
        shown.messages += 1;
        shown.answer_us.push(one.answer_us);
        match times.first() {
            Some(at) => shown.to_ece_ms.push(at.saturating_sub(one.at_ms)),
            None => shown.lost += 1,
        }
    }
    shown.answer_us.sort_unstable();
    shown.to_ece_ms.sort_unstable();
    shown
}

fn number_in(what: &What, mark: &str) -> Option<usize> {
    let What::Text { text, .. } = what else {
        return None;
    };
    let mut words = text.split(' ');
    (words.next() == Some(mark)).then(|| words.next()?.parse().ok())?
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_of_no_figures_is_zero_and_the_last_is_never_passed() {
        assert_eq!(quantile(&[], 0.5), 0);
        assert_eq!(quantile(&[1, 2, 3, 4], 0.5), 3);
        assert_eq!(quantile(&[1, 2, 3, 4], 1.0), 4);
    }

    #[test]
    fn a_message_is_found_by_its_run_and_number_only() {
        let text = |text: &str| What::Text {
            text: text.to_owned(),
            html: false,
        };
        assert_eq!(number_in(&text("a 17 Where"), "a"), Some(17));
        assert_eq!(number_in(&text("b 17 Where"), "a"), None);
        assert_eq!(number_in(&text("a where"), "a"), None);
    }
}
