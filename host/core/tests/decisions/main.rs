//! What the core decides, told as stories: events in, the whole list of effects out.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod show;
mod world;

mod bots;
mod ece_stage;
mod files;
mod handover;
mod late;
mod messages_in_order;
mod nothing_lost;
mod opt_out;
mod queue;
mod replays;
mod rules;
mod seen;
mod unavailable;
mod use_cases;
