use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use trunkline_flow::ports::{Answer, Download, PluginVersion, ReceiveError, StreamError};
use trunkline_flow::{Limits, Out, UploadError};

use super::bench::{Bench, SimSocket, fine, on_bench, open_request};

/// Longer than anything here takes.
const LONG_MS: u64 = 5_000;

/// A client's page.
struct Page {
    socket: SimSocket,
    /// The last number it has.
    number: u64,
    /// What the log said, without the numbers.
    read: Vec<String>,
}

impl Page {
    /// Attached to this customer, from a number on.
    async fn open(bench: &Bench, who: &str, after: u64) -> Self {
        let mut socket = bench.open_socket().await.expect("it is let in");
        socket
            .frame(format!("attach {who} {after}").into_bytes())
            .await;
        Self {
            socket,
            number: after,
            read: Vec::new(),
        }
    }

    /// Reads frames of the log until none has come for a while.
    async fn read(&mut self, bench: &Bench) {
        while let Some(Out::Frame(frame)) = self.next(bench).await {
            let text = String::from_utf8(frame).expect("text");
            let (number, words) = text.split_once(' ').expect("a number and words");
            let number: u64 = number.parse().expect("a number");
            assert_eq!(number, self.number + 1, "{text}");
            self.number = number;
            self.read.push(words.to_owned());
        }
    }

    async fn next(&mut self, bench: &Bench) -> Option<Out> {
        tokio::select! {
            biased;
            out = self.socket.next() => Some(out),
            () = bench.pass(LONG_MS) => None,
        }
    }

    async fn says(&mut self, frame: &str) -> Option<Out> {
        self.socket.frame(frame.as_bytes().to_vec()).await;
        self.socket.answer()
    }
}

fn frame(text: &str) -> Option<Out> {
    Some(Out::Frame(text.as_bytes().to_vec()))
}

fn closed_with(out: Option<Out>) -> Option<u16> {
    match out {
        Some(Out::Close(close)) => Some(close.code),
        Some(Out::Frame(_)) | None => None,
    }
}

fn no_plugin() -> Option<ReceiveError> {
    Some(ReceiveError::NotNow {
        channel: "web".into(),
        ack: Some(fine()),
        reason: "it trapped".to_owned(),
        trapped: vec![PluginVersion("v1".to_owned())],
    })
}

#[test]
fn a_frame_is_answered_when_its_events_are_on_disk_and_the_socket_closed_when_they_cannot_be() {
    on_bench(Limits::default(), |bench| async move {
        let mut page = Page::open(&bench, "anna", 0).await;
        bench.shared.world().faults.store = 1_000;
        assert_eq!(closed_with(page.says("say 1 note").await), Some(1013));
        bench.shared.world().faults.store = 0;
        assert_eq!(bench.flow.status().accepted, 0);
        // The client knows nothing of it, so it comes again; and once more, since it may.
        for _ in 0..2 {
            let mut page = Page::open(&bench, "anna", 0).await;
            assert_eq!(page.says("say 1 note").await, frame("taken 1"));
        }
        let status = bench.flow.status();
        assert_eq!((status.accepted, status.duplicates), (1, 1));
    });
}

#[test]
fn without_a_working_plugin_the_client_is_to_come_again_and_nothing_is_kept() {
    on_bench(Limits::default(), |bench| async move {
        let mut page = Page::open(&bench, "anna", 0).await;
        bench.script().receives.push_back(no_plugin());
        assert_eq!(closed_with(page.says("say 1 note").await), Some(1013));
        assert_eq!(page.says("say 2 note").await, None, "it is closed");
        bench.script().receives.push_back(no_plugin());
        let refused = bench.open_socket().await.expect_err("no plugin");
        assert_eq!(refused.status, 503);
        let status = bench.flow.status();
        assert_eq!((status.kept_raw, status.accepted), (0, 0));
    });
}

#[test]
fn what_the_plugin_says_closes_a_socket_with_4000_and_the_status() {
    on_bench(Limits::default(), |bench| async move {
        let mut page = Page::open(&bench, "anna", 0).await;
        assert_eq!(closed_with(page.says("close 401").await), Some(4401));
        let mut page = Page::open(&bench, "anna", 0).await;
        bench
            .script()
            .receives
            .push_back(Some(ReceiveError::Rejected {
                answer: Answer {
                    status: 400,
                    ..fine()
                },
                reason: "no such frame".to_owned(),
            }));
        assert_eq!(closed_with(page.says("what").await), Some(4400));
    });
}

