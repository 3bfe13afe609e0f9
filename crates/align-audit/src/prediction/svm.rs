//! A linear model of sparse vectors: the support vector machine with squared hinge loss, by dual coordinate descent (Hsieh et al. 2008,
//! algorithm 1), as in LIBLINEAR.

use align_base::random::generator;
use rand_chacha::rand_core::Rng;

/// Passes over the rows.
const PASSES: usize = 12;

/// The weight of the losses against the squared norm of the weights (C).
const LOSS_WEIGHT: f64 = 1.0;

/// An example: a sparse vector, and whether its label is the positive one.
pub(super) type Example<'a> = (&'a [(u32, f32)], bool);

/// The weights of a linear model, with an intercept if the examples have both labels by nature.
pub(super) struct Linear {
    weights: Vec<f32>,
    intercept: f64,
    with_intercept: bool,
}

impl Linear {
    /// Trains a model of vectors with fewer than `dimensions` entries. The order of the examples is a function of `seed`.
    pub fn train(examples: &[Example<'_>], dimensions: usize, with_intercept: bool, seed: u64) -> Self {
        let mut model = Self { weights: vec![0.0; dimensions], intercept: 0.0, with_intercept };
        let diagonal = 0.5 / LOSS_WEIGHT;
        let extra = if with_intercept { 1.0 } else { 0.0 };
        let norm = |x: &[(u32, f32)]| x.iter().map(|(_, value)| f64::from(*value).powi(2)).sum::<f64>();
        let norms: Vec<f64> = examples.iter().map(|(x, _)| norm(x) + extra + diagonal).collect();
        let mut alphas = vec![0.0_f64; examples.len()];
        let mut order: Vec<usize> = (0..examples.len()).collect();
        for pass in 0..PASSES {
            shuffle(&mut order, seed, pass as u64);
            for &at in &order {
                let (Some((x, label)), Some(norm), Some(alpha)) = (examples.get(at), norms.get(at), alphas.get_mut(at))
                else {
                    continue;
                };
                let sign = if *label { 1.0 } else { -1.0 };
                let gradient = sign * model.score(x) - 1.0 + diagonal * *alpha;
                let new = (*alpha - gradient / norm).max(0.0);
                model.add(x, (new - *alpha) * sign);
                *alpha = new;
            }
        }
        model
    }

    /// The score of a vector, positive for the positive label.
    pub fn score(&self, x: &[(u32, f32)]) -> f64 {
        let product = |(index, value): &(u32, f32)| {
            f64::from(self.weights.get(*index as usize).copied().unwrap_or_default()) * f64::from(*value)
        };
        x.iter().map(product).sum::<f64>() + self.intercept
    }

    fn add(&mut self, x: &[(u32, f32)], factor: f64) {
        for (index, value) in x {
            if let Some(weight) = self.weights.get_mut(*index as usize) {
                *weight += (factor * f64::from(*value)) as f32;
            }
        }
        if self.with_intercept {
            self.intercept += factor;
        }
    }
}

fn shuffle(order: &mut [usize], seed: u64, pass: u64) {
    let mut random = generator(seed, "audit order", pass);
    for at in (1..order.len()).rev() {
        let other = (random.next_u64() % (at as u64 + 1)) as usize;
        order.swap(at, other);
    }
}
