//! Trunkline: simulation.
