//! A point in time as AWS writes it.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};
use time::{Duration, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// A point in time, to the millisecond, between the years 0000 and 9999.
///
/// Evidence holds ISO 8601 (`2026-11-01T12:00:00.123Z`, offsets too) or seconds since 1970 as a number (`1793534400.123`),
/// as the AWS CLI prints either; written as ISO 8601 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    epoch_milliseconds: i64,
}

/// Text or a number that is no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is not a time{}; valid are ISO 8601 such as `2026-11-01T12:00:00.123Z` and seconds since 1970",
    as_it_stands.as_ref().map_or("a number of that size".to_owned(), |value| format!("`{value}`")),
    if *is_in_milliseconds { ": it is in milliseconds" } else { "" }
)]
pub struct InvalidTimestamp {
    /// None of a number whose digits are not known any more.
    as_it_stands: Option<String>,
    /// Whether it would be a time since the year 2000 in milliseconds since 1970.
    is_in_milliseconds: bool,
}

impl InvalidTimestamp {
    fn of_text(text: &str) -> Self {
        let is_in_milliseconds = text.trim().parse().is_ok_and(Self::is_in_milliseconds);
        Self { as_it_stands: Some(text.to_owned()), is_in_milliseconds }
    }

    fn of_float(value: f64) -> Self {
        Self { as_it_stands: None, is_in_milliseconds: Self::is_in_milliseconds(value) }
    }

    fn is_in_milliseconds(value: f64) -> bool {
        const YEAR_2000: f64 = 946_684_800_000.0;
        const YEAR_9999: f64 = 253_402_300_799_999.0;
        (YEAR_2000..=YEAR_9999).contains(&value)
    }
}

impl Timestamp {
    /// The start of 1970.
    pub const UNIX_EPOCH: Self = Self { epoch_milliseconds: 0 };

    /// Milliseconds since 1970.
    ///
    /// # Errors
    /// Outside the years 0000 to 9999.
    pub fn from_epoch_milliseconds(epoch_milliseconds: i64) -> Result<Self, InvalidTimestamp> {
        let timestamp = Self { epoch_milliseconds };
        match timestamp.to_date_time() {
            Some(_) => Ok(timestamp),
            None => Err(InvalidTimestamp::of_text(&epoch_milliseconds.to_string())),
        }
    }

    /// ISO 8601.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        let invalid = || InvalidTimestamp::of_text(text);
        let date_time = OffsetDateTime::parse(text.trim(), &Rfc3339).map_err(|_| invalid())?;
        i64::try_from(date_time.unix_timestamp_nanos().div_euclid(1_000_000))
            .ok()
            .and_then(|milliseconds| Self::from_epoch_milliseconds(milliseconds).ok())
            .ok_or_else(invalid)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn epoch_milliseconds(self) -> i64 {
        self.epoch_milliseconds
    }

    /// Whether more than `hours` lie between this time and `now`.
    #[must_use]
    pub fn is_older_than_hours(self, hours: u32, now: Self) -> bool {
        now.epoch_milliseconds - self.epoch_milliseconds > i64::from(hours) * 3_600_000
    }

    /// The seconds from `earlier` to this time, rounded down; negative if it is later.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> i64 {
        (self.epoch_milliseconds - earlier.epoch_milliseconds).div_euclid(1000)
    }

    /// So many seconds later, or earlier if negative; within the years 0000 to 9999.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        let sum = self.epoch_milliseconds.saturating_add(seconds.saturating_mul(1000));
        Self { epoch_milliseconds: sum.clamp(-62_167_219_200_000, 253_402_300_799_999) }
    }

    /// Without the milliseconds.
    #[must_use]
    pub fn to_second(self) -> Self {
        Self { epoch_milliseconds: self.epoch_milliseconds.div_euclid(1000) * 1000 }
    }

    /// For people: `2026-11-01 12:00:00 UTC`.
    #[must_use]
    pub fn for_people(self) -> ForPeople {
        ForPeople(self)
    }

    fn from_epoch_seconds(seconds: f64, invalid: InvalidTimestamp) -> Result<Self, InvalidTimestamp> {
        let milliseconds = (seconds * 1000.0).round();
        #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates, and the range is checked next")]
        let epoch_milliseconds = milliseconds as i64;
        if milliseconds.is_nan() {
            return Err(invalid);
        }
        Self::from_epoch_milliseconds(epoch_milliseconds).map_err(|_| invalid)
    }

    fn to_date_time(self) -> Option<OffsetDateTime> {
        OffsetDateTime::UNIX_EPOCH
            .checked_add(Duration::milliseconds(self.epoch_milliseconds))
            .filter(|date_time| (0..=9999).contains(&date_time.to_offset(UtcOffset::UTC).year()))
    }
}

