use super::shared_prefixes::common_prefix_len;
use crate::PrefixSharing;
use align_data::EncodedPair;

/// Sequences per pair: chosen and rejected.
pub(crate) const SEQUENCES_PER_PAIR: usize = 2;

/// Token counts of one or more pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PairTokens {
    sequences: usize,
    /// Tokens of the longest sequence.
    longest: usize,
    /// Tokens of all sequences.
    total: usize,
    /// Tokens of the common prefixes, one prefix per pair.
    common: usize,
}

impl PairTokens {
    /// The token counts of one pair.
    pub fn of(pair: &EncodedPair) -> Self {
        let [chosen, rejected] = [&pair.chosen_ids, &pair.rejected_ids].map(|ids| pair.prompt_ids.len() + ids.len());
        Self {
            sequences: SEQUENCES_PER_PAIR,
            longest: chosen.max(rejected),
            total: chosen + rejected,
            common: common_prefix_len(pair),
        }
    }

    /// The token counts of both sets together.
    pub fn plus(self, others: Self) -> Self {
        Self {
            sequences: self.sequences + others.sequences,
            longest: self.longest.max(others.longest),
            total: self.total + others.total,
            common: self.common + others.common,
        }
    }

    /// Tokens of the longest sequence.
    pub fn longest(self) -> usize {
        self.longest
    }

    /// Whether the pairs share prefixes if shared sequences have no padding.
    pub fn shares(self, sharing: PrefixSharing) -> bool {
        sharing.shares(self.total - self.common, self.padded())
    }

    /// Whether the pairs share prefixes if shared sequences keep their padding.
    pub fn shares_with_padding(self, sharing: PrefixSharing) -> bool {
        sharing.shares(self.padded() - self.common, self.padded())
    }

    /// Tokens in a forward pass: all distinct tokens if prefixes are shared, otherwise all tokens of the padded rows.
    pub fn forward_tokens(self, sharing: PrefixSharing) -> usize {
        if self.shares(sharing) { self.total - self.common } else { self.padded() }
    }

    fn padded(self) -> usize {
        self.sequences.saturating_mul(self.longest)
    }
}
