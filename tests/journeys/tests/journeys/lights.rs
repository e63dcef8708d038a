//! The light of a channel: what an operator sees when the provider no longer takes the credentials.

use serde_json::Value;
use trunkline_harness::World;

use crate::steps::{WELCOME, gets, log, seen, until, world, writes};

const CUSTOMER: &str = "+15550005";

/// The channel's light, read anew.
async fn light(world: &World) -> (String, String) {
    let status = world.admin("status?refresh=true").await;
    let status = status.unwrap_or_else(|| panic!("no status\n{}", log(world)));
    let light = &status["channels"][0]["light"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&light["colour"]), text(&light["why"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_a_red_light_that_names_the_reason_until_it_is_good_again() {
    let world = world().await;
    writes(&world, CUSTOMER, "Hello").await;
    gets(&world, CUSTOMER, WELCOME).await;
    assert_eq!(light(&world).await.0, "green");
    world.sms.set_token_revoked(true);
    let (colour, why) = light(&world).await;
    assert_eq!(colour, "red", "{why}");
    assert!(why.contains("20003") || why.contains("401"), "{why}");
    world.sms.set_token_revoked(false);
    assert_eq!(light(&world).await.0, "green");
}

/// The colours of the support entry point's lights, read anew: agent, depth, wait, status.
async fn entry_point(world: &World) -> [String; 4] {
    let status = world.admin("status?refresh=true").await;
    let status = status.unwrap_or_else(|| panic!("no status\n{}", log(world)));
    let points = status["integrations"][0]["entry_points"].as_array();
    let mut points = points.expect("a list").iter();
    let point = points
        .find(|point| point["name"] == "support")
        .expect("it is there");
    let colour = |light: &str| {
        point[light]["colour"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    ["agent", "depth", "wait", "status"].map(colour)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lights_of_an_entry_point_follow_agents_and_ece_when_they_are_refreshed() {
    let world = world().await;
    let green = ["green"; 4];
    assert_eq!(entry_point(&world).await, green);
    world.ece.set_agent("ann", false, false);
    assert_eq!(entry_point(&world).await[0], "red", "nobody is signed in");
    world.ece.set_agent("ann", true, true);
    assert_eq!(entry_point(&world).await, green);
    let id = 1001;
    assert!(
        world
            .ece
            .change_entry_point(id, |point| point.wait_time_s = Some(10_000.0))
    );
    assert_eq!(entry_point(&world).await[2], "red", "the wait is too long");
    world
        .ece
        .change_entry_point(id, |point| point.wait_time_s = None);
    world
        .ece
        .change_entry_point(id, |point| point.active = false);
    assert_eq!(entry_point(&world).await[3], "red", "it is switched off");
}

/// What the host says it cannot do.
async fn problems(world: &World) -> String {
    let url = format!("{}/readyz", world.host.url());
    let answer = trunkline_harness::world::client().get(url).send().await;
    answer.expect("an answer").text().await.expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_ece_refuses_shows_in_status_readyz_and_metrics_until_one_succeeds() {
    let world = world().await;
    let right = format!("{}/ece/acme/callback", world.host.url());
    world
        .ece
        .change_callback(|callback| callback.failures_max = Some(1));
    world
        .ece
        .set_callback_url("http://127.0.0.1:9/ece/acme/callback");
    writes(&world, CUSTOMER, "Hello").await;
    let session = seen(&world, "Hello").await;
    world.ece.pick_up(&session, "ann").expect("it is queued");
    until(&world, "ECE gives its callbacks up", || {
        world.ece.is_webhook_deactivated()
    })
    .await;
    writes(&world, "+15550006", "Hello, too").await;
    let refused = world.until_status(|status| {
        let refusals = &status["integrations"][0]["refusals"];
        refusals[0]["what"] == "start"
    });
    refused.await.expect("it shows");
    let told = problems(&world).await;
    assert!(
        told.contains("degraded") && told.contains("callback"),
        "{told}"
    );
    let metrics = format!("{}/metrics", world.host.url());
    let metrics = trunkline_harness::world::client().get(metrics).send().await;
    let metrics = metrics.expect("an answer").text().await.expect("a text");
    let figure = r#"trunkline_integration_refused{integration="acme",what="start"} 1"#;
    assert!(metrics.contains(figure), "{metrics}");
    world.ece.set_callback_url(&right);
    world.ece.reactivate_webhook();
    writes(&world, "+15550007", "Hello, after that").await;
    let over = world.until_status(|status| {
        let refusals = &status["integrations"][0]["refusals"];
        refusals.as_array().is_some_and(Vec::is_empty)
    });
    over.await.expect("it is over");
}
