//! Trunkline: bench.

fn main() {}
