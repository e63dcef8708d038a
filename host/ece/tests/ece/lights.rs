//! The four lights (Z23 to Z27).

use ece_simulator::{EceConfig, Outage};
use trunkline_core::id::EntryPointName;
use trunkline_ece::{Colour, Lights};

use crate::world::{World, acme, support};

/// Agent, depth, wait, status.
async fn colours(world: &World) -> [Colour; 4] {
    let Lights {
        agent,
        depth,
        wait,
        status,
    } = world.client.status(&acme(), &support()).await.unwrap();
    for light in [&agent, &depth, &wait, &status] {
        assert!(!light.why.is_empty());
    }
    [agent.state, depth.state, wait.state, status.state]
}

#[tokio::test]
async fn each_light_turns_red_for_its_reason_and_is_read_anew() {
    use Colour::{Green, Red};
    let world = World::start().await;
    assert_eq!(colours(&world).await, [Green; 4]);
    world.sim.set_agent("ann", true, false);
    assert_eq!(colours(&world).await, [Red, Red, Green, Red]);
    world.sim.set_agent("ann", true, true);
    world.sim.set_capacity("ann", 0);
    assert_eq!(colours(&world).await, [Green, Red, Green, Green]);
    world.sim.set_capacity("ann", 5);
    world
        .sim
        .change_entry_point(1001, |point| point.wait_time_s = Some(120.5));
    assert_eq!(colours(&world).await, [Green, Green, Red, Green]);
    world
        .sim
        .change_entry_point(1001, |point| point.wait_time_s = Some(120.0));
    assert_eq!(colours(&world).await, [Green; 4]);
    world
        .sim
        .change_entry_point(1001, |point| point.active = false);
    assert_eq!(colours(&world).await, [Green, Green, Green, Red]);
}

#[tokio::test]
async fn what_is_not_served_is_unknown_and_status_is_told_otherwise() {
    use Colour::{Green, Red, Unknown};
    let world = World::with(EceConfig::default(), |config| {
        config.unknowns.paths.chat_allowed = "notServed".to_owned();
        config.unknowns.paths.live_session_status = "notServed".to_owned();
    })
    .await;
    assert_eq!(colours(&world).await, [Green, Green, Unknown, Green]);
    world
        .sim
        .change_entry_point(1001, |point| point.active = false);
    assert_eq!(colours(&world).await, [Green, Green, Unknown, Red]);
}

#[tokio::test]
async fn an_ece_out_of_reach_has_no_lights() {
    let world = World::start().await;
    world.sim.set_outage(Outage::Refuses);
    assert_eq!(colours(&world).await, [Colour::Unknown; 4]);
    let unknown = world
        .client
        .status(&acme(), &EntryPointName::from("other"))
        .await;
    assert!(unknown.is_err());
}
