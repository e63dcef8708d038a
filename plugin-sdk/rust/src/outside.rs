//! Where a plugin's requests to the host go: to the imports of the component in the sandbox, natively to a
//! [`Host`] that a test installed. The only module that knows both.

#[cfg(target_arch = "wasm32")]
mod sandbox;
#[cfg(target_arch = "wasm32")]
pub(crate) use sandbox::*;

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::*;
#[cfg(not(target_arch = "wasm32"))]
pub use native::{Host, with_host};
