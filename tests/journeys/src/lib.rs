//! Trunkline: journeys.
