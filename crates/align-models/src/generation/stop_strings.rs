use super::StoppingCriterion;

/// Stops when the last token completes one of the stop strings, even if the string ends inside the token.
///
/// Tokens are compared as bytes, so a token may be a part of a character. The string may begin in the prompt. Equal to
/// `StopStringCriteria` in transformers.
#[derive(Debug, Clone)]
pub struct StopStrings {
    strings: Vec<Vec<u8>>,
    /// The concatenated bytes of all tokens.
    bytes: Vec<u8>,
    /// The end of each token in `bytes`.
    ends: Vec<usize>,
}

impl StopStrings {
    /// `tokens` are the bytes of each token in the vocabulary, starting with id 0. Empty strings are ignored.
    #[must_use]
    pub fn new<S: AsRef<str>, B: AsRef<[u8]>>(stop_strings: &[S], tokens: impl IntoIterator<Item = B>) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for token in tokens {
            bytes.extend_from_slice(token.as_ref());
            ends.push(bytes.len());
        }
        let strings = stop_strings.iter().map(|s| s.as_ref().as_bytes().to_vec()).filter(|s| !s.is_empty()).collect();
        Self { strings, bytes, ends }
    }

    /// The bytes of a token; empty if the vocabulary has no such token.
    fn token(&self, id: i64) -> &[u8] {
        let bytes = usize::try_from(id).ok().and_then(|id| {
            let start = id.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
            self.bytes.get(start..*self.ends.get(id)?)
        });
        bytes.unwrap_or_default()
    }

    /// Whether the text `ids` followed by the beginning `part` of the next token ends with `string`.
    fn ends_in(&self, ids: &[i64], part: &[u8], string: &[u8]) -> bool {
        let Some(mut left) = unmatched(string, part) else {
            return false;
        };
        for &id in ids.iter().rev() {
            if left.is_empty() {
                return true;
            }
            match unmatched(left, self.token(id)) {
                Some(rest) => left = rest,
                None => return false,
            }
        }
        left.is_empty()
    }
}

impl StoppingCriterion for StopStrings {
    fn stops(&self, ids: &[i64], _prompt_length: usize) -> bool {
        let Some((&last, before)) = ids.split_last() else {
            return false;
        };
        let last = self.token(last);
        let parts = || (1..=last.len()).filter_map(|end| last.get(..end));
        self.strings.iter().any(|string| parts().any(|part| self.ends_in(before, part, string)))
    }
}

/// The beginning of `string` that remains before `text`, if the shorter of the two is a suffix of the other.
fn unmatched<'s>(string: &'s [u8], text: &[u8]) -> Option<&'s [u8]> {
    match string.strip_suffix(text) {
        Some(left) => Some(left),
        None => text.ends_with(string).then_some(&[]),
    }
}
