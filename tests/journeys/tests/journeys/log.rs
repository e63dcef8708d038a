//! What the host's log holds after a day with everything in it, at the finest level and as JSON: one object a line, no
//! secret, nothing that anybody wrote (H9).

use ece_simulator::Act;
use serde_json::Value;
use sms_simulator::{CustomerMessage, Fault, Tamper};
use stand_in::Times;
use trunkline_harness::phone::{Channel, Phone};
use trunkline_harness::world::{ADMIN_TOKEN, client};
use trunkline_harness::{World, WorldOptions};

use crate::steps::{
    agent_reads, chat, dead_letters, gets, log, phone_chat, phone_reads, posts, seen, world, writes,
};

/// A word that only people use here.
const WORD: &str = "Zwiebelkuchen";

const CUSTOMER: &str = "+15550042";

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_log_is_json_and_holds_no_secret_and_nobodys_words() {
    let options = WorldOptions {
        channels: true,
        ..WorldOptions::default()
    };
    let mut world = World::prepare(options).await.expect("the world is there");
    world.host.log_everything();
    world.host.start().await.expect("it starts");
    for plugin in world.plugins_in_use() {
        world.until_live(&plugin).await.expect("it is live");
    }
    everybody_talks(&world).await;
    what_goes_wrong(&world).await;
    world.host.stop().await.expect("it ends");
    let text = std::fs::read_to_string(world.host.log()).expect("a log");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() > 100, "{text}");
    for line in &lines {
        let object: Value = serde_json::from_str(line).expect(line);
        for member in ["timestamp", "level", "message", "target"] {
            assert!(object[member].is_string(), "`{member}` of {line}");
        }
    }
    let told = |words: &str| lines.iter().any(|line| line.contains(words));
    assert!(told("the plugin refused a call"), "it is the right log");
    assert!(
        told("gave up: `trunkline dead-letters list` says why"),
        "what is lost is told"
    );
    let secrets = world.host.environment().iter();
    let secrets = secrets.map(|(_, value)| value.as_str());
    let secrets = secrets.filter(|value| value.len() >= 8);
    for hidden in secrets.chain([WORD, "zwiebel", ADMIN_TOKEN]) {
        let found: Vec<_> = lines.iter().filter(|line| line.contains(hidden)).collect();
        assert!(found.is_empty(), "`{hidden}` stands in {found:#?}");
    }
}

/// Thousands may call while a plugin is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_plugin_is_one_line_however_many_call() {
    let world = world().await;
    let file = world.plugins().join("sms.wasm");
    let kept = std::fs::read(&file).expect("it is there");
    for round in 1..=2 {
        std::fs::remove_file(&file).expect("it goes");
        let gone = world.until_status(|status| status["plugins"] == serde_json::json!([]));
        gone.await.expect("it is gone");
        for number in 0..5 {
            writes(&world, CUSTOMER, &format!("Hello {round}-{number}")).await;
        }
        world.drop_bytes("sms.wasm", &kept).expect("it is back");
        seen(&world, &format!("Hello {round}-4")).await;
        let log = std::fs::read_to_string(world.host.log()).expect("a log");
        let told = log.matches("a call waits for a working plugin").count();
        assert_eq!(told, round, "{log}");
    }
}

async fn everybody_talks(world: &World) {
    for (number, channel) in (60..).zip(Channel::ALL) {
        let name = channel.name();
        let phone = Phone::new(world, channel, number);
        let session = phone_chat(world, &phone, &format!("{WORD} by {name}")).await;
        world
            .ece
            .act(&session, &Act::StartTyping)
            .expect("Ann has it");
        let answer = format!("{WORD} to {name}");
        world.ece.say(&session, &answer).expect("Ann has it");
        phone_reads(world, &phone, &answer).await;
    }
}

/// Forged, malformed, refused, unknown, opted out; and what operators ask about it.
async fn what_goes_wrong(world: &World) {
    let session = chat(world, CUSTOMER, &format!("{WORD} again")).await;
    let forged = CustomerMessage {
        tamper: Tamper::BadSignature,
        ..CustomerMessage::text(CUSTOMER, format!("{WORD} forged"))
    };
    assert_eq!(posts(world, forged).await, 403);
    for path in [
        "/channels/acme-sms",
        "/channels/whatsapp",
        "/ece/acme/callback",
        "/bots/none",
    ] {
        let url = format!("{}{path}", world.host.url());
        let call = client().post(url).body(format!("{{\"text\": {WORD}"));
        call.send().await.expect("it is answered");
    }
    world.sms.set_fault(Fault::DropAfterAccept, Times::Once);
    let unknown = format!("{WORD} with a lost answer");
    world.ece.say(&session, &unknown).expect("Ann has it");
    gets(world, CUSTOMER, &unknown).await;
    writes(world, CUSTOMER, "STOP").await;
    agent_reads(world, "opted out").await;
    let late = format!("{WORD} too late");
    world.ece.say(&session, &late).expect("Ann has it");
    let letters = dead_letters(world, |letters| letters.to_string().contains(WORD)).await;
    let id = letters[0]["id"].as_i64().expect("a number");
    for (path, method) in [
        (format!("dead-letters/{id}/replay"), reqwest::Method::POST),
        (format!("dead-letters/{id}"), reqwest::Method::DELETE),
        (format!("trace/{WORD}"), reqwest::Method::GET),
        ("status?refresh=true".to_owned(), reqwest::Method::GET),
    ] {
        let url = format!("{}/api/v1/{path}", world.host.url());
        let call = client().request(method, url).bearer_auth(ADMIN_TOKEN);
        call.send().await.expect("it is answered");
    }
    writes(world, CUSTOMER, "START").await;
    writes(world, CUSTOMER, &format!("{WORD} at last")).await;
    seen(world, &format!("{WORD} at last")).await;
    assert!(!log(world).is_empty());
}
