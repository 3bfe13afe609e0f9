//! Checks patterns: strings and regular expressions that a step searches for.

use super::limits::{CheckResult, check_length};
use onig::{MatchParam, Regex, Region, SearchOptions};
use serde_json::Value;
use std::collections::BTreeSet;

/// Longest pattern, in bytes. Known tokenisers have patterns of a few hundred bytes.
const MAX_PATTERN_BYTES: usize = 16 << 10;
/// Most backtracking retries of one match in a sample text of [`SAMPLE_LENGTH`] characters. The crate panics after ten million;
/// known expressions need a few hundred.
const MAX_RETRIES: u32 = 100_000;
/// Length of the sample texts. Expressions of cubic time pass; expressions of exponential time do not.
const SAMPLE_LENGTH: usize = 30;
/// Characters of the sample texts, besides those in the expression.
const SAMPLE_CHARACTERS: [char; 10] = ['a', 'A', '1', ' ', '\n', '.', '\'', 'é', '中', '🎬'];
/// Most characters of the expression that are used in sample texts.
const MAX_OWN_CHARACTERS: usize = 32;

/// Checks a step's `pattern` and returns the least number of bytes that it matches, as far as that is known.
pub(super) fn check(pattern: &Value) -> CheckResult<usize> {
    let part = |kind: &str| pattern.get(kind).and_then(Value::as_str);
    match (part("String"), part("Regex")) {
        (Some(""), _) => Err("its pattern is empty, which matches everywhere".to_owned()),
        (Some(text), _) => check_length("its pattern", text, MAX_PATTERN_BYTES).map(|()| text.len()),
        (None, Some(expression)) => {
            check_length("its regular expression", expression, MAX_PATTERN_BYTES)?;
            check_backtracking(expression)
                .map(|()| 0)
                .map_err(|problem| format!("its regular expression {expression:?}: {problem}"))
        }
        (None, None) => Err(format!("expected a pattern of the kind String or Regex, found {pattern}")),
    }
}

fn check_backtracking(expression: &str) -> CheckResult<()> {
    let regex = Regex::new(expression).map_err(|problem| problem.description().to_owned())?;
    let own: BTreeSet<char> = expression.chars().filter(|c| c.is_alphanumeric()).take(MAX_OWN_CHARACTERS).collect();
    let runs = own.iter().copied().chain(SAMPLE_CHARACTERS).map(|c| String::from(c).repeat(SAMPLE_LENGTH));
    let of_own = own.iter().collect::<String>();
    let mixed =
        [of_own.as_str(), "a1", "a ", " \n"].map(|text| text.chars().cycle().take(SAMPLE_LENGTH).collect::<String>());
    // Each sample ends with characters that expressions rarely match, which forces backtracking into the run. There are
    // two of them, since the expression may match one. The second ending adds the expression itself, since the engine
    // may skip a text without its characters.
    let ends = ["\u{1}\u{1}".to_owned(), format!("{}{expression}", '\u{1}')];
    for text in runs.chain(mixed).flat_map(|run| ends.clone().map(|end| run.clone() + &end)) {
        search_all(&regex, &text)?;
    }
    Ok(())
}

/// Searches for all matches as the crate does, but with a lower limit.
fn search_all(regex: &Regex, text: &str) -> CheckResult<()> {
    let mut start = 0;
    while start <= text.len() {
        let mut limits = MatchParam::default();
        limits.set_retry_limit_in_match(MAX_RETRIES);
        let mut region = Region::new();
        let found = regex
            .search_with_param(text, start, text.len(), SearchOptions::SEARCH_OPTION_NONE, Some(&mut region), limits)
            .map_err(|problem| {
                format!("{}, on a text of {SAMPLE_LENGTH} characters: too much backtracking", problem.description())
            })?;
        let Some((_, end)) = found.and_then(|_| region.pos(0)) else { return Ok(()) };
        // After an empty match, the search continues at the next character.
        let next = text.get(end..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        start = if end > start { end } else { end + next };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use serde_json::json;

    /// The expressions of GPT-2, cl100k, o200k, Qwen2, CLIP, DeepSeek, SuperBPE and T5.
    const KNOWN: [&str; 8] = [
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
        r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##,
        r"(?=(\d{3})+(?!\d))",
        " {2,}",
    ];

    #[test]
    fn known_expressions_pass() {
        for expression in KNOWN {
            assert_eq!(check(&json!({ "Regex": expression })), Ok(0), "{expression}");
        }
        assert_eq!(check(&json!({"String": "▁"})), Ok(3));
    }

    #[test]
    fn catastrophic_expressions_are_rejected() {
        for expression in [r"(a+)+$", r"(\w|\d)+$", r"(x+x+)+y", r"(?:\s+|\s)*\S$", r"(a*)*b", "(é|[é])+!"] {
            let problem = check(&json!({ "Regex": expression })).expect_err(expression);
            assert!(problem.contains("retry-limit") && problem.contains(&format!("{expression:?}")), "{problem}");
        }
    }

    #[test]
    fn invalid_patterns_are_rejected() {
        assert!(check(&json!({"String": ""})).unwrap_err().contains("empty"));
        assert!(check(&json!({"Regex": "("})).unwrap_err().contains("parenthesis"));
        assert!(check(&json!({"Regex": "a".repeat(20_000)})).unwrap_err().contains("20000 bytes"));
        assert!(check(&json!("a")).unwrap_err().contains("String or Regex"));
    }
}
