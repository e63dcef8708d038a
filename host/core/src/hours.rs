//! Opening hours. The zone's rules come from a database that is part of the program, so that the
//! same settings mean the same on every host.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::id::Timestamp;
use crate::settings::Hours;

/// Whether it is open at this time. A zone that does not exist counts as open: a customer who
/// waits is worse than one who is answered early, and `server` has refused such settings before.
pub fn open_at(hours: &Hours, now: Timestamp) -> bool {
    let (Ok(zone), Ok(instant)) = (
        TimeZone::get(&hours.time_zone),
        jiff::Timestamp::from_millisecond(now.0),
    ) else {
        return true;
    };
    let local = zone.to_datetime(instant);
    let minute =
        u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
    let spans = &hours.week[day_index(local.date().weekday())];
    !is_closed_day(hours, local.date())
        && spans
            .iter()
            .any(|(from, to)| (*from..*to).contains(&minute))
}

/// Whether this is a zone that [`open_at`] knows.
pub fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

fn day_index(day: Weekday) -> usize {
    usize::from(day.to_monday_zero_offset().unsigned_abs())
}

fn is_closed_day(hours: &Hours, day: Date) -> bool {
    hours.closed.contains(&(day.year(), day.month(), day.day()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> Hours {
        let day = vec![(8 * 60, 20 * 60)];
        let week = [
            day.clone(),
            day.clone(),
            day.clone(),
            day.clone(),
            day,
            vec![],
            vec![],
        ];
        Hours {
            time_zone: "Europe/Berlin".into(),
            week,
            closed: vec![(2026, 12, 25)],
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn the_end_is_exclusive_and_the_beginning_is_not() {
        assert!(open_at(&office(), at("2026-11-23T07:00:00Z")));
        assert!(!open_at(&office(), at("2026-11-23T06:59:59Z")));
        assert!(open_at(&office(), at("2026-11-23T18:59:59Z")));
        assert!(!open_at(&office(), at("2026-11-23T19:00:00Z")));
    }

    #[test]
    fn summer_time_moves_the_hours() {
        assert!(open_at(&office(), at("2026-07-06T06:00:00Z")));
        assert!(!open_at(&office(), at("2026-07-06T18:00:00Z")));
    }

    #[test]
    fn a_weekend_and_a_closed_day_are_closed() {
        assert!(!open_at(&office(), at("2026-11-22T12:00:00Z")));
        assert!(!open_at(&office(), at("2026-12-25T12:00:00Z")));
        assert!(open_at(&office(), at("2026-12-24T12:00:00Z")));
    }

    #[test]
    fn zones_are_known_without_the_host() {
        assert!(is_zone("America/New_York"));
        assert!(!is_zone("Europe/Bielefeld"));
    }
}
