//! Times as seconds since 1970.

use super::super::column_context::ColumnContext;
use super::super::columns::ColumnKind;
use super::super::raw_table::RawTable;
use super::super::value::Value;
use crate::Result;
use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// How error messages describe a time.
const TIME: &str = "seconds since 1970 or a date such as 2024-05-31 or 2024-05-31T12:00:00Z";

/// A time in seconds since 1970: a number, or a date with or without a time of day. Without a time zone it is in UTC.
pub fn parse_time(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(seconds).filter(|seconds| seconds.is_finite());
    }
    let with_zone =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z"));
    let milliseconds = with_zone.map(|time| time.timestamp_millis()).ok();
    let local = |format| NaiveDateTime::parse_from_str(text, format).ok();
    let without_zone = || local("%Y-%m-%dT%H:%M:%S%.f").or_else(|| local("%Y-%m-%d %H:%M:%S%.f"));
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    let milliseconds =
        milliseconds.or_else(|| without_zone().or_else(day).map(|time| time.and_utc().timestamp_millis()));
    milliseconds.map(|milliseconds| milliseconds as f64 / 1000.0)
}

/// Takes a column of times, if it exists. A time may be null only if `nullable`.
pub(super) fn take_times(raw: &mut RawTable, name: &str, nullable: bool) -> Result<Option<Vec<Option<f64>>>> {
    raw.take(name, ColumnKind::Any, |column: &ColumnContext<'_>, values: &[Value<'_>], _| {
        let time = |(row, value): (usize, &Value<'_>)| {
            let time = match value {
                Value::Null if nullable => return Ok(None),
                Value::Text(text) => parse_time(text),
                value => value.number().filter(|number| number.is_finite()),
            };
            let found = || value.to_text().map_or_else(|| "nothing (null)".to_owned(), |text| format!("{text:?}"));
            time.map(Some).ok_or_else(|| column.cell_error(row, TIME, found()))
        };
        values.iter().enumerate().map(time).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::parse_time;

    #[test]
    fn times_have_the_usual_notations() {
        for (text, seconds) in [
            ("1714521600", 1_714_521_600.0),
            ("1714521600.5", 1_714_521_600.5),
            ("2024-05-01", 1_714_521_600.0),
            ("2024-05-01T00:00:00Z", 1_714_521_600.0),
            (" 2024-05-01 02:00:00+02:00 ", 1_714_521_600.0),
            ("2024-05-01T00:00:00.250", 1_714_521_600.25),
            ("2024-05-01 00:00:00", 1_714_521_600.0),
        ] {
            assert_eq!(parse_time(text), Some(seconds), "{text}");
        }
        for text in ["", "yesterday", "2024-13-01", "05/01/2024", "NaN", "inf", "2024-05-01T25:00:00Z"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