/// A time as people read it.
#[derive(Debug, Clone, Copy)]
pub struct ForPeople(Timestamp);

impl fmt::Display for ForPeople {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_second().to_string();
        let (date, time) = text.split_once('T').ok_or(fmt::Error)?;
        write!(f, "{date} {} UTC", time.trim_end_matches('Z'))
    }
}

/// For people: `87 minutes`, `4 h 50 min` or `3 days`.
#[must_use]
pub fn span(seconds: i64) -> String {
    let minutes = seconds.max(0).div_euclid(60);
    match minutes {
        1 => "1 minute".to_owned(),
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} days", minutes / 1440),
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_date_time().and_then(|date_time| date_time.format(&Rfc3339).ok()).ok_or(fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimestampVisitor)
    }
}

struct TimestampVisitor;

impl Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time: ISO 8601 such as `2026-11-01T12:00:00.123Z` or seconds since 1970")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        Timestamp::parse(text).map_err(E::custom)
    }

    #[expect(clippy::cast_precision_loss, reason = "no time is so large")]
    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Timestamp, E> {
        Timestamp::from_epoch_seconds(seconds as f64, InvalidTimestamp::of_text(&seconds.to_string()))
            .map_err(E::custom)
    }

    #[expect(clippy::cast_precision_loss, reason = "no time is so large")]
    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Timestamp, E> {
        Timestamp::from_epoch_seconds(seconds as f64, InvalidTimestamp::of_text(&seconds.to_string()))
            .map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Timestamp, E> {
        Timestamp::from_epoch_seconds(seconds, InvalidTimestamp::of_float(seconds)).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<String, String> {
        serde_json::from_str::<Timestamp>(json).map(|time| time.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn iso_and_epoch_forms_are_the_same_time() {
        for form in ["\"2023-09-22T15:17:32.656Z\"", "\"2023-09-22T18:17:32.656000+03:00\"", "1695395852.656"] {
            assert_eq!(read(form).as_deref(), Ok("2023-09-22T15:17:32.656Z"), "{form}");
        }
    }

    #[test]
    fn milliseconds_since_1970_are_kept() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:01.500Z", 1_500),
            ("1969-12-31T23:59:59.9999Z", -1),
            ("2023-09-22T15:17:32.656Z", 1_695_395_852_656),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().epoch_milliseconds(), milliseconds, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_by_name() {
        for form in ["\"yesterday\"", "\"\"", "\"NaN\"", "\"1695395852.656\"", "\"inf\"", "1e300", "true"] {
            assert!(read(form).is_err_and(|error| error.contains("ISO 8601")), "{form}");
        }
    }

    #[test]
    fn a_number_is_quoted_as_it_stands_or_not_at_all_and_milliseconds_are_told() {
        for (form, quoted, in_milliseconds) in [
            ("1441139757497", "`1441139757497`", true),
            ("1441139757497.5", "a number of that size", true),
            ("\"1441139757497\"", "`1441139757497`", true),
            ("18446744073709551615", "`18446744073709551615`", false),
            ("99999999999999999999", "a number of that size", false),
            ("1e300", "a number of that size", false),
            ("\"1441139757\"", "`1441139757`", false),
            ("\"0000-01-01T00:00:00+23:59\"", "`0000-01-01T00:00:00+23:59`", false),
            ("\"9999-12-31T23:59:59-23:59\"", "`9999-12-31T23:59:59-23:59`", false),
            ("-9223372036854775808", "`-9223372036854775808`", false),
        ] {
            let error = read(form).unwrap_err();
            assert!(error.starts_with(&format!("{quoted} is not a time")), "{error}");
            assert_eq!(error.contains("it is in milliseconds"), in_milliseconds, "{error}");
        }
    }

    #[test]
    fn seconds_are_added_and_told_within_the_years_that_can_be_written() {
        let time = Timestamp::parse("2026-11-01T12:00:00.123Z").unwrap();
        assert_eq!(time.plus_seconds(-43_201).to_string(), "2026-10-31T23:59:59.123Z");
        assert_eq!(time.seconds_since(time.plus_seconds(-7)), 7);
        assert_eq!(time.to_second().seconds_since(time), -1);
        assert_eq!(time.to_second().to_string(), "2026-11-01T12:00:00Z");
        assert_eq!(time.plus_seconds(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(time.plus_seconds(i64::MIN).to_string(), "0000-01-01T00:00:00Z");
    }

    #[test]
    fn an_age_of_exactly_the_limit_is_not_older() {
        let now = Timestamp::parse("2026-11-01T12:00:00Z").unwrap();
        let then = Timestamp::parse("2026-11-01T11:00:00Z").unwrap();
        assert!(!then.is_older_than_hours(1, now));
        assert!(Timestamp::parse("2026-11-01T10:59:59.999Z").unwrap().is_older_than_hours(1, now));
    }
}
