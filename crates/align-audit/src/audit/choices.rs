//! What rows say about their answers, added up: lengths, positions, scores.

use crate::check::Check;
use crate::facts::Choice;
use crate::report::{Margins, Prediction, Quantiles};
use crate::sample::Sample;
use std::collections::BTreeMap;

/// Wins of a rule of thumb, where ties count half.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wins {
    wins: u64,
    ties: u64,
    losses: u64,
}

impl Wins {
    fn add(&mut self, order: std::cmp::Ordering) {
        match order {
            std::cmp::Ordering::Greater => self.wins += 1,
            std::cmp::Ordering::Equal => self.ties += 1,
            std::cmp::Ordering::Less => self.losses += 1,
        }
    }

    fn rows(self) -> u64 {
        self.wins + self.ties + self.losses
    }

    /// The prediction by the rule or its opposite, whichever is right more often.
    fn prediction(self, check: Check, rule: &str, opposite: &str) -> Option<Prediction> {
        let rows = self.rows();
        let (won, words) = if self.wins >= self.losses { (self.wins, rule) } else { (self.losses, opposite) };
        let right = won as f64 + self.ties as f64 / 2.0;
        (rows > 0).then(|| Prediction::of_share(check, right, rows, words))
    }
}

/// Labelled rows by the length of their answer.
type ByLength = BTreeMap<usize, [u64; 2]>;

/// The sums.
pub(crate) struct Choices {
    pub pairs: u64,
    pub labelled: u64,
    pub desirable: u64,
    pub scored_pairs: u64,
    longer: Wins,
    chars: [u64; 2],
    by_length: ByLength,
    shown_first: Wins,
    margins: Sample<f64>,
    margin_sum: f64,
}

impl Choices {
    pub fn new(sample: usize, seed: u64) -> Self {
        Self {
            pairs: 0,
            labelled: 0,
            desirable: 0,
            scored_pairs: 0,
            longer: Wins::default(),
            chars: [0; 2],
            by_length: BTreeMap::new(),
            shown_first: Wins::default(),
            margins: Sample::new(sample.max(1), seed),
            margin_sum: 0.0,
        }
    }

    /// Adds a row.
    pub fn add(&mut self, row: u32, choice: &Choice) {
        match *choice {
            Choice::Pair { chosen_chars, rejected_chars, margin, chosen_was_first } => {
                self.pairs += 1;
                self.longer.add(chosen_chars.cmp(&rejected_chars));
                self.chars = [self.chars[0] + chosen_chars as u64, self.chars[1] + rejected_chars as u64];
                if let Some(first) = chosen_was_first {
                    self.shown_first.add(first.cmp(&!first));
                }
                if let Some(margin) = margin {
                    self.scored_pairs += 1;
                    self.margin_sum += margin;
                    self.margins.push(row, margin);
                }
            }
            Choice::Labelled { chars, label } => self.add_label(chars, label),
            Choice::Text => {}
        }
    }

    fn add_label(&mut self, chars: usize, label: bool) {
        let which = usize::from(label);
        self.labelled += 1;
        self.desirable += u64::from(label);
        if let Some(count) = self.by_length.entry(chars).or_default().get_mut(which) {
            *count += 1;
        }
    }

    /// How well length alone predicts the choice.
    pub fn by_length(&self) -> Option<Prediction> {
        let (longer, shorter) = ("the longer text is the chosen one", "the shorter text is the chosen one");
        if self.pairs > 0 {
            return self.longer.prediction(Check::LengthBias, longer, shorter);
        }
        // The number of desirable texts that are longer than an undesirable one, over all such pairs.
        let (mut right, mut undesirable_below, mut all) = (0.0, 0.0, [0.0_f64; 2]);
        for &[undesirable, desirable] in self.by_length.values() {
            let (undesirable, desirable) = (undesirable as f64, desirable as f64);
            right += desirable * (undesirable_below + undesirable / 2.0);
            undesirable_below += undesirable;
            all = [all[0] + undesirable, all[1] + desirable];
        }
        let [undesirable, desirable] = all;
        let auc = right / (undesirable * desirable);
        let words = match auc >= 0.5 {
            true => "a desirable text is longer than an undesirable one",
            false => "a desirable text is shorter than an undesirable one",
        };
        Prediction::of_auc(Check::LengthBias, auc.max(1.0 - auc), [undesirable, desirable], words)
    }

    /// How well the position alone predicts the choice of pairs that have one.
    pub fn by_position(&self) -> Option<Prediction> {
        let (first, second) =
            ("the text that was shown first is the chosen one", "the text that was shown second is the chosen one");
        self.shown_first.prediction(Check::PositionBias, first, second)
    }

    /// The differences of the scores of chosen and rejected texts.
    pub fn margins(&mut self) -> Option<Margins> {
        let sample = std::mem::replace(&mut self.margins, Sample::new(1, 0)).into_rows();
        let values: Vec<f64> = sample.into_iter().map(|row| row.value).collect();
        let mean = self.margin_sum / self.scored_pairs as f64;
        Some(Margins { pairs: self.scored_pairs, mean, sampled: values.len(), quantiles: Quantiles::of(values)? })
    }

    /// The mean lengths of chosen and rejected texts in characters.
    pub fn mean_chars(&self) -> Option<[f64; 2]> {
        (self.pairs > 0).then(|| self.chars.map(|chars| chars as f64 / self.pairs as f64))
    }
}
