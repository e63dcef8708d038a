//! Trunkline: rust.
