//! Trunkline: server.

fn main() {}
