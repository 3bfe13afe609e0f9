//! Patterns: texts and regular expressions that a step looks for.

use super::limits::{Checked, short};
use onig::{MatchParam, Regex, Region, SearchOptions};
use serde_json::Value;
use std::collections::BTreeSet;

/// Longest pattern, in bytes; those of known tokenisers have a few hundred.
const PATTERN_BYTES: usize = 16 << 10;
/// How often a match may be tried again with another choice, for a text of [`RUN`] characters. The crate panics behind ten
/// million; known expressions need some hundred.
const RETRIES: u32 = 100_000;
/// Length of the texts that an expression is tried on. What takes time by the third power of a text's length passes, what
/// takes exponential time does not.
const RUN: usize = 30;
/// Characters that are tried besides the expression's own.
const CHARACTERS: [char; 10] = ['a', 'A', '1', ' ', '\n', '.', '\'', 'é', '中', '🎬'];
/// Most of the expression's characters that are tried.
const OWN_CHARACTERS: usize = 32;

/// Checks a step's `pattern`; returns the fewest bytes that it matches, as far as that is known.
pub(super) fn check(pattern: &Value) -> Checked<usize> {
    let part = |kind: &str| pattern.get(kind).and_then(Value::as_str);
    match (part("String"), part("Regex")) {
        (Some(""), _) => Err("its pattern is empty: it is found everywhere and stands for nothing".to_owned()),
        (Some(text), _) => short("its pattern", text, PATTERN_BYTES).map(|()| text.len()),
        (None, Some(expression)) => {
            short("its regular expression", expression, PATTERN_BYTES)?;
            tried(expression).map(|()| 0).map_err(|problem| format!("its regular expression {expression:?}: {problem}"))
        }
        (None, None) => Err(format!("expected a pattern of the kind String or Regex, found {pattern}")),
    }
}

fn tried(expression: &str) -> Checked<()> {
    let regex = Regex::new(expression).map_err(|problem| problem.description().to_owned())?;
    let own: BTreeSet<char> = expression.chars().filter(|c| c.is_alphanumeric()).take(OWN_CHARACTERS).collect();
    let runs = own.iter().copied().chain(CHARACTERS).map(|c| String::from(c).repeat(RUN));
    let of_own = own.iter().collect::<String>();
    let mixed = [of_own.as_str(), "a1", "a ", " \n"].map(|text| text.chars().cycle().take(RUN).collect::<String>());
    // Behind a run stand characters that hardly any expression wants: what was found before them is tried in other ways. They are
    // two, since one may be what the expression ends with; and the expression itself, since it may not be tried at all on a text
    // without its characters.
    let ends = ["\u{1}\u{1}".to_owned(), format!("{}{expression}", '\u{1}')];
    for text in runs.chain(mixed).flat_map(|run| ends.clone().map(|end| run.clone() + &end)) {
        search(&regex, &text)?;
    }
    Ok(())
}

/// Looks for all matches, as the crate does, but gives up sooner.
fn search(regex: &Regex, text: &str) -> Checked<()> {
    let mut start = 0;
    while start <= text.len() {
        let mut limits = MatchParam::default();
        limits.set_retry_limit_in_match(RETRIES);
        let mut region = Region::new();
        let found = regex
            .search_with_param(text, start, text.len(), SearchOptions::SEARCH_OPTION_NONE, Some(&mut region), limits)
            .map_err(|problem| {
                format!("{}, on a run of {RUN} characters: it tries too many ways", problem.description())
            })?;
        let Some((_, end)) = found.and_then(|_| region.pos(0)) else { return Ok(()) };
        // An empty match: the search goes on behind the next character.
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
    fn expressions_without_end_are_refused() {
        for expression in [r"(a+)+$", r"(\w|\d)+$", r"(x+x+)+y", r"(?:\s+|\s)*\S$", r"(a*)*b", "(é|[é])+!"] {
            let problem = check(&json!({ "Regex": expression })).expect_err(expression);
            assert!(problem.contains("retry-limit") && problem.contains(&format!("{expression:?}")), "{problem}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert!(check(&json!({"String": ""})).unwrap_err().contains("empty"));
        assert!(check(&json!({"Regex": "("})).unwrap_err().contains("parenthesis"));
        assert!(check(&json!({"Regex": "a".repeat(20_000)})).unwrap_err().contains("20000 bytes"));
        assert!(check(&json!("a")).unwrap_err().contains("String or Regex"));
    }
}
