//! Trunkline: xtask.

fn main() {}
