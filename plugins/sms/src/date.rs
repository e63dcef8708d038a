//! Dates as providers write them, to and from milliseconds since 1970.

/// Milliseconds since 1970 of `Mon, 23 Nov 2026 10:00:00 +0000`; `None` if it is written otherwise.
pub(crate) fn rfc2822_ms(date: &str) -> Option<u64> {
    let mut words = date
        .split_once(", ")
        .map_or(date, |(_, rest)| rest)
        .split_whitespace();
    let day: i64 = words.next()?.parse().ok()?;
    let month = month_number(words.next()?)?;
    let year: i64 = words.next()?.parse().ok()?;
    let time = seconds_of_day(words.next()?)?;
    moment(year, month, day, time - zone_seconds(words.next()?)?)
}

/// Milliseconds since 1970 of a moment in UTC that begins with `2026-11-23 10:00:00`, or with `T` between day and time;
/// whatever follows is left out. `None` if it is written otherwise.
pub(crate) fn iso_ms(date: &str) -> Option<u64> {
    let (day, time) = (date.get(..10)?, date.get(11..19)?);
    let mut numbers = day.split('-').map(|number| number.parse::<i64>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    moment(year, month, day, seconds_of_day(time)?)
}

/// `None` for what no calendar has; years as far as four digits go.
fn moment(year: i64, month: i64, day: i64, seconds: i64) -> Option<u64> {
    let plausible =
        (1970..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !plausible {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + seconds;
    u64::try_from(seconds).ok().map(|seconds| seconds * 1_000)
}

/// `YYYY-MM-DD` of a moment, in UTC: how `DateSent` filters.
pub(crate) fn iso_date(at_ms: u64) -> String {
    // Howard Hinnant's civil_from_days, with the year beginning in March.
    let days = i64::try_from(at_ms / 86_400_000).unwrap_or(0) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Howard Hinnant's days_from_civil, with the year beginning in March.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn month_number(name: &str) -> Option<i64> {
    let names = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let index = names
        .iter()
        .position(|month| month.eq_ignore_ascii_case(name))?;
    i64::try_from(index + 1).ok()
}

fn seconds_of_day(time: &str) -> Option<i64> {
    let mut parts = time.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = parts.next().unwrap_or(Some(0))?;
    let plausible =
        (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..=60).contains(&seconds);
    plausible.then_some(hours * 3_600 + minutes * 60 + seconds)
}

fn zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "GMT" | "UTC" | "Z") {
        return Some(0);
    }
    let number: i64 = zone.parse().ok()?;
    (-2_400..=2_400)
        .contains(&number)
        .then_some(number / 100 * 3_600 + number % 100 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        let at = 1_795_428_000_000;
        assert_eq!(rfc2822_ms("Mon, 23 Nov 2026 10:00:00 +0000"), Some(at));
        assert_eq!(rfc2822_ms("Mon, 23 Nov 2026 11:30:00 +0130"), Some(at));
        assert_eq!(rfc2822_ms("23 Nov 2026 04:30:00 -0530"), Some(at));
        assert_eq!(
            rfc2822_ms("Thu, 29 Feb 2024 00:00:01 GMT"),
            Some(1_709_164_801_000)
        );
        assert_eq!(rfc2822_ms("yesterday"), None);
        assert_eq!(iso_ms("2026-11-23 10:00:00"), Some(at));
        assert_eq!(iso_ms("2026-11-23T10:00:00.123Z"), Some(at));
        for wrong in [
            "",
            "2026-11-23",
            "2026-13-23 10:00:00",
            "2026-11-23 25:00:00",
            "éééééééééééé",
        ] {
            assert_eq!(iso_ms(wrong), None, "{wrong}");
        }
        assert_eq!(iso_date(at), "2026-11-23");
        assert_eq!(iso_date(1_709_164_801_000), "2024-02-29");
        assert_eq!(iso_date(0), "1970-01-01");
    }
}
