//! Trunkline: ece-simulator.
