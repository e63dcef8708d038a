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

/// What language a customer writes.
pub mod language;

/// One event in, effects out.
pub mod handle;
