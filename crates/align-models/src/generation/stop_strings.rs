use super::StoppingCriterion;

/// Ends a text as soon as its last token completes one of some strings, wherever in the token the string ends.
///
/// The texts of tokens are compared as bytes, so a token may hold a part of a character. The string may begin in the
/// prompt. transformers' `StopStringCriteria`, computed by looking back from the last token.
#[derive(Debug, Clone)]
pub struct StopStrings {
    strings: Vec<Vec<u8>>,
    /// The bytes of all tokens, one behind the other.
    bytes: Vec<u8>,
    /// Where the bytes of each token end.
    ends: Vec<usize>,
}

impl StopStrings {
    /// `tokens` gives the bytes of each token of the vocabulary, from id 0 on. Empty strings end nothing.
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

    /// The bytes of a token; none where the vocabulary has no such token.
    fn token(&self, id: i64) -> &[u8] {
        let bytes = usize::try_from(id).ok().and_then(|id| {
            let start = id.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
            self.bytes.get(start..*self.ends.get(id)?)
        });
        bytes.unwrap_or_default()
    }

    /// Whether the text `ids` and a part of a further token end in `string`.
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

/// What of `string` is left before `text`, where the shorter of them is the end of the other.
fn unmatched<'s>(string: &'s [u8], text: &[u8]) -> Option<&'s [u8]> {
    match string.strip_suffix(text) {
        Some(left) => Some(left),
        None => text.ends_with(string).then_some(&[]),
    }
}
