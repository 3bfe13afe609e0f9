use super::prefix_tree::PrefixTree;
use crate::PrefixSharing;
use align_data::EncodedPair;

/// Limits the padded rows of attention to this many times the tokens of a forward pass. Pairs with short completions come close to it.
const MAX_PADDED: usize = 2;

/// The ids of a prompt and of a completion.
pub(crate) type Sequence<'a> = (&'a [i64], &'a [i64]);

/// The chosen and the rejected sequence of a pair.
pub(crate) fn sequences_of_pair(pair: &EncodedPair) -> [Sequence<'_>; 2] {
    [(&pair.prompt_ids, &pair.chosen_ids), (&pair.prompt_ids, &pair.rejected_ids)]
}

/// Token counts of sequences, which can compute common prefixes once.
#[derive(Debug, Default)]
pub(crate) struct SequenceCounts {
    tree: PrefixTree,
    sequences: usize,
    /// Tokens of the longest sequence.
    longest: usize,
    /// Tokens of all sequences.
    total: usize,
}

impl SequenceCounts {
    /// The counts of some sequences.
    pub fn of<'a>(sequences: impl IntoIterator<Item = Sequence<'a>>) -> Self {
        let mut counts = Self::default();
        sequences.into_iter().for_each(|sequence| counts.add(sequence));
        counts
    }

    /// Adds a sequence.
    pub fn add(&mut self, (prompt, completion): Sequence<'_>) {
        let length = prompt.len() + completion.len();
        self.tree.add(prompt.iter().chain(completion).copied());
        self.sequences += 1;
        self.longest = self.longest.max(length);
        self.total += length;
    }

    /// Distinct tokens, if common prefixes are counted once.
    pub fn distinct(&self) -> usize {
        self.tree.tokens()
    }

    /// Whether the sequences share prefixes if shared sequences have no padding.
    pub fn shares(&self, sharing: PrefixSharing) -> bool {
        sharing.shares(self.distinct(), self.padded())
    }

    /// Whether the sequences share prefixes if shared sequences keep their padding.
    pub fn shares_with_padding(&self, sharing: PrefixSharing) -> bool {
        sharing.shares(self.distinct() + self.padded() - self.total, self.padded())
    }

    /// Tokens in a forward pass: all tokens of the padded rows, or the distinct ones if prefixes are shared. Attention works on the padded rows
    /// even so.
    pub fn forward_tokens(&self, sharing: PrefixSharing) -> usize {
        match self.shares(sharing) {
            true => self.distinct().max(self.padded() / MAX_PADDED),
            false => self.padded(),
        }
    }

    fn padded(&self) -> usize {
        self.sequences.saturating_mul(self.longest)
    }
}
