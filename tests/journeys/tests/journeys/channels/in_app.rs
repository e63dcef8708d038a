//! What the in-app channel promises on its socket over the built host: a page that missed more than the log keeps is told
//! of the gap, and one that is gone without a word is cut off.

use std::time::Duration;

use ece_simulator::Act;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};
use trunkline_harness::World;
use trunkline_harness::channels::ORIGIN;
use trunkline_harness::phone::{Channel, Phone};
use trunkline_harness::world::PATIENCE;

use super::five_channels;
use crate::steps::{log, phone_chat, phone_reads, until};

/// What the store keeps of a customer's log.
const LOG_FRAMES: usize = 1_000;
/// Two pings, 25 s apart, and the look at their answers: far less than this.
const CUT_OFF: Duration = Duration::from_secs(240);
/// An empty ping on the wire, unmasked as hosts send it.
const PING: [u8; 2] = [0x89, 0x00];

type Socket = WebSocketStream<TcpStream>;

/// Another page of this visitor, which says that it has the first `after` frames.
async fn another_page(world: &World, phone: &Phone<'_>, after: u64) -> Socket {
    let address = world.host.url();
    let address = address.trim_start_matches("http://");
    let url = format!("ws://{address}/channels/acme-app/socket");
    let mut request = url.into_client_request().expect("a request");
    let headers = request.headers_mut();
    headers.insert("origin", ORIGIN.parse().expect("a header"));
    headers.insert(
        "sec-websocket-protocol",
        "wchat.1".parse().expect("a header"),
    );
    let wire = TcpStream::connect(address).await.expect("it listens");
    let (mut socket, _) = client_async(request, wire).await.expect("it is let in");
    let visitor = phone.app().expect("an in-app customer").secret();
    let hello = json!({ "op": "hello", "visitor": visitor, "after": after, "at": 0 });
    let sent = socket.send(Message::text(hello.to_string())).await;
    sent.expect("it is taken");
    let ready = hears(world, &mut socket).await;
    assert_eq!(ready["op"], "ready", "{ready}");
    socket
}

async fn hears(world: &World, socket: &mut Socket) -> Value {
    let next = async {
        loop {
            let message = socket
                .next()
                .await
                .expect("it is open")
                .expect("it is whole");
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).expect("json");
            }
        }
    };
    let heard = timeout(PATIENCE, next).await;
    heard.unwrap_or_else(|_| panic!("nothing comes\n{}", log(world)))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: run by cargo xtask test --all"]
async fn a_page_that_missed_more_than_the_log_keeps_is_told_of_the_gap_and_reads_the_rest() {
    let world = five_channels().await;
    let phone = Phone::new(&world, Channel::InApp, 80);
    let session = phone_chat(&world, &phone, "Tell me everything").await;
    for line in 0..LOG_FRAMES {
        let said = world.ece.say(&session, &format!("line {line}"));
        said.expect("Ann has it");
        // Not faster than the customer reads: ECE's callbacks would pile up.
        if line % 100 == 99 {
            phone_reads(&world, &phone, &format!("line {line}")).await;
        }
    }
    let everything = phone.reads();
    let mut page = another_page(&world, &phone, 1).await;
    let gap = hears(&world, &mut page).await["gap"].clone();
    let next = gap["next"].as_u64().expect("the next number");
    assert_eq!(gap["after"], 1, "{gap}");
    let missed = usize::try_from(next).expect("a small number") - 1;
    assert!(
        missed > 1 && missed + LOG_FRAMES >= everything.len(),
        "{gap}"
    );
    for text in &everything[missed..] {
        assert_eq!(hears(&world, &mut page).await["text"], text.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: run by cargo xtask test --all"]
async fn a_client_that_answers_no_pings_is_cut_off_and_the_customers_other_page_goes_on() {
    let world = five_channels().await;
    let phone = Phone::new(&world, Channel::InApp, 81);
    let session = phone_chat(&world, &phone, "I am on two devices").await;
    // From here on it takes the bytes and says nothing: a telephone in a tunnel, to the host.
    let mut gone = another_page(&world, &phone, 0).await.into_inner();
    let mut bytes = Vec::new();
    let ended = timeout(CUT_OFF, gone.read_to_end(&mut bytes)).await;
    assert!(ended.is_ok(), "it is still served\n{}", log(&world));
    let pings = bytes.windows(2).filter(|pair| *pair == PING).count();
    assert!(pings >= 2, "it was asked {pings} times");
    world.ece.say(&session, "Still there?").expect("Ann has it");
    phone_reads(&world, &phone, "Still there?").await;
}

/// ECE says once that an agent types; the app's sign fades after 6 s, and its manifest wants it every 4.
#[tokio::test(flavor = "multi_thread")]
async fn a_customer_sees_that_an_agent_types_for_as_long_as_they_do() {
    let world = five_channels().await;
    let phone = Phone::new(&world, Channel::InApp, 51);
    let session = phone_chat(&world, &phone, "Hello").await;
    let app = phone.app().expect("an in-app customer");
    let act = |act| world.ece.act(&session, &act).expect("Ann has it");
    act(Act::StartTyping);
    until(&world, "the sign, and again", || {
        app.typing().starts_with(&[true, true, true])
    })
    .await;
    act(Act::EndTyping);
    until(&world, "the end of the sign", || {
        app.typing().last() == Some(&false)
    })
    .await;
}
