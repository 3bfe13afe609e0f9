//! Characters that are not what the author wrote.

use crate::check::{Check, Faults};

/// The characters of Windows-1252 at the bytes 0x80 to 0x9f.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// What is wrong with the characters of a text.
pub(crate) fn faults(text: &str) -> Faults {
    let mut faults = Faults::default();
    faults.set(Check::HtmlEntities, text.match_indices('&').any(|(at, _)| begins_with_entity(tail(text, at))));
    faults.set(Check::Surrogates, text.match_indices("\\u").any(|(at, _)| is_surrogate_escape(tail(text, at))));
    let is_control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0x7f;
    faults.set(Check::ControlCharacters, text.bytes().any(is_control));
    if !text.is_ascii() {
        faults.set(Check::ReplacementCharacters, text.contains('\u{fffd}'));
        let is_mojibake = has_mojibake(text);
        faults.set(Check::Mojibake, is_mojibake);
        // Mojibake often has control characters, which are not a fault of their own.
        let has_c1 = || text.chars().any(|character| matches!(character, '\u{80}'..='\u{9f}'));
        faults.set(Check::ControlCharacters, !is_mojibake && has_c1());
    }
    faults
}

fn tail(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// Whether a text that begins with `&` begins with a character reference of HTML.
fn begins_with_entity(text: &str) -> bool {
    const LONGEST: usize = 10;
    const NAMES: [&str; 12] =
        ["amp", "lt", "gt", "quot", "apos", "nbsp", "hellip", "mdash", "ndash", "rsquo", "ldquo", "rdquo"];
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';');
    let Some(name) = end.and_then(|end| text.get(1..end)) else { return false };
    let is_number =
        |digits: &str, is_digit: fn(&u8) -> bool| !digits.is_empty() && digits.as_bytes().iter().all(is_digit);
    match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => is_number(hex, u8::is_ascii_hexdigit),
            None => is_number(number, u8::is_ascii_digit),
        },
        None => NAMES.contains(&name),
    }
}

/// Whether a text begins with the escape of half a UTF-16 pair, such as `\ud83d`.
pub(crate) fn is_surrogate_escape(text: &str) -> bool {
    let digits = text.as_bytes().get(2..6);
    digits.is_some_and(|digits| match digits {
        [b'd' | b'D', second, third, fourth] => {
            matches!(second, b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F')
                && third.is_ascii_hexdigit()
                && fourth.is_ascii_hexdigit()
        }
        _ => false,
    })
}

/// Whether a run of characters, encoded as Windows-1252 or Latin-1, is a character of UTF-8.
fn has_mojibake(text: &str) -> bool {
    let mut run = Vec::new();
    for character in text.chars() {
        match byte_of(character) {
            Some(byte) => run.push(byte),
            None if has_utf8_character(&std::mem::take(&mut run)) => return true,
            None => {}
        }
    }
    has_utf8_character(&run)
}

/// The byte of a character that is not ASCII.
fn byte_of(character: char) -> Option<u8> {
    let code = u32::from(character);
    match code {
        0x80..=0xff => u8::try_from(code).ok(),
        0x152..=0x2122 => {
            let at = WINDOWS_1252.iter().position(|known| *known == character)?;
            u8::try_from(at + 0x80).ok()
        }
        _ => None,
    }
}

/// Whether bytes contain a character of UTF-8. All bytes are 0x80 or more.
fn has_utf8_character(bytes: &[u8]) -> bool {
    let length = |byte: u8| match byte {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 0,
    };
    (0..bytes.len()).any(|at| {
        let length = bytes.get(at).map_or(0, |byte| length(*byte));
        length > 0 && bytes.get(at..at + length).is_some_and(|bytes| std::str::from_utf8(bytes).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Check> {
        faults(text).checks().collect()
    }

    #[test]
    fn faults_are_told_from_correct_texts() {
        for (text, expected) in [
            ("It was fine.\n\tYes\r\n", None),
            ("caf\u{fffd}", Some(Check::ReplacementCharacters)),
            ("cafÃ©", Some(Check::Mojibake)),
            ("itâ€™s", Some(Check::Mojibake)),
            ("ðŸ˜€", Some(Check::Mojibake)),
            ("Ã\u{a0} la carte", Some(Check::Mojibake)),
            ("café, naïve, «Ça», 5 €, “quoted” – d’accord… Ã", None),
            ("日本語 and русский", None),
            ("bell\u{7}", Some(Check::ControlCharacters)),
            ("a\u{9b}b", Some(Check::ControlCharacters)),
            ("Tom &amp; Jerry", Some(Check::HtmlEntities)),
            ("it&#39;s", Some(Check::HtmlEntities)),
            ("it&#x27;s", Some(Check::HtmlEntities)),
            ("R&D; AT&T & co; &#;", None),
            ("a \\ud83d b", Some(Check::Surrogates)),
            ("\\u00e9 and \\ud7", None),
        ] {
            assert_eq!(found(text), expected.into_iter().collect::<Vec<_>>(), "{text:?}");
        }
    }
}
