//! ECE as it spells itself: the only crate that knows ECE's words.
//!
//! In: what `flow` wants done in an ECE conversation ([`trunkline_flow::ports::Ece`]) and what ECE
//! posts to our callback. Out: outcomes and events in the core's words. Two of ECE's interfaces are
//! spoken: the messaging interface for client applications, and the status interface beside it.
//!
//! What no public source settles about them is a setting with a best guess ([`Unknowns`]). The
//! browser's chat interfaces of ECE (BOSH, REST callback chat) are not spoken.
//!
//! Read in the order of a conversation: settings, connection, login, availability, open, send,
//! callback.

/// What an operator configures about an ECE.
mod config;

/// What no public source settles about ECE, as settings.
mod unknowns;

/// What ECE is believed to mean, where nothing is configured.
mod guesses;

/// A value that is used and never shown.
mod secret;

/// Settings checked, patterns compiled.
mod compiled;

/// Certificates: whom we trust, and what was shown by one we do not.
mod tls;

/// The two names inside a certificate.
mod certificate;

/// One HTTP exchange with ECE, and whether a failed one may have been taken.
mod connection;

/// ECE's access token, or an agent's login session.
mod login;

/// What an answer of ECE means.
mod classify;

/// What ECE refuses until somebody mends it.
mod refusals;

/// One configured ECE at work.
mod integration;

/// Whether ECE can take a customer now; the four lights.
mod status;

/// An entry point's configuration, whose date every start echoes.
mod configuration;

/// The body that starts a conversation.
mod start;

/// From availability to a started conversation.
mod open;

/// Messages, typing and the end.
mod send;

/// A long text in pieces that lose nothing.
mod split;

/// Files agents offer.
mod files;

/// Which addresses a file named by a bot may be fetched from.
mod public_address;

/// What ECE posts to us.
mod callback;

/// An agent's HTML as plain text.
mod html;

/// Whether an integration works, and if not, what to do.
mod check;

/// All configured ECEs.
mod client;

pub use callback::{Callback, CallbackError, CallbackItem, Unreadable};
pub use check::{CheckLine, Finding, Verdict, reach_address};
pub use client::{EceClient, Options};
pub use compiled::ConfigError;
pub use config::{Auth, CallbackAuth, IntegrationConfig, Version};
pub use refusals::{Asked, RefusedBy};
pub use secret::Secret;
pub use status::{Colour, Light, Lights};
pub use unknowns::{
    AcceptBeforeFetch, Availability, Contact, ContactList, EndCall, ForceLogin, Meaning, Operation,
    Paths, Rule, TransferPattern, TransferTo, TypeNames, Unknowns,
};
