use trunkline_core::id::DeliveryId;

use crate::limits::Limits;

/// How long to wait after attempt number `attempt` (from 1), in ms: doubled each time up to the limit, and up to a fifth
/// more or less, so that deliveries that failed together do not come back together. The same delivery and attempt always
/// wait the same: nothing here is random.
pub(crate) fn wait_ms(limits: &Limits, delivery: DeliveryId, attempt: u32) -> u64 {
    let doublings = attempt.saturating_sub(1).min(32);
    let plain = limits
        .backoff_first_ms
        .saturating_mul(1 << doublings)
        .min(limits.backoff_max_ms);
    let per_mille = 800 + scatter(delivery, attempt) % 401;
    plain.saturating_mul(per_mille) / 1_000
}

/// A number that looks random (the finaliser of SplitMix64).
fn scatter(delivery: DeliveryId, attempt: u32) -> u64 {
    let DeliveryId {
        conversation,
        number,
    } = delivery;
    let parts = [
        conversation.customer.0.unsigned_abs(),
        u64::from(conversation.number),
        u64::from(number),
        u64::from(attempt),
    ];
    parts.into_iter().fold(0, |state, part| mix(state ^ part))
}

fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use trunkline_core::id::{ConversationId, CustomerId};

    use super::*;

    fn delivery(number: u32) -> DeliveryId {
        DeliveryId {
            conversation: ConversationId {
                customer: CustomerId(7),
                number: 1,
            },
            number,
        }
    }

    #[test]
    fn waits_double_up_to_a_minute_within_a_fifth() {
        let limits = Limits::default();
        let plain = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000];
        for (attempt, plain) in (1..).zip(plain) {
            for number in 1..50 {
                let wait = wait_ms(&limits, delivery(number), attempt);
                assert!((plain * 8 / 10..=plain * 12 / 10).contains(&wait), "{wait}");
            }
        }
    }

    #[test]
    fn deliveries_that_failed_together_come_back_apart() {
        let limits = Limits::default();
        let waits: std::collections::BTreeSet<u64> = (1..=100)
            .map(|number| wait_ms(&limits, delivery(number), 7))
            .collect();
        assert!(waits.len() > 60, "{} different waits", waits.len());
    }
}
