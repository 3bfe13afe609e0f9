/// How many characters of an answer a message shows.
const MAX_SHOWN: usize = 80;

/// The reward in a line of a program's output. The error is the rest of a sentence that begins with the answer.
pub(super) fn parse_answer(line: &[u8]) -> Result<Option<f64>, String> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    let shown = || match text.chars().count() > MAX_SHOWN {
        true => format!("{:?} and more", text.chars().take(MAX_SHOWN).collect::<String>()),
        false => format!("{text:?}"),
    };
    match serde_json::from_str::<Option<f64>>(text) {
        Ok(Some(reward)) if !reward.is_finite() => Err(format!("is {}, expected a finite number or null", shown())),
        Ok(reward) => Ok(reward),
        Err(_) if text.is_empty() => Err("is an empty line, expected a number or null".into()),
        Err(_) => Err(format!("is {}, expected a number or null", shown())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn answers_are_json_numbers_or_null() {
        for (line, expected) in [("1", Some(1.0)), (" -0.5e2 \r", Some(-50.0)), ("null", None), ("0", Some(0.0))] {
            assert_eq!(parse_answer(line.as_bytes()), Ok(expected), "{line}");
        }
        for line in ["", "  ", "NaN", "Infinity", "1e999", "one", "1 2", "[1]", "true", "\"1\"", "{", "\u{0}", "1,"] {
            let problem = parse_answer(line.as_bytes()).unwrap_err();
            assert!(problem.starts_with("is ") && problem.contains("null"), "{line}: {problem}");
        }
        assert!(parse_answer(&[0xff, 0xfe]).is_err());
        assert!(parse_answer("x".repeat(1000).as_bytes()).unwrap_err().len() < 200);
    }
}
