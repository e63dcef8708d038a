//! Trunkline: ece.
