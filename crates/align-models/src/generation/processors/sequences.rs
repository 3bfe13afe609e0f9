use super::LogitsProcessor;

/// Adds a bias to the last token of each sequence whose other tokens the text ends in.
#[derive(Debug, Clone)]
pub struct SequenceBias {
    /// By sequence, each of which stands here once.
    sequences: Vec<(Vec<i64>, f32)>,
}

impl SequenceBias {
    /// Of two biases of one sequence the later holds, as in transformers. Empty sequences bias nothing.
    #[must_use]
    pub fn new(sequence_bias: &[(Vec<i64>, f64)]) -> Self {
        let mut sequences: Vec<(Vec<i64>, f32)> = Vec::with_capacity(sequence_bias.len());
        let mut at = std::collections::HashMap::new();
        for (ids, bias) in sequence_bias {
            let place = *at.entry(ids).or_insert(sequences.len());
            match sequences.get_mut(place) {
                Some(held) => held.1 = *bias as f32,
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

/// Rules out the last token of each sequence whose other tokens the text ends in.
#[derive(Debug, Clone)]
pub struct NoBadWords {
    words: Vec<Vec<i64>>,
}

impl NoBadWords {
    /// The words but for those that are one of `eos_token_id` alone.
    #[must_use]
    pub fn new(bad_words_ids: &[Vec<i64>], eos_token_id: &[i64]) -> Self {
        let ends = |word: &[i64]| matches!(word, [one] if eos_token_id.contains(one));
        Self { words: bad_words_ids.iter().filter(|word| !ends(word)).cloned().collect() }
    }

    /// Whether no word is left.
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

/// Adds to the score of the token that completes the sequence, if the next one can. A sequence longer than the text is left
/// alone, also where the text holds all of it but the last token: so does transformers.
fn add(bias: f32, sequence: &[i64], ids: &[i64], scores: &mut [f32]) {
    if let Some((&last, before)) = sequence.split_last()
        && (before.is_empty() || (sequence.len() <= ids.len() && ids.ends_with(before)))
        && let Some(score) = usize::try_from(last).ok().and_then(|id| scores.get_mut(id))
    {
        *score += bias;
    }
}
