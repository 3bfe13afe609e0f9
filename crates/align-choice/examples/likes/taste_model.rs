//! A reward model that is linear in the features of a text, trained by Bradley-Terry on pairs with soft labels.

use crate::simulation::FEATURES;

const STEPS: usize = 300;
const LEARNING_RATE: f64 = 0.5;
/// Weight decay, without which pairs that can be separated have no finite optimum.
const DECAY: f64 = 0.01;

pub struct TrainingPair {
    /// The features of the chosen text minus those of the rejected one.
    pub difference: [f64; FEATURES],
    /// The probability that the chosen text is the better one.
    pub probability: f64,
}

pub struct TasteModel {
    weights: [f64; FEATURES],
}

impl TasteModel {
    /// Gradient descent on the mean cross-entropy.
    pub fn train(pairs: &[TrainingPair]) -> Self {
        let mut model = Self { weights: [0.0; FEATURES] };
        for _ in 0..STEPS {
            let mut gradient = model.weights.map(|weight| DECAY * weight);
            for pair in pairs {
                let predicted = 1.0 / (1.0 + (-model.score(&pair.difference)).exp());
                let error = (predicted - pair.probability) / pairs.len() as f64;
                gradient.iter_mut().zip(&pair.difference).for_each(|(sum, x)| *sum += error * x);
            }
            model.weights.iter_mut().zip(&gradient).for_each(|(weight, by)| *weight -= LEARNING_RATE * by);
        }
        model
    }

    /// How much better a text is than another, by the difference of their features.
    pub fn score(&self, difference: &[f64; FEATURES]) -> f64 {
        self.weights.iter().zip(difference).map(|(weight, x)| weight * x).sum()
    }
}
