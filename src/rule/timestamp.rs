//! A point in time as AWS writes it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
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
#[error("`{value}` is not a time; valid are ISO 8601 such as `2026-11-01T12:00:00.123Z` and seconds since 1970")]
pub struct InvalidTimestamp {
    value: String,
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
            None => Err(InvalidTimestamp { value: epoch_milliseconds.to_string() }),
        }
    }

    /// ISO 8601.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        let invalid = || InvalidTimestamp { value: text.to_owned() };
        let date_time = OffsetDateTime::parse(text.trim(), &Rfc3339).map_err(|_| invalid())?;
        i64::try_from(date_time.unix_timestamp_nanos().div_euclid(1_000_000))
            .map_err(|_| invalid())
            .and_then(Self::from_epoch_milliseconds)
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

    fn from_epoch_seconds(seconds: f64) -> Result<Self, InvalidTimestamp> {
        let milliseconds = (seconds * 1000.0).round();
        #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates, and the range is checked next")]
        let epoch_milliseconds = milliseconds as i64;
        if milliseconds.is_nan() {
            return Err(InvalidTimestamp { value: seconds.to_string() });
        }
        Self::from_epoch_milliseconds(epoch_milliseconds)
    }

    fn to_date_time(self) -> Option<OffsetDateTime> {
        OffsetDateTime::UNIX_EPOCH
            .checked_add(Duration::milliseconds(self.epoch_milliseconds))
            .filter(|date_time| (0..=9999).contains(&date_time.to_offset(UtcOffset::UTC).year()))
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
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a time: ISO 8601 such as `2026-11-01T12:00:00.123Z` or seconds since 1970")]
        enum Form {
            Text(String),
            Seconds(f64),
        }
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Self::parse(&text),
            Form::Seconds(seconds) => Self::from_epoch_seconds(seconds),
        }
        .map_err(serde::de::Error::custom)
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
    fn an_age_of_exactly_the_limit_is_not_older() {
        let now = Timestamp::parse("2026-11-01T12:00:00Z").unwrap();
        let then = Timestamp::parse("2026-11-01T11:00:00Z").unwrap();
        assert!(!then.is_older_than_hours(1, now));
        assert!(Timestamp::parse("2026-11-01T10:59:59.999Z").unwrap().is_older_than_hours(1, now));
    }
}
