//! Trunkline: harness.
