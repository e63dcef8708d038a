//! Write a channel or a bot for Trunkline in plain Rust.
//!
//! A plugin implements [`Channel`] or [`Bot`], names its optional abilities in one macro, and is compiled to one
//! `.wasm` file:
//!
//! ```ignore
//! trunkline_plugin::manifest!("plugin.toml");
//! trunkline_plugin::channel!(Sms, attachments, checking);
//! ```
//!
//! Nothing here shows WIT: types are plain Rust, and straight-line code fetches with
//! [`http::fetch`]`(&request)?`. Natively the same plugin runs against the test host of `harness` (feature
//! `harness`), so that its tests are ordinary tests. What is absent: files, sockets, environment, threads, a clock of
//! its own; a plugin has the functions of this crate and nothing else.

// The generated bindings name this crate as plugins do.
extern crate self as trunkline_plugin;

pub mod types;

pub mod channel;

pub mod bot;

pub mod http;

pub mod secrets;

pub mod config;

pub mod clock;

pub mod log;

pub mod random;

pub mod socket;

pub mod split;

mod numbered;

#[cfg(feature = "harness")]
pub mod manifest;

#[cfg(all(feature = "harness", not(target_arch = "wasm32")))]
pub mod harness;

mod outside;

mod bytes;

mod export;

#[cfg(target_arch = "wasm32")]
mod memory;

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
#[allow(
    missing_docs,
    unsafe_code,
    unused_qualifications,
    unreachable_pub,
    reason = "generated code, differs by version"
)]
pub mod wit;

pub use bot::{Bot, Callbacks};
pub use channel::{Attachments, Channel, Check, Resolve};
pub use numbered::numbered;
#[cfg(not(target_arch = "wasm32"))]
pub use outside::{Host, with_host};
pub use types::*;
