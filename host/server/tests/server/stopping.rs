//! Requests that hang: the request's own deadline, the shutdown's, and a second signal.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use crate::command::Served;
use crate::world::{PATIENCE, toml};

/// A call whose body never comes. The host is reading it when this returns.
fn hanging_call(address: SocketAddr) -> TcpStream {
    let mut call = TcpStream::connect(address).expect("it listens");
    call.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let head = "POST /channels/acme-sms HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\
                Expect: 100-continue\r\n\r\n";
    call.write_all(head.as_bytes()).expect("it is sent");
    let mut answer = [0; 25];
    call.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    call
}

fn with_deadlines(request_s: u32, shutdown_s: u32) -> impl Fn(SocketAddr) -> String {
    move |address| {
        let deadlines = format!("request_timeout_s = {request_s}\nshutdown_s = {shutdown_s}");
        toml(address).replace("shutdown_s = 5", &deadlines)
    }
}

fn until_logged(served: &Served, words: &str) {
    let began = Instant::now();
    while !served.log().contains(words) {
        assert!(began.elapsed() < PATIENCE, "{}", served.log());
        std::thread::yield_now();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_takes_too_long_is_answered_503_and_asked_to_come_again() {
    let served = Served::start_with(with_deadlines(1, 5)).await;
    let mut call = hanging_call(served.address);
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") && call.read(&mut byte).expect("an answer") > 0 {
        answer.push(byte[0]);
    }
    let answer = String::from_utf8(answer).expect("text").to_lowercase();
    assert!(answer.starts_with("http/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 5"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shutdown_does_not_wait_for_a_request_beyond_its_deadline() {
    let mut served = Served::start_with(with_deadlines(3_600, 1)).await;
    let _call = hanging_call(served.address);
    served.signal("TERM");
    assert_eq!(served.wait(), Some(0));
    let log = served.log();
    assert!(log.contains("stopped at the deadline"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_host_at_once() {
    let mut served = Served::start_with(with_deadlines(3_600, 3_600)).await;
    let _call = hanging_call(served.address);
    served.signal("TERM");
    until_logged(&served, "a second signal stops at once");
    served.signal("INT");
    assert_eq!(served.wait(), Some(1));
    assert!(served.log().contains("stopped at once"), "{}", served.log());
}
