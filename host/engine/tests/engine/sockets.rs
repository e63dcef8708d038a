//! Sockets: what happens on them, what is pushed to them.

use trunkline_core::event::Happening;
use trunkline_core::message::{Address, Content};
use trunkline_flow::ports::{
    Outbound, OutboundBody, Plugins, ReceiveError, ReceivedHappening, Reception, Request, SendCall,
    SendError, SendProgress, Sent, SocketAction, SocketCall,
};

use crate::guests::guest;
use crate::provider::Provider;
use crate::world::{NOW, World, leaving, post, text};

fn echo(url: &str) -> World {
    World::new()
        .channel("test", "socket-echo", &format!("url = '{url}'"))
        .file("socket-echo.wasm", &guest("socket-echo"))
}

/// What happens on a socket of anna's page.
fn happening(method: &str, body: &str, peer: Option<&str>) -> SocketCall {
    SocketCall {
        request: Request {
            method: method.to_owned(),
            headers: vec![("origin".to_owned(), "https://shop.example.com".to_owned())],
            ..post(body)
        },
        peer: peer.map(str::to_owned),
        peer_state: peer
            .map(|_| ("last".to_owned(), "m1".to_owned()))
            .into_iter()
            .collect(),
    }
}

async fn receive(world: &World, call: SocketCall) -> Result<Reception, ReceiveError> {
    let engine = world.start().await;
    engine.receive_on_socket(&"test".into(), call, NOW).await
}

async fn send(world: &World, call: SendCall) -> Result<Sent, SendError> {
    world.start().await.send(call, leaving().0).await
}

fn from_seven(words: &str) -> SendCall {
    SendCall {
        next_frame: Some(7),
        ..text("test", 3, words)
    }
}

fn frames(frames: &[Vec<u8>]) -> Vec<serde_json::Value> {
    let frames = frames.iter();
    frames
        .map(|frame| serde_json::from_slice(frame).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_lets_a_page_in_or_not() {
    let world = echo("http://127.0.0.1:1");
    let own = receive(&world, happening("OPEN", "", None)).await.unwrap();
    assert_eq!((own.answer.status, own.socket), (200, Vec::new()));
    let mut stranger = happening("OPEN", "", None);
    stranger.request.headers.clear();
    let refused = receive(&world, stranger).await.unwrap_err();
    assert!(
        matches!(&refused, ReceiveError::Rejected { answer, .. } if answer.status == 403),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_becomes_events_and_actions_with_what_is_known_of_its_peer() {
    let world = echo("http://127.0.0.1:1");
    let hello = happening("FRAME", r#"{"hello":"anna","after":4}"#, None);
    let hello = receive(&world, hello).await.unwrap();
    let anna = Address {
        kind: "echo".to_owned(),
        value: "anna".to_owned(),
    };
    let attach = SocketAction::Attach {
        customer: anna.clone(),
        after: 4,
    };
    let ready = SocketAction::Frames(vec![br#"{"ready":"anna"}"#.to_vec()]);
    assert_eq!(hello.socket, [attach, ready]);

    let say = happening("FRAME", r#"{"say":"hi","key":"m2"}"#, Some("anna"));
    let say = receive(&world, say).await.unwrap();
    let taken = SocketAction::Frames(vec![br#"{"before":"m1","taken":"m2"}"#.to_vec()]);
    assert_eq!(say.socket, [taken]);
    let event = &say.events[0];
    assert_eq!(
        (event.customer.clone(), event.key.as_str()),
        (vec![anna], "m2")
    );
    assert_eq!(event.channel, Some("test".into()));
    assert_eq!(event.peer_changes[0].value.as_deref(), Some("m2"));
    let hi = Happening::Said(Content::Text("hi".to_owned()));
    assert_eq!(event.happening, ReceivedHappening::Customer(hi));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_whose_manifest_declares_no_socket_has_none() {
    let world = World::new()
        .channel("test", "echo", "url = 'http://127.0.0.1:1'")
        .file("echo.wasm", &guest("echo"));
    let engine = world.start().await;
    assert_eq!(engine.socket(&"test".into()), None);
    let call = happening("OPEN", "", None);
    let refused = engine.receive_on_socket(&"test".into(), call, NOW).await;
    assert_eq!(refused.unwrap_err(), ReceiveError::UnknownChannel);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terms_are_those_of_the_manifest() {
    let world = echo("http://127.0.0.1:1");
    let terms = world.start().await.socket(&"test".into()).unwrap();
    assert_eq!(
        (terms.frame_bytes_max, terms.upload_bytes_max),
        (1000, Some(100_000))
    );
    assert_eq!(terms.upload_types, ["text/*", "image/*"]);
    assert_eq!(terms.media_url, "https://chat.example.com/media");
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_get_the_hosts_numbers_in_order() {
    let world = echo("http://127.0.0.1:1");
    let sent = send(&world, from_seven("twice hello")).await.unwrap();
    let numbers: Vec<_> = frames(&sent.pushed)
        .iter()
        .map(|frame| frame["number"].clone())
        .collect();
    assert_eq!(numbers, [7, 8]);
    assert_eq!(
        (sent.progress, sent.signals),
        (SendProgress::All, Vec::new())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_a_call_that_is_run_again_are_taken_once() {
    let provider = Provider::start().await;
    let world = echo(&provider.url());
    let engine = world.start().await;
    let sent = engine.send(from_seven("ask hello"), leaving().0).await;
    let sent = sent.unwrap();
    assert_eq!(engine.metrics()[&"socket-echo".into()].replays, 1);
    let frames = frames(&sent.pushed);
    assert_eq!((frames.len(), &frames[0]["number"]), (1, &7.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_is_signalled_and_not_pushed() {
    let world = echo("http://127.0.0.1:1");
    let mut sign = text("test", 0, "");
    sign.outbound = Outbound {
        body: OutboundBody::Typing(true),
        ..sign.outbound
    };
    let sent = send(&world, sign).await.unwrap();
    assert_eq!(
        frames(&sent.signals),
        [serde_json::json!({ "typing": true })]
    );
    assert_eq!(sent.pushed, [] as [Vec<u8>; 0]);
    // As a sign would: without a number to push under.
    let pushed = send(&world, text("test", 3, "hello")).await.unwrap_err();
    assert!(
        matches!(&pushed, SendError::Plugin(why) if why.contains("only be signalled")),
        "{pushed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mebibyte_of_frames_ends_the_call() {
    let world = echo("http://127.0.0.1:1");
    let too_much = send(&world, from_seven("large 1048577")).await.unwrap_err();
    assert!(
        matches!(&too_much, SendError::Plugin(why) if why.contains("1048576 bytes")),
        "{too_much:?}"
    );
}
