//! The built host among stand-ins for ECE and the SMS provider, over real sockets: what customers
//! wrote and agents answered is read from the stand-ins' ledgers. `cargo xtask test` builds it first.

mod agent_available;
mod agent_unavailable;
mod bad_input;
mod channels;
mod command_line;
mod ece_down;
mod lights;
mod log;
mod opt_out;
mod plugins;
mod restart;
mod sockets;
mod steps;