#[test]
fn a_log_goes_to_whoever_is_attached_and_to_others_from_their_number_on() {
    on_bench(Limits::default(), |bench| async move {
        let mut early = Page::open(&bench, "anna", 0).await;
        let mut other = Page::open(&bench, "bert", 0).await;
        for number in 1..=3 {
            let said = format!("say {number} say words {number}");
            assert_eq!(early.says(&said).await, frame(&format!("taken {number}")));
        }
        early.read(&bench).await;
        assert_eq!(early.read, ["words 1", "words 2", "words 3"]);
        let mut late = Page::open(&bench, "anna", 2).await;
        early.says("say 4 say words 4").await;
        late.read(&bench).await;
        assert_eq!(late.read, ["words 3", "words 4"]);
        other.read(&bench).await;
        assert_eq!(other.read, [] as [&str; 0]);
        early.says("detach").await;
        early.says("attach bert 0").await;
        early.number = 0;
        early.says("say 5 say for bert").await;
        early.read(&bench).await;
        assert_eq!(early.read.last().map(String::as_str), Some("for bert"));
    });
}

#[test]
fn a_client_is_told_of_what_the_log_does_not_have() {
    on_bench(Limits::default(), |bench| async move {
        let mut page = Page::open(&bench, "anna", 0).await;
        for number in 1..=3 {
            page.says(&format!("say {number} say words {number}")).await;
        }
        page.read(&bench).await;
        page.says("acked 2").await;
        let mut late = Page::open(&bench, "anna", 0).await;
        let gap = r#"{"gap":{"after":0,"next":3}}"#;
        assert_eq!(late.next(&bench).await, frame(gap));
        assert_eq!(late.next(&bench).await, frame("3 words 3"));
        let mut strange = Page::open(&bench, "anna", 40).await;
        let gap = r#"{"gap":{"after":40,"next":3}}"#;
        assert_eq!(strange.next(&bench).await, frame(gap));
        assert_eq!(strange.next(&bench).await, frame("3 words 3"));
        let mut unknown = Page::open(&bench, "nobody", 7).await;
        let gap = r#"{"gap":{"after":7,"next":1}}"#;
        assert_eq!(unknown.next(&bench).await, frame(gap));
        assert_eq!(unknown.next(&bench).await, None);
    });
}

#[test]
fn a_crash_between_push_and_settle_neither_loses_nor_doubles_a_frame() {
    on_bench(Limits::default(), |mut bench| async move {
        let mut page = Page::open(&bench, "anna", 0).await;
        page.says("say 1 say one").await;
        page.read(&bench).await;
        page.says("say 2 say two").await;
        while !bench.asked().contains(&"send two".to_owned()) {
            bench.pass(1).await;
        }
        // The plugin is at it; nothing that it pushes can be written any more.
        bench.shared.world().faults.store = 1_000;
        bench.pass(LONG_MS).await;
        assert_eq!(page.next(&bench).await, None);
        bench.shared.world().faults.store = 0;
        let number = page.number;
        bench.crash().await;
        let mut page = Page::open(&bench, "anna", number).await;
        page.says("say 3 say three").await;
        page.read(&bench).await;
        assert_eq!(page.read, ["two", "three"]);
        let sends = bench
            .asked()
            .into_iter()
            .filter(|what| what.starts_with("send two"));
        assert_eq!(sends.count(), 2);
    });
}

#[test]
fn conversations_of_one_customer_share_one_numbering() {
    on_bench(Limits::default(), |bench| async move {
        let mut page = Page::open(&bench, "anna", 0).await;
        for number in 0..20 {
            let word = if number % 2 == 0 { "say" } else { "elsewhere" };
            page.says(&format!("say {number} {word} words {number}"))
                .await;
        }
        page.read(&bench).await;
        assert_eq!(page.read.len(), 20);
        let sends = bench
            .asked()
            .into_iter()
            .filter(|what| what.starts_with("send"));
        assert_eq!(sends.count(), 20, "none had to be sent anew");
        let evens = |words: &&String| words.ends_with(['0', '2', '4', '6', '8']);
        let in_order: Vec<_> = page.read.iter().filter(evens).collect();
        let expected: Vec<_> = (0..20).step_by(2).map(|n| format!("words {n}")).collect();
        assert_eq!(in_order, expected.iter().collect::<Vec<_>>());
    });
}

