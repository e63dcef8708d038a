//! How long to wait before another attempt where a provider names no time.

const FIRST_MS: u32 = 1_000;
const MAX_MS: u32 = 60_000;

/// The pause doubles with each attempt, up to a minute.
pub(crate) fn ms(attempt: u32) -> u32 {
    FIRST_MS
        .saturating_mul(1 << attempt.saturating_sub(1).min(10))
        .min(MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_a_minute() {
        let pauses: Vec<_> = [0, 1, 2, 3, 6, 7, 4_000_000_000]
            .into_iter()
            .map(ms)
            .collect();
        assert_eq!(pauses, [1_000, 1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
    }
}
