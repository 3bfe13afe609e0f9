//! Lines of JSON that contain a value and its digest.

use super::Hasher;
use serde::Serialize;
use serde::de::DeserializeOwned;

const BEGIN: &[u8] = b"{\"value\":";
const BETWEEN: &[u8] = b",\"blake3\":\"";
const END: &[u8] = b"\"}";
/// Number of hex digits in a digest.
const DIGITS: usize = 64;

/// Why a line cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub enum ChecksummedLineError {
    /// It is not a value with a digest.
    #[error("it is not a value with a digest; earlier versions wrote no digests")]
    Form,
    /// The digest does not match the value.
    #[error("its digest does not match its value")]
    Digest,
    /// The value is undamaged but has an unexpected type.
    #[error("its value is not the expected one: {0}")]
    Value(serde_json::Error),
}

/// Serialises a value with its digest as a line of JSON, `{"value":…,"blake3":"…"}`, without the line end.
///
/// The digest depends on `purpose`, so a line written for one purpose cannot be read for another.
///
/// ```
/// use align_base::files::{checksummed_line, parse_checksummed_line};
/// let line = checksummed_line("numbers", &[1, 2])?;
/// assert_eq!(parse_checksummed_line::<Vec<i32>>("numbers", line.as_bytes())?, [1, 2]);
/// assert!(parse_checksummed_line::<Vec<i32>>("numbers", line.replace("[1", "[3").as_bytes()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The value cannot be serialised to JSON.
pub fn checksummed_line<T: Serialize + ?Sized>(purpose: &str, value: &T) -> serde_json::Result<String> {
    let value = serde_json::to_string(value)?;
    let digest = Hasher::new(purpose).part(value.as_bytes()).digest();
    Ok(format!("{{\"value\":{value},\"blake3\":\"{digest}\"}}"))
}

/// Parses a line that [`checksummed_line`] wrote for this `purpose`.
///
/// # Errors
/// The line is damaged, was written for another purpose, or its value has another type.
pub fn parse_checksummed_line<T: DeserializeOwned>(purpose: &str, line: &[u8]) -> Result<T, ChecksummedLineError> {
    let rest = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(ChecksummedLineError::Form)?;
    let (rest, digest) = rest.split_at_checked(rest.len().wrapping_sub(DIGITS)).ok_or(ChecksummedLineError::Form)?;
    let value = rest.strip_suffix(BETWEEN).ok_or(ChecksummedLineError::Form)?;
    if Hasher::new(purpose).part(value).digest().as_bytes() != digest {
        return Err(ChecksummedLineError::Digest);
    }
    serde_json::from_slice(value).map_err(ChecksummedLineError::Value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_value_round_trips_and_every_flipped_bit_is_detected() {
        let value = (vec![0.1 + 0.2, 5e-324, -0.0], "é\",\"blake3\":\"");
        let line = checksummed_line("test", &value).unwrap();
        let found: (Vec<f64>, String) = parse_checksummed_line("test", line.as_bytes()).unwrap();
        let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&found.0), bits(&value.0));
        assert_eq!(found.1, value.1);
        for bit in 0..line.len() * 8 {
            let mut flipped = line.clone().into_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(parse_checksummed_line::<serde_json::Value>("test", &flipped).is_err(), "bit {bit}");
        }
        for length in 0..line.len() {
            assert!(
                parse_checksummed_line::<serde_json::Value>("test", &line.as_bytes()[..length]).is_err(),
                "{length} bytes"
            );
        }
        assert!(matches!(
            parse_checksummed_line::<serde_json::Value>("other", line.as_bytes()),
            Err(ChecksummedLineError::Digest)
        ));
        assert!(matches!(parse_checksummed_line::<i32>("test", line.as_bytes()), Err(ChecksummedLineError::Value(_))));
    }
}
