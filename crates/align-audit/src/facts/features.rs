//! Words and pairs of words of the answers as sparse vectors.

use crate::row::{Answers, Row, Turn};
use crate::text_hash::mix;
use xxhash_rust::xxh3::xxh3_64;

/// The number of features of each kind.
pub(crate) const DIMENSIONS: usize = 1 << 18;

/// Most characters of a text that are looked at.
const LOOKED_AT: usize = 4000;

/// A sparse vector, sorted by index.
pub(crate) type Sparse = Vec<(u32, f32)>;

/// What the models of a row's label see.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Features {
    /// Which words occur: of an answer, or the difference between chosen and rejected. Each text is a vector of length 1, so that its
    /// length does not count.
    pub words: Sparse,
    /// Words, pairs of words, and the length.
    pub rich: Sparse,
    /// The label; true for pairs.
    pub label: bool,
    /// Whether the row is a pair.
    pub is_pair: bool,
}

impl Features {
    /// The features of a row; without any if it has no label.
    pub fn of(row: &Row) -> Self {
        let empty = Self { words: Vec::new(), rich: Vec::new(), label: true, is_pair: false };
        match &row.answers {
            Answers::Pair { chosen, rejected, .. } => {
                let [chosen, rejected] = [chosen, rejected].map(|side| Text::of(side));
                let words = difference(&unit(&chosen.words), &unit(&rejected.words));
                let rich = difference(&chosen.rich(), &rejected.rich());
                Self { words, rich, is_pair: true, ..empty }
            }
            Answers::Labelled { completion, label } => {
                let text = Text::of(completion);
                Self { words: unit(&text.words), rich: text.rich(), label: *label, ..empty }
            }
            Answers::Text { .. } => empty,
        }
    }
}

struct Text {
    words: Vec<u32>,
    pairs: Vec<u32>,
    chars: usize,
}

impl Text {
    fn of(turns: &[Turn]) -> Self {
        let (mut words, mut pairs, mut chars) = (Vec::new(), Vec::new(), 0);
        for turn in turns {
            chars += turn.text.chars().count();
            let text = turn.text.get(..turn.text.floor_char_boundary(LOOKED_AT)).unwrap_or_default().to_lowercase();
            let mut last = 0;
            for word in text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()) {
                let hash = xxh3_64(word.as_bytes());
                words.push(index(hash));
                pairs.push(index(mix(hash ^ last)) + DIMENSIONS as u32);
                last = hash.rotate_left(17);
            }
        }
        Self { words: distinct(words), pairs: distinct(pairs), chars }
    }

    /// Words and pairs of words as a vector of length 1, and the logarithm of the length.
    fn rich(&self) -> Sparse {
        let all: Vec<u32> = self.words.iter().chain(&self.pairs).copied().collect();
        let mut vector = unit(&all);
        vector.push((2 * DIMENSIONS as u32, (1.0 + self.chars as f32).ln() / 4.0));
        vector
    }
}

fn index(hash: u64) -> u32 {
    (hash % DIMENSIONS as u64) as u32
}

fn distinct(mut all: Vec<u32>) -> Vec<u32> {
    all.sort_unstable();
    all.dedup();
    all
}

/// A vector of length 1 with equal entries.
fn unit(indices: &[u32]) -> Sparse {
    let value = 1.0 / (indices.len().max(1) as f32).sqrt();
    indices.iter().map(|index| (*index, value)).collect()
}

/// The difference of two sorted vectors.
fn difference(a: &Sparse, b: &Sparse) -> Sparse {
    let (mut all, mut next) = (Vec::with_capacity(a.len() + b.len()), b.iter().copied().peekable());
    for &(index, value) in a {
        while let Some((other, subtracted)) = next.next_if(|(other, _)| *other < index) {
            all.push((other, -subtracted));
        }
        let subtracted = next.next_if(|(other, _)| *other == index).map_or(0.0, |(_, value)| value);
        all.push((index, value - subtracted));
    }
    all.extend(next.map(|(index, value)| (index, -value)));
    all.retain(|(_, value)| *value != 0.0);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_taken_index_by_index() {
        let (a, b) = (vec![(1, 1.0), (3, 2.0), (7, 1.0)], vec![(0, 1.0), (3, 0.5), (7, 1.0), (9, 4.0)]);
        assert_eq!(difference(&a, &b), [(0, -1.0), (1, 1.0), (3, 1.5), (9, -4.0)]);
    }

    #[test]
    fn equal_texts_have_no_features() {
        let features = Features::of(&Row::pair("p", "Was it fun?", "was it FUN"));
        assert!(features.words.is_empty());
        assert_eq!(features.rich.len(), 1, "only the length differs");
    }
}
