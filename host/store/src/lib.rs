//! Trunkline: store.
