//! The bindings are made from the contract by a macro; without this, cargo takes plugins built against an older contract
//! for fresh.

fn main() {
    println!("cargo:rerun-if-changed=../wit");
}
