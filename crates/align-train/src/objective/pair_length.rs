use super::shared_prefixes::in_common;
use crate::PrefixSharing;
use align_data::EncodedPair;

/// Sequences of a pair.
pub(crate) const SIDES: usize = 2;

/// How many tokens some pairs take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PairLength {
    pairs: usize,
    /// Tokens of the longest sequence.
    longest: usize,
    /// Tokens of all sequences.
    tokens: usize,
    /// Tokens that pairs' sequences have in common at their beginning.
    in_common: usize,
}

impl PairLength {
    /// That of one pair.
    pub fn of(pair: &EncodedPair) -> Self {
        let [chosen, rejected] = [&pair.chosen_ids, &pair.rejected_ids].map(|ids| pair.prompt_ids.len() + ids.len());
        Self { pairs: 1, longest: chosen.max(rejected), tokens: chosen + rejected, in_common: in_common(pair) }
    }

    /// That of these and those together.
    pub fn and(self, others: Self) -> Self {
        Self {
            pairs: self.pairs + others.pairs,
            longest: self.longest.max(others.longest),
            tokens: self.tokens + others.tokens,
            in_common: self.in_common + others.in_common,
        }
    }

    /// Tokens of the longest sequence.
    pub fn longest(self) -> usize {
        self.longest
    }

    /// Whether sequences without padding share what they have in common.
    pub fn shares(self, sharing: PrefixSharing) -> bool {
        sharing.shares(self.tokens - self.in_common, self.padded())
    }

    /// Whether sequences that keep their padding share what they have in common.
    pub fn shares_with_padding(self, sharing: PrefixSharing) -> bool {
        sharing.shares(self.padded() - self.in_common, self.padded())
    }

    /// Tokens that go through a model: each once if the sequences share, otherwise those of the padded rows.
    pub fn computed(self, sharing: PrefixSharing) -> usize {
        if self.shares(sharing) { self.tokens - self.in_common } else { self.padded() }
    }

    fn padded(self) -> usize {
        self.pairs.saturating_mul(SIDES).saturating_mul(self.longest)
    }
}
