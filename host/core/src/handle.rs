//! One event in, effects out.

use crate::customer::Customer;
use crate::effect::{Effect, SignalEffect};
use crate::event::{Event, Signal};
use crate::id::Timestamp;
use crate::settings::Settings;

/// Decides what `event` means for this customer. Effects are to be carried out in order.
pub fn handle(
    settings: &Settings,
    customer: &mut Customer,
    now: Timestamp,
    event: Event,
) -> Vec<Effect> {
    let _ = (settings, customer, now, event);
    Vec::new()
}

/// Where a signal goes, if anywhere. Changes nothing.
pub fn signal(settings: &Settings, customer: &Customer, signal: &Signal) -> Option<SignalEffect> {
    let _ = (settings, customer, signal);
    None
}
