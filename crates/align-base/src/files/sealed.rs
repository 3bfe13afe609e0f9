//! JSON values with a digest behind them, a line each.

use super::Hasher;
use serde::Serialize;
use serde::de::DeserializeOwned;

const BEGIN: &[u8] = b"{\"value\":";
const BETWEEN: &[u8] = b",\"blake3\":\"";
const END: &[u8] = b"\"}";
/// Hex digits of a digest.
const DIGITS: usize = 64;

/// Why a line is not what was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It does not have the form of a sealed value.
    #[error("it is no value with its digest, as earlier versions wrote none")]
    Form,
    /// The digest is another one.
    #[error("its digest is not that of what it holds")]
    Digest,
    /// The value is as it was sealed, but not what was expected.
    #[error("it does not hold what was expected: {0}")]
    Value(serde_json::Error),
}

/// A value as a line of JSON, `{"value":…,"blake3":"…"}`, without the line's end. A value that was sealed for another `purpose`
/// does not pass for one of this.
///
/// ```
/// use align_base::files::{seal, unseal};
/// let line = seal("numbers", &[1, 2])?;
/// assert_eq!(unseal::<Vec<i32>>("numbers", line.as_bytes())?, [1, 2]);
/// assert!(unseal::<Vec<i32>>("numbers", line.replace("[1", "[3").as_bytes()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A value that JSON cannot hold.
pub fn seal<T: Serialize + ?Sized>(purpose: &str, value: &T) -> serde_json::Result<String> {
    let value = serde_json::to_string(value)?;
    let digest = Hasher::new(purpose).part(value.as_bytes()).digest();
    Ok(format!("{{\"value\":{value},\"blake3\":\"{digest}\"}}"))
}

/// The value of a line that [`seal`] made for this `purpose`.
///
/// # Errors
/// A line in which any bit differs, or a value of another form.
pub fn unseal<T: DeserializeOwned>(purpose: &str, line: &[u8]) -> Result<T, SealError> {
    let rest = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(SealError::Form)?;
    let (rest, digest) = rest.split_at_checked(rest.len().wrapping_sub(DIGITS)).ok_or(SealError::Form)?;
    let value = rest.strip_suffix(BETWEEN).ok_or(SealError::Form)?;
    if Hasher::new(purpose).part(value).digest().as_bytes() != digest {
        return Err(SealError::Digest);
    }
    serde_json::from_slice(value).map_err(SealError::Value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_value_comes_back_and_no_flipped_bit_passes() {
        let value = (vec![0.1 + 0.2, 5e-324, -0.0], "é\",\"blake3\":\"");
        let line = seal("test", &value).unwrap();
        let found: (Vec<f64>, String) = unseal("test", line.as_bytes()).unwrap();
        let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&found.0), bits(&value.0));
        assert_eq!(found.1, value.1);
        for bit in 0..line.len() * 8 {
            let mut flipped = line.clone().into_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal::<serde_json::Value>("test", &flipped).is_err(), "bit {bit}");
        }
        for length in 0..line.len() {
            assert!(unseal::<serde_json::Value>("test", &line.as_bytes()[..length]).is_err(), "{length} bytes");
        }
        assert!(matches!(unseal::<serde_json::Value>("other", line.as_bytes()), Err(SealError::Digest)));
        assert!(matches!(unseal::<i32>("test", line.as_bytes()), Err(SealError::Value(_))));
    }
}
