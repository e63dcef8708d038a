//! Every decision about a conversation, and nothing else.
//!
//! In: the [`Settings`](settings::Settings), a [`Customer`](customer::Customer), the time, one
//! [`Event`](event::Event). Out: [`Effect`](effect::Effect)s, in order. There is no clock, no
//! randomness, no IO and no async here; ids are counted, so the same events give the same effects.
//!
//! Read in the order of a message's way: an event comes in, finds its customer and conversation,
//! a rule picks a journey, the stage that holds the conversation answers, effects go out.

/// Names and numbers of things.
pub mod id;

/// What people say, and the files they send.
pub mod message;

/// What happened.
pub mod event;

/// What is known about a customer, and the conversation that is open.
pub mod customer;

/// What a conversation asks for.
pub mod effect;

/// What the operator configured about conversations.
pub mod settings;

/// An open conversation: its journey, its stage, what waits.
pub mod conversation;

/// One event in, effects out.
pub mod handle;

/// One event's way through an open conversation.
mod step;

/// What customers do, and the order of what they say.
mod channel;

/// Opting out and in.
mod opt_out;

/// Which rule picks a journey.
pub mod rules;

/// From stage to stage, and the end.
mod journey;

/// A bot's stage.
mod bot;

/// Files in a bot's turn.
mod bot_file;

/// A bot's offer to the agents.
mod offer;

/// Asking ECE for a conversation.
mod opening;

/// When ECE cannot take the customer.
mod hold;

/// Waiting in ECE's queue.
mod answer;

/// What agents do.
mod agent;

/// What agents have seen.
mod seen;

/// What became of deliveries.
mod report;

/// When ECE no longer has a conversation.
mod anew;

/// What ECE has taken.
pub mod taken;

/// Opening hours.
pub mod hours;

/// Configured texts.
pub mod messages;

/// Templates of custom attributes.
pub mod attributes;

/// What people read of things that are not text.
mod readable;

/// How words are compared.
pub mod words;

/// What language a customer writes.
pub mod language;