#[test]
fn a_signal_goes_to_whoever_is_attached_and_is_not_kept() {
    on_bench(Limits::default(), |bench| async move {
        let mut page = Page::open(&bench, "anna", 0).await;
        page.says("say 1 say sign wink").await;
        assert_eq!(page.next(&bench).await, frame("wink"));
        let mut late = Page::open(&bench, "anna", 0).await;
        assert_eq!(late.next(&bench).await, None);
    });
}

#[test]
fn a_socket_that_is_attached_to_nobody_is_closed() {
    on_bench(Limits::default(), |bench| async move {
        let mut socket = bench.open_socket().await.expect("it is let in");
        assert_eq!(closed_with(Some(socket.next().await)), Some(4408));
    });
}

#[test]
fn a_shutdown_tells_clients_to_come_again() {
    on_bench(Limits::default(), |bench| async move {
        let mut page = Page::open(&bench, "anna", 0).await;
        let flow = bench.flow.clone();
        let deadline = bench.now().plus_ms(60_000);
        let shutdown = tokio::spawn(async move { flow.shutdown(deadline).await });
        assert_eq!(closed_with(page.next(&bench).await), Some(1012));
        assert_eq!(page.says("say 1 note").await, None, "it is closed");
        drop(page);
        assert!(shutdown.await.expect("no bug"), "it waited for the client");
        assert_eq!(bench.flow.status().accepted, 0);
    });
}

#[test]
fn no_more_sockets_are_opened_than_allowed() {
    let limits = Limits {
        sockets_max: 2,
        ..Limits::default()
    };
    on_bench(limits, |bench| async move {
        let first = bench.open_socket().await.expect("it is let in");
        let _second = bench.open_socket().await.expect("it is let in");
        let refused = bench.open_socket().await.expect_err("too many");
        assert_eq!(refused.status, 503);
        assert_eq!(bench.flow.status().sockets, 2);
        first.lost().await;
        assert!(bench.open_socket().await.is_ok());
    });
}

#[test]
fn a_channel_without_sockets_opens_none() {
    on_bench(Limits::default(), |bench| async move {
        let refused = bench.flow.open_socket(&"line".into(), open_request()).await;
        let refused = refused.expect_err("it has none").status;
        assert_eq!(refused, 404);
    });
}

fn bytes(bytes: &'static [u8], size: Option<u64>) -> Download {
    let mut piece = Some(Ok::<_, StreamError>(Bytes::from_static(bytes)));
    Download {
        name: None,
        content_type: None,
        size,
        next: Box::new(move || Box::pin(std::future::ready(piece.take()))),
    }
}

/// Asks for a slot for three bytes; gives its token.
async fn slot(page: &mut Page, slot: &str) -> String {
    let Some(Out::Frame(told)) = page.says(&format!("upload {slot} image/png 3")).await else {
        panic!("no slot");
    };
    let told: serde_json::Value = serde_json::from_slice(&told).expect("JSON");
    let told = &told["upload"];
    assert_eq!(
        (&told["slot"], &told["size"]),
        (&slot.into(), &3.into()),
        "{told}"
    );
    let url = told["url"].as_str().expect("a slot");
    let token = url.strip_prefix("https://media.example.com/");
    token.expect("below the media URL").to_owned()
}

#[test]
fn an_uploaded_file_is_fetched_for_the_agent_once() {
    on_bench(Limits::default(), |bench| async move {
        let mut page = Page::open(&bench, "anna", 0).await;
        let token = slot(&mut page, "m1").await;
        let wrong = bench.flow.upload(&token, bytes(b"four", None)).await;
        assert_eq!(wrong, Err(UploadError::Size(3)));
        let wrong = bench.flow.upload(&token, bytes(b"two", Some(2))).await;
        assert_eq!(wrong, Err(UploadError::Size(3)));
        let unknown = bench.flow.upload("nonsense", bytes(b"abc", None)).await;
        assert_eq!(unknown, Err(UploadError::Unknown));
        for _ in 0..2 {
            let taken = bench.flow.upload(&token, bytes(b"abc", Some(3))).await;
            assert_eq!(taken, Ok(()));
        }
        // The client was not sure, and asked for another slot under the same name.
        let token = slot(&mut page, "m1").await;
        assert_eq!(bench.flow.upload(&token, bytes(b"abc", None)).await, Ok(()));
        bench.until(|b| b.told("fetched, 3 bytes")).await;
        bench.pass(LONG_MS).await;
        assert_eq!(bench.story().matches("fetched").count(), 1);
        assert!(!bench.asked().contains(&"download".to_owned()));
    });
}

