use std::collections::HashMap;
use std::ops::Range;

/// The number of the token before the first one of a sequence.
const START: i64 = -1;

/// Numbers the tokens of sequences from 0. Tokens with the same id after the same tokens have the same number, so that common prefixes are
/// counted once.
#[derive(Debug, Default)]
pub(crate) struct PrefixTree {
    /// The number of each token, by the number of the token before it and its id.
    numbers: HashMap<(i64, i64), i64>,
    tokens: i64,
}

impl PrefixTree {
    /// The numbers of a sequence's tokens. New ones are numbered in ascending order.
    pub fn add(&mut self, ids: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let mut previous = START;
        let number = |id| {
            let number = *self.numbers.entry((previous, id)).or_insert(self.tokens);
            self.tokens = self.tokens.max(number + 1);
            previous = number;
            number
        };
        ids.into_iter().map(number).collect()
    }

    /// The numbers of `tokens` new tokens that no sequence shares.
    pub fn add_unshared(&mut self, tokens: usize) -> Range<i64> {
        let start = self.tokens;
        self.tokens += tokens as i64;
        start..self.tokens
    }

    /// How many tokens have a number.
    pub fn tokens(&self) -> usize {
        usize::try_from(self.tokens).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_prefixes_have_the_same_numbers() {
        let mut tree = PrefixTree::default();
        assert_eq!(tree.add([5, 6, 7]), [0, 1, 2]);
        assert_eq!(tree.add([5, 6, 8, 7]), [0, 1, 3, 4]);
        assert_eq!(tree.add_unshared(2), 5..7);
        // The 6 and the 7 follow other tokens than before.
        assert_eq!(tree.add([6, 7]), [7, 8]);
        assert_eq!(tree.add([5, 6, 8]), [0, 1, 3]);
        assert!(tree.add([]).is_empty());
        assert_eq!(tree.tokens(), 9);
    }
}
