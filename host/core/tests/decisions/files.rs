//! Files that agents send.

use trunkline_core::event::*;
use trunkline_core::settings::AcceptAgentFiles;

use crate::world::*;

fn offered() -> World {
    let mut world = World::chatting();
    let effects = world.ece("s1", EceHappening::FileOffered(remote("map.png")));
    assert_eq!(effects, ["d1-1-5 fetch map.png from s1"]);
    world
}

fn sent() -> World {
    let mut world = offered();
    assert_eq!(
        world.report(5, Outcome::FileReady(stored("map.png"))),
        [
            "d1-1-6 System: The agent sends map.png.",
            "d1-1-7 Agent Ann: file map.png (report)"
        ]
    );
    world
}

#[test]
fn a_file_is_accepted_when_the_provider_took_it() {
    let mut world = sent();
    assert_eq!(
        world.report(7, Outcome::Taken),
        ["d1-1-8 to s1 accept: map.png"]
    );
    assert_eq!(world.report(7, Outcome::Taken), Vec::<String>::new());
}

#[test]
fn a_file_that_the_provider_refuses_is_rejected_and_the_agent_reads_why() {
    let mut world = sent();
    assert_eq!(
        world.report(7, failed("too large")),
        [
            "d1-1-8 to s1 reject: map.png",
            "d1-1-9 to s1 note: [not delivered: too large]"
        ]
    );
}

#[test]
fn a_file_that_cannot_be_fetched_is_rejected() {
    let mut world = offered();
    assert_eq!(
        world.report(5, Outcome::FileFailed("404".into())),
        [
            "d1-1-6 to s1 reject: map.png",
            "d1-1-7 to s1 note: [not delivered: map.png: 404]"
        ]
    );
}

#[test]
fn on_send_accepts_at_once_and_never_does_not() {
    let mut world = offered();
    world.integration().accept_agent_files = AcceptAgentFiles::OnSend;
    let effects = world.report(5, Outcome::FileReady(stored("map.png")));
    assert_eq!(effects.last().unwrap(), "d1-1-8 to s1 accept: map.png");

    let mut world = offered();
    world.integration().accept_agent_files = AcceptAgentFiles::Never;
    world.report(5, Outcome::FileReady(stored("map.png")));
    assert_eq!(world.report(7, Outcome::Taken), Vec::<String>::new());
}

#[test]
fn a_channel_whose_customers_answer_waits_for_the_answer() {
    let mut world = offered();
    world.channel().file_answers = true;
    world.report(5, Outcome::FileReady(stored("map.png")));
    assert_eq!(world.report(7, Outcome::Taken), Vec::<String>::new());
    let refused = Happening::FileAnswer {
        delivery: None,
        accepted: false,
    };
    assert_eq!(world.does(refused), ["d1-1-8 to s1 reject: map.png"]);
}

#[test]
fn what_the_agent_does_next_waits_for_the_file() {
    let mut world = offered();
    assert_eq!(
        world.ece("s1", agent_says("Here you are")),
        Vec::<String>::new()
    );
    assert_eq!(world.ece("s1", completed()), Vec::<String>::new());
    assert_eq!(
        world.report(5, Outcome::FileReady(stored("map.png"))),
        [
            "d1-1-6 System: The agent sends map.png.",
            "d1-1-7 Agent Ann: file map.png (report)",
            "d1-1-8 Agent Ann: Here you are",
            "d1-1-9 System: The agent has closed the chat.",
            "d1-1-10 System: close",
        ]
    );
}

#[test]
fn an_agents_words_behind_a_file_go_out_even_when_the_customer_leaves() {
    let mut world = offered();
    world.ece("s1", agent_says("Here you are"));
    assert_eq!(
        world.does(Happening::Left),
        [
            "d1-1-6 to s1 reject: map.png",
            "d1-1-7 Agent Ann: Here you are",
            "d1-1-8 end s1"
        ]
    );
    assert_eq!(
        world.report(5, Outcome::FileReady(stored("map.png"))),
        Vec::<String>::new()
    );
}

/// It dies at the customer's door as text does, and a dead letter keeps it.
#[test]
fn a_file_for_one_who_opted_out_comes_back_to_the_agent() {
    let mut world = offered();
    world.integration().accept_agent_files = AcceptAgentFiles::OnSend;
    world.does(Happening::OptedOut { confirmed: true });
    assert_eq!(
        world.report(5, Outcome::FileReady(stored("map.png"))),
        ["d1-1-7 Agent Ann: file map.png (report)"]
    );
    let died = Outcome::Failed {
        reason: "the customer opted out".to_owned(),
        uncertain: false,
        opted_out: false,
    };
    assert_eq!(
        world.report(7, died),
        [
            "d1-1-8 to s1 reject: map.png",
            "d1-1-9 to s1 note: [not delivered: the customer opted out]"
        ]
    );
}

#[test]
fn what_does_not_fit_behind_an_agents_file_gives_the_file_up_and_keeps_its_order() {
    let mut world = World::chatting();
    world.ece("s1", EceHappening::FileOffered(remote("map.png")));
    for number in 1..200 {
        assert_eq!(
            world.ece("s1", agent_says(&format!("{number}"))),
            Vec::<String>::new()
        );
    }
    world.ece("s1", agent_says("the last"));
    let effects = world.ece("s1", completed());
    assert_eq!(
        effects[..3],
        [
            "d1-1-6 to s1 reject: map.png",
            "d1-1-7 to s1 note: [not delivered: map.png: it took too long to fetch]",
            "d1-1-8 Agent Ann: 1",
        ]
    );
    assert_eq!(
        effects[201..],
        [
            "d1-1-207 Agent Ann: the last",
            "d1-1-208 System: The agent has closed the chat.",
            "d1-1-209 System: close",
        ]
    );
    assert_eq!(
        world.report_for(1, 5, Outcome::FileReady(stored("map.png"))),
        Vec::<String>::new()
    );
}

#[test]
fn a_file_whose_fetch_is_replayed_goes_to_the_customer_though_nobody_waits_for_it() {
    let again = |by_agent| Outcome::FileAgain {
        file: stored("map.png"),
        by_agent,
    };
    let mut world = offered();
    world.report(5, Outcome::FileFailed("404".into()));
    assert_eq!(
        world.report(5, again(true)),
        [
            "d1-1-8 to s1 note: [sent after all: map.png]",
            "d1-1-9 System: The agent sends map.png.",
            "d1-1-10 Agent: file map.png",
        ]
    );
    world.ece("s1", completed());
    assert_eq!(
        world.report_for(1, 5, again(true)),
        ["d1-0-1 Agent: file map.png"]
    );
    assert_eq!(
        world.report_for(1, 5, again(false)),
        ["d1-0-2 Bot: file map.png"]
    );
}

#[test]
fn a_file_whose_fetch_is_replayed_while_it_is_waited_for_comes_once() {
    let mut world = offered();
    let again = Outcome::FileAgain {
        file: stored("map.png"),
        by_agent: true,
    };
    assert_eq!(
        world.report(5, again),
        [
            "d1-1-6 System: The agent sends map.png.",
            "d1-1-7 Agent Ann: file map.png (report)",
        ]
    );
}
