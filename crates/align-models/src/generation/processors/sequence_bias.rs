use super::LogitsProcessor;

/// Adds a bias to the last token of each sequence if the text ends with its other tokens.
#[derive(Debug, Clone)]
pub struct SequenceBias {
    /// Distinct sequences with their biases.
    sequences: Vec<(Vec<i64>, f32)>,
}

impl SequenceBias {
    /// If a sequence occurs twice, the later bias applies, as in transformers. Empty sequences have no effect.
    #[must_use]
    pub fn new(sequence_bias: &[(Vec<i64>, f64)]) -> Self {
        let mut sequences: Vec<(Vec<i64>, f32)> = Vec::with_capacity(sequence_bias.len());
        let mut indices = std::collections::HashMap::new();
        for (ids, bias) in sequence_bias {
            let index = *indices.entry(ids).or_insert(sequences.len());
            match sequences.get_mut(index) {
                Some(known) => known.1 = *bias as f32,
                None => sequences.push((ids.clone(), *bias as f32)),
            }
        }
        Self { sequences }
    }
}

impl LogitsProcessor for SequenceBias {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        for (sequence, bias) in &self.sequences {
            add(*bias, sequence, ids, scores);
        }
    }
}

/// Excludes the last token of each sequence if the text ends with its other tokens.
#[derive(Debug, Clone)]
pub struct NoBadWords {
    words: Vec<Vec<i64>>,
}

impl NoBadWords {
    /// Uses all words except those that consist of a single EOS.
    #[must_use]
    pub fn new(bad_words_ids: &[Vec<i64>], eos_token_id: &[i64]) -> Self {
        let ends = |word: &[i64]| matches!(word, [one] if eos_token_id.contains(one));
        Self { words: bad_words_ids.iter().filter(|word| !ends(word)).cloned().collect() }
    }

    /// Whether there are no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

impl LogitsProcessor for NoBadWords {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        for word in &self.words {
            add(f32::NEG_INFINITY, word, ids, scores);
        }
    }
}

/// Adds `bias` to the score of the token that would complete the sequence. Sequences longer than the text are ignored, as in
/// transformers, even if the text is all of the sequence but its last token.
fn add(bias: f32, sequence: &[i64], ids: &[i64], scores: &mut [f32]) {
    if let Some((&last, before)) = sequence.split_last()
        && (before.is_empty() || (sequence.len() <= ids.len() && ids.ends_with(before)))
        && let Some(score) = usize::try_from(last).ok().and_then(|id| scores.get_mut(id))
    {
        *score += bias;
    }
}
