//! How well the words of the answers predict the label of rows that a model was not trained on.

mod calibration;
mod svm;

use crate::facts::features::{DIMENSIONS, Features, Sparse};
use crate::sample::Sampled;
use calibration::Calibration;
use svm::{Example, Linear};

/// Parts of the cross-validation.
const FOLDS: u64 = 5;

/// Fewest rows of which models are trained.
pub(crate) const FEWEST_ROWS: usize = 100;

/// A model is sure that a label is wrong if it gives the label at most this probability.
const SURELY_WRONG: f64 = 0.2;

/// A row of the sample: its prompt, whose rows are in one part of the cross-validation, and its features.
pub(crate) struct Labelled {
    pub prompt: u64,
    pub features: Features,
}

/// Rows whose labels are predicted.
pub(crate) struct Predicted<'a> {
    rows: Vec<(u32, &'a Labelled)>,
    /// Whether the rows are pairs.
    pub are_pairs: bool,
    /// Whether the sample has rows of the other kind, which are left out.
    pub has_others: bool,
}

/// Rows whose label is surely wrong to a model.
pub(crate) struct Noise {
    /// The rows, by their index in all files.
    pub rows: Vec<u32>,
    /// The standard error of their number, if the probabilities are right.
    pub error: f64,
}

impl<'a> Predicted<'a> {
    /// The pairs of the sample, or its labelled rows if there are more of them. Rows whose sides are equal are left out.
    pub fn of(sample: &'a [Sampled<Labelled>]) -> Self {
        let usable = |is_pair: bool| {
            let rows = sample.iter().filter(move |row| row.value.features.is_pair == is_pair);
            rows.filter(|row| !row.value.features.words.is_empty()).map(|row| (row.row, &row.value))
        };
        let (pairs, labelled): (Vec<_>, Vec<_>) = (usable(true).collect(), usable(false).collect());
        let are_pairs = pairs.len() >= labelled.len();
        let has_others = !pairs.is_empty() && !labelled.is_empty();
        Self { rows: if are_pairs { pairs } else { labelled }, are_pairs, has_others }
    }

    /// Whether there are enough rows, of both labels, for models.
    pub fn is_enough(&self) -> bool {
        let positive = self.rows.iter().filter(|(_, row)| row.features.label).count();
        let both = self.are_pairs || positive.min(self.rows.len() - positive) >= FEWEST_ROWS / 10;
        self.rows.len() >= FEWEST_ROWS && both
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The scores of the rows by a model of words that was not trained on them, and their labels.
    pub fn by_words(&self) -> Vec<(f64, bool)> {
        self.cross_validated(|features| &features.words, DIMENSIONS)
    }

    /// The rows whose label a model of words, pairs of words and lengths is sure is wrong.
    pub fn noise(&self) -> Noise {
        let scored = self.cross_validated(|features| &features.rich, 2 * DIMENSIONS + 1);
        let calibration = Calibration::fit(&scored, !self.are_pairs);
        let of_label = |&(score, label): &(f64, bool)| {
            let positive = calibration.probability(score);
            if label { positive } else { 1.0 - positive }
        };
        let probabilities = scored.iter().map(of_label);
        let wrong = self.rows.iter().zip(probabilities).filter(|(_, probability)| *probability <= SURELY_WRONG);
        let (mut rows, mut variance) = (Vec::new(), 0.0);
        for ((row, _), probability) in wrong {
            rows.push(*row);
            variance += probability * (1.0 - probability);
        }
        Noise { rows, error: variance.sqrt() }
    }

    fn cross_validated(&self, vector: fn(&Features) -> &Sparse, dimensions: usize) -> Vec<(f64, bool)> {
        let fold = |row: &Labelled| row.prompt % FOLDS;
        let example = |row: &'a Labelled| -> Example<'a> { (vector(&row.features), row.features.label) };
        let mut scored = vec![(0.0, true); self.rows.len()];
        for part in 0..FOLDS {
            let training = self.rows.iter().filter(|(_, row)| fold(row) != part);
            let training: Vec<Example<'_>> = training.map(|(_, row)| example(row)).collect();
            let model = Linear::train(&training, dimensions, !self.are_pairs, part);
            for ((_, row), scored) in self.rows.iter().zip(&mut scored).filter(|((_, row), _)| fold(row) == part) {
                let (vector, label) = example(row);
                *scored = (model.score(vector), label);
            }
        }
        scored
    }
}
