//! Wall-clock times as Twilio writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY_MS: u64 = 86_400_000;

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// RFC 2822 as in Twilio's answers: `Mon, 23 Nov 2026 10:00:00 +0000`.
pub(crate) fn rfc2822(at_ms: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(at_ms)).replace("GMT", "+0000")
}

/// The first millisecond and the length of what a `DateSent` filter names: a day
/// (`2026-11-23`) or a second (`2026-11-23T10:00:00Z`). `None` when it is neither.
pub(crate) fn filter_span_ms(text: &str) -> Option<(u64, u64)> {
    let (date, time) = text
        .split_once(['T', ' '])
        .map_or((text, None), |(d, t)| (d, Some(t)));
    let mut parts = date.splitn(3, '-').map(str::parse::<u64>);
    let (year, month, day) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    let start = days_since_1970(year, month, day)? * DAY_MS;
    let Some(time) = time else {
        return Some((start, DAY_MS));
    };
    let mut parts = time
        .trim_end_matches('Z')
        .splitn(3, ':')
        .map(|p| p.get(..2).unwrap_or(p).parse::<u64>());
    let (hour, minute, second) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    Some((start + ((hour * 60 + minute) * 60 + second) * 1000, 1000))
}

/// Gregorian, from 1970 on (Hinnant's days_from_civil).
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_filter_names_a_day_or_a_second() {
        assert_eq!(filter_span_ms("1970-01-02"), Some((DAY_MS, DAY_MS)));
        assert_eq!(
            filter_span_ms("2026-11-23T10:00:00Z"),
            Some((1_795_428_000_000, 1000))
        );
        assert_eq!(filter_span_ms("yesterday"), None);
    }

    #[test]
    fn a_time_is_written_as_twilio_writes_it() {
        assert_eq!(
            rfc2822(1_795_428_000_000),
            "Mon, 23 Nov 2026 10:00:00 +0000"
        );
    }
}
