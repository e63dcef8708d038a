//! Trunkline: guests.
