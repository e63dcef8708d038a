//! The stream of changes: what it tells, and that it ends.

use serde_json::{Value, json};

use crate::world::{DEADLINE, World};

/// Server-sent events as they come.
struct Stream {
    answer: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(world: &World) -> Self {
        let url = format!("{}/_sim/events", world.ece.origin());
        let answer = world.http.get(url).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self {
            answer,
            text: String::new(),
        }
    }

    /// The next event's name and data; none when the stream ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let found = line("event: ").zip(line("data: "));
                let found = found
                    .map(|(name, data)| (name.to_owned(), serde_json::from_str(data).unwrap()));
                self.text = rest.to_owned();
                if found.is_some() {
                    return found;
                }
            }
            let chunk = tokio::time::timeout(DEADLINE, self.answer.chunk()).await;
            let chunk = chunk.expect("an event or the end").unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event of this name that is as wanted.
    async fn wait_for(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (found, data) = self.next().await.expect("the stream goes on");
            if found == name && wanted(&data) {
                return data;
            }
        }
    }
}

#[tokio::test]
async fn a_stream_tells_what_is_and_what_changes() {
    let world = World::new().await;
    let id = world.start().await;
    let mut stream = Stream::open(&world).await;
    assert_eq!(stream.next().await.unwrap().0, "hello");
    let (name, state) = stream.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &state["agents"][0]["name"]),
        ("state", &json!("ann"))
    );
    let (name, record) = stream.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &record["id"], &record["phase"]),
        ("conversation", &json!(id), &json!("queued"))
    );
    world.ece.pick_up(&id, "ann").unwrap();
    let has = |record: &Value| record["phase"]["with_agent"] == "ann";
    stream.wait_for("conversation", has).await;
    world.ece.set_outage(ece_simulator::Outage::Unavailable);
    let down = |state: &Value| state["outage"] == "unavailable";
    stream.wait_for("state", down).await;
    let fault = json!({"on": "send", "fault": {"kind": "drop_after_accept"}, "times": "once"});
    world.sim("fault", &fault).await;
    let planned =
        |state: &Value| state["faults"] == json!([["send", {"kind": "drop_after_accept"}, 1]]);
    stream.wait_for("state", planned).await;
    world.ece.clear_faults();
    stream
        .wait_for("state", |state| state["faults"] == json!([]))
        .await;
    world.ece.set_callback_url("http://127.0.0.1:9/moved");
    let moved = |state: &Value| state["webhook"]["url"] == "http://127.0.0.1:9/moved";
    stream.wait_for("state", moved).await;
}

#[tokio::test]
async fn a_stream_tells_each_conversation_only_when_it_changes() {
    let world = World::new().await;
    let (one, other) = (world.start().await, world.start().await);
    let mut stream = Stream::open(&world).await;
    for _ in 0..4 {
        stream.next().await.unwrap();
    }
    world.send(&other, "text/plain", "hi").await;
    let said = |record: &Value| record["seen"][0]["what"]["text"]["text"] == "hi";
    loop {
        let (name, data) = stream.next().await.unwrap();
        assert_ne!(data["id"], json!(one), "{name}");
        if said(&data) {
            break;
        }
    }
}

#[tokio::test]
async fn every_stream_ends_when_the_stand_in_stops() {
    let world = World::new().await;
    let mut streams = vec![Stream::open(&world).await, Stream::open(&world).await];
    for stream in &mut streams {
        stream.next().await.unwrap();
    }
    world.ece.stop().await;
    for stream in &mut streams {
        while stream.next().await.is_some() {}
    }
}

#[tokio::test]
async fn every_stream_ends_when_the_stand_in_is_dropped() {
    let world = World::new().await;
    let mut stream = Stream::open(&world).await;
    stream.next().await.unwrap();
    drop(world);
    while stream.next().await.is_some() {}
}

#[cfg(unix)]
#[tokio::test]
async fn the_program_stops_when_told_to_although_a_page_listens() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let world = World::new().await;
    let mut program = Command::new(env!("CARGO_BIN_EXE_ece-simulator"))
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    // The last line printed; whoever closes the pipe earlier makes printing fail.
    let state = lines.find_map(|line| {
        let line = line.unwrap();
        Some(line.strip_prefix("drive it at")?.trim().to_owned())
    });
    let events = state.unwrap().replace("/state", "/events");
    let mut stream = world.http.get(events).send().await.unwrap();
    stream.chunk().await.unwrap();
    let pid = program.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    let ended = tokio::task::spawn_blocking(move || program.wait());
    let status = tokio::time::timeout(DEADLINE, ended)
        .await
        .expect("it stops")
        .unwrap()
        .unwrap();
    assert!(status.success());
}