#[test]
fn an_upload_that_cannot_be_is_refused_before_it_is_made() {
    let limits = Limits {
        upload_open_ms: 1_000,
        ..Limits::default()
    };
    on_bench(limits, |bench| async move {
        let mut page = Page::open(&bench, "anna", 0).await;
        let refused =
            |why: &str| frame(&format!(r#"{{"upload":{{"error":"{why}","slot":"m1"}}}}"#));
        assert_eq!(
            page.says("upload m1 image/png 101").await,
            refused("too-large")
        );
        assert_eq!(
            page.says("upload m1 video/mp4 3").await,
            refused("type-not-allowed")
        );
        let token = slot(&mut page, "m1").await;
        bench.pass(2_000).await;
        let late = bench.flow.upload(&token, bytes(b"abc", None)).await;
        assert_eq!(late, Err(UploadError::Unknown));
        for _ in 0..20 {
            slot(&mut page, "m1").await;
        }
        assert_eq!(
            page.says("upload m1 image/png 3").await,
            refused("too-many")
        );
        page.says("detach").await;
        assert_eq!(
            page.says("upload m1 image/png 3").await,
            refused("not-attached")
        );
    });
}

/// Pages come and go, the process dies, the disk is full now and then: each page has every word once and in order.
#[test]
fn whatever_happens_a_page_reads_every_word_once_and_in_order() {
    for seed in 0..40 {
        on_bench(Limits::default(), |bench| play(bench, seed));
    }
}

async fn play(mut bench: Bench, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let people = ["anna", "bert"];
    let mut said = [0; 2];
    let mut pages = [None, None];
    let mut read = [(0, Vec::new()), (0, Vec::new())];
    for _ in 0..60 {
        let who = rng.random_range(0..2);
        match rng.random_range(0..10) {
            0 => {
                bench.crash().await;
                for at in 0..2 {
                    cut(&mut pages[at], &mut read[at]);
                }
            }
            1 => cut(&mut pages[who], &mut read[who]),
            2 => bench.shared.world().faults.store = rng.random_range(0..300),
            3 => bench.pass(rng.random_range(0..3_000)).await,
            4 | 5 => {
                let page = attached(&bench, &mut pages[who], people[who], read[who].0).await;
                if let Some(Out::Frame(frame)) = page.next(&bench).await {
                    keep(page, &frame);
                } else {
                    cut(&mut pages[who], &mut read[who]);
                }
            }
            _ => {
                let next = said[who] + 1;
                let words = format!("say {}-{next} say word {next}", people[who]);
                let page = attached(&bench, &mut pages[who], people[who], read[who].0).await;
                match page.says(&words).await {
                    Some(Out::Frame(_)) => said[who] = next,
                    Some(Out::Close(_)) | None => cut(&mut pages[who], &mut read[who]),
                }
            }
        }
    }
    bench.shared.world().faults.store = 0;
    for who in 0..2 {
        cut(&mut pages[who], &mut read[who]);
        let mut page = Page::open(&bench, people[who], read[who].0).await;
        // The longest backoff is a minute.
        for _ in 0..30 {
            page.read(&bench).await;
        }
        let all: Vec<_> = read[who].1.iter().chain(&page.read).cloned().collect();
        let expected: Vec<_> = (1..=said[who]).map(|n| format!("word {n}")).collect();
        // What was taken without the page having heard of it may be there as well.
        let whole = all.strip_prefix(expected.as_slice());
        let one_more = [format!("word {}", said[who] + 1)];
        assert!(
            whole == Some(&[]) || whole == Some(&one_more),
            "seed {seed}, {}: said {}, read {all:?}",
            people[who],
            said[who]
        );
    }
}

async fn attached<'a>(
    bench: &Bench,
    page: &'a mut Option<Page>,
    who: &str,
    after: u64,
) -> &'a mut Page {
    if page.is_none() {
        *page = Some(Page::open(bench, who, after).await);
    }
    page.as_mut().expect("it was just opened")
}

fn keep(page: &mut Page, frame: &[u8]) {
    let text = std::str::from_utf8(frame).expect("text");
    let (number, words) = text.split_once(' ').expect("a number and words");
    if let Ok(number) = number.parse::<u64>() {
        assert_eq!(number, page.number + 1, "{text}");
        page.number = number;
        page.read.push(words.to_owned());
    }
}

/// The page goes; what it has read stays.
fn cut(page: &mut Option<Page>, read: &mut (u64, Vec<String>)) {
    if let Some(page) = page.take() {
        read.0 = page.number;
        read.1.extend(page.read);
    }
}
