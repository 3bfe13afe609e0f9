//! Number formatting with a proper minus sign and without `-0`.

/// Formats a number with the given decimals and the minus sign of print (U+2212), as in tables and figures.
#[must_use]
pub fn format_number(value: f64, decimals: usize) -> String {
    signs(&format!("{value:.decimals$}"))
}

/// Formats a difference, which always has a sign.
pub(crate) fn difference(value: f64, decimals: usize) -> String {
    let text = format_number(value, decimals);
    if text.starts_with('−') || is_zero(&text) { text } else { format!("+{text}") }
}

/// Formats a number in scientific notation.
pub(crate) fn scientific(value: f64, decimals: usize) -> String {
    if value == 0.0 { "0".to_owned() } else { signs(&format!("{value:.decimals$e}")) }
}

/// Formats a number with at least three significant digits, in scientific notation if it would be long otherwise.
pub(crate) fn short(value: f64) -> String {
    rounded(value, 3)
}

/// Formats a number with at least this many significant digits, in scientific notation if it would be long otherwise.
pub(crate) fn rounded(value: f64, digits: i32) -> String {
    match magnitude(value) {
        _ if value == 0.0 => "0".to_owned(),
        power @ -4..6 => format_number(value, usize::try_from(digits - 1 - power).unwrap_or(0)),
        _ => scientific(value, usize::try_from(digits - 1).unwrap_or(0)),
    }
}

/// The power of ten of a number's first digit; 0 for 0.
pub(crate) fn magnitude(value: f64) -> i32 {
    if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 }
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

fn signs(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) if is_zero(rest) => rest.to_owned(),
        _ => text.replace('-', "−"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted_as_in_print() {
        assert_eq!(format_number(-1.25, 1), "−1.2");
        assert_eq!(format_number(-0.001, 2), "0.00");
        assert_eq!(difference(0.5, 1), "+0.5");
        assert_eq!(difference(-0.5, 1), "−0.5");
        assert_eq!(difference(0.001, 1), "0.0");
        assert_eq!(scientific(-2.5e-6, 1), "−2.5e−6");
        assert_eq!(short(0.0), "0");
        assert_eq!(short(1234.4), "1234");
        assert_eq!(short(0.012_34), "0.0123");
        assert_eq!(short(3e-7), "3.00e−7");
        assert_eq!(rounded(0.0234, 2), "0.023");
        assert_eq!(rounded(123.4, 2), "123");
        assert_eq!(rounded(3.21e-7, 2), "3.2e−7");
    }
}
