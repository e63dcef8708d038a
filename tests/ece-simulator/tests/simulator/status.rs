//! Family C: the lights.

use serde_json::{Value, json};

use crate::world::{World, outcome};

impl World {
    async fn ask(&self, question: &str) -> Value {
        let url = format!("{}/egain/chat/entrypoint/{question}", self.ece.base_url());
        let (status, body) = outcome(self.http.get(url).header("Accept", "application/json")).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn lights(&self) -> Vec<Value> {
        let mut lights = Vec::new();
        for question in [
            "agentAvailability",
            "capacity",
            "liveSessionStatus",
            "checkEligibility",
            "chatAllowed",
        ] {
            lights.push(self.ask(&format!("{question}/1001")).await);
        }
        lights
    }
}

#[tokio::test]
async fn the_lights_follow_agents_capacity_queue_and_entry_point() {
    let world = World::new().await;
    let lights =
        |available: bool, count: u64, (wait, depth): (u64, u64), eligible: u64, allowed: bool| {
            vec![
                json!({"available": available}),
                json!({"count": count}),
                json!({"waitTime": wait, "queueDepth": depth}),
                json!({"responseType": eligible}),
                json!({"allowed": allowed}),
            ]
        };
    assert_eq!(world.lights().await, lights(true, 5, (0, 0), 0, true));
    world.ece.set_capacity("ann", 1);
    world
        .ece
        .change_entry_point(1001, |point| point.queue_depth_max = Some(2));
    let first = world.start().await;
    world.ece.pick_up(&first, "ann").unwrap();
    world.start().await;
    assert_eq!(world.lights().await, lights(true, 0, (10, 1), 0, true));
    let second = world.start().await;
    assert_eq!(world.lights().await, lights(true, 0, (20, 2), 2, false));
    assert_eq!(
        world.ask(&format!("sessionStatus/{second}")).await,
        json!({"waitTime": 20, "queueDepth": 2})
    );
    assert_eq!(
        world.ask("sessionStatus/2001_random").await["queueDepth"],
        2
    );
    world.ece.set_agent("ann", true, false);
    assert_eq!(world.lights().await, lights(false, 0, (20, 2), 1, false));
    world
        .ece
        .change_entry_point(1001, |point| point.agents_required = false);
    assert_eq!(world.lights().await, lights(true, 0, (20, 2), 0, true));
    world.ece.change_entry_point(1001, |point| {
        point.active = false;
        point.wait_time_s = Some(8.5);
    });
    let lights = world.lights().await;
    assert_eq!(
        (&lights[2]["waitTime"], &lights[4]["allowed"]),
        (&json!(8.5), &json!(false))
    );
}

#[tokio::test]
async fn xml_is_the_default_with_the_namespaces_seen() {
    let world = World::new().await;
    let ask = |path: &str| {
        outcome(world.http.get(format!(
            "{}/egain/chat/entrypoint/{path}",
            world.ece.base_url()
        )))
    };
    let (status, body) = ask("AGENTAVAILABILITY/1001").await;
    let text = body.as_str().unwrap();
    assert_eq!(status, 200);
    assert!(
        text.starts_with("<agentAvailability ") && text.ends_with(" available=\"true\"/>"),
        "{text}"
    );
    let (_, body) = ask("capacity/1001").await;
    let text = body.as_str().unwrap();
    assert!(text.contains("xmlns:ns2=\"http://bindings.egain.com/chat\""));
    assert!(
        text.ends_with("><ns2:count>5</ns2:count></availableSlots>"),
        "{text}"
    );
    let (_, body) = ask("livesessionstatus/1001").await;
    assert!(body.as_str().unwrap().ends_with(
        "<ns2:waitTime>0</ns2:waitTime><ns2:queueDepth>0</ns2:queueDepth></liveSessionStatus>"
    ));
    assert_eq!(ask("capacity/9999").await.0, 400);
    assert_eq!(ask("capacity/abc").await.0, 400);
    assert_eq!(ask("nothing/1001").await.0, 404);
    let url = format!(
        "{}/egain/chat/entrypoint/capacity/1001",
        world.ece.base_url()
    );
    assert_eq!(
        outcome(world.http.get(url).header("Accept", "image/png"))
            .await
            .0,
        406
    );
}

#[tokio::test]
async fn statistics_of_a_session_are_found_by_its_activity() {
    let world = World::new().await;
    world.start().await;
    let url = format!(
        "{}/egain/chat/entrypoint/sessionStatistics",
        world.ece.base_url()
    );
    let body = |sid: &str| {
        format!(
            "<sessionStatistics xmlns='http://bindings.egain.com/chat'><sid>{sid}</sid></sessionStatistics>"
        )
    };
    let request = world
        .http
        .post(&url)
        .header("Accept", "application/json")
        .body(body("2001_77"));
    assert_eq!(
        outcome(request).await,
        (
            200,
            json!({"waitTime": 10, "queueDepth": 1, "altEngmtTime": 0})
        )
    );
    assert_eq!(
        outcome(world.http.post(&url).body(body("1_1"))).await.0,
        400
    );
    assert_eq!(outcome(world.http.post(&url).body("x")).await.0, 400);
}
