use super::tensors;
use align_losses::{Pair, PairLogps};
use rand::RngExt;
use tch::Tensor;

pub const ROWS: usize = 6;

/// A batch of pairs that a seed gives: log-ratios within ±3, where every loss bends, texts of 1 to 40 tokens.
#[derive(Debug, Clone)]
pub struct Drawn {
    pub policy: Pair<Vec<f64>>,
    pub reference: Pair<Vec<f64>>,
    pub tokens: Pair<Vec<f64>>,
    pub weights: Vec<f64>,
}

impl Drawn {
    pub fn new(purpose: &str, index: u64) -> Self {
        let mut rng = align_base::random::generator(20_240_515, purpose, index);
        let mut column = |low: f64, high: f64| (0..ROWS).map(|_| rng.random_range(low..high)).collect::<Vec<f64>>();
        let policy = Pair { chosen: column(-60.0, -1.0), rejected: column(-60.0, -1.0) };
        let log_ratios = Pair { chosen: column(-3.0, 3.0), rejected: column(-3.0, 3.0) };
        let tokens = Pair { chosen: column(1.0, 41.0), rejected: column(1.0, 41.0) };
        let tokens = tokens.map(|side| side.into_iter().map(f64::floor).collect());
        let reference = policy.as_ref().zip(log_ratios).map(|(policy, h)| minus(policy, &h));
        Self { policy, reference, tokens, weights: column(0.1, 2.0) }
    }

    /// Several, none like the others.
    pub fn several(purpose: &str) -> impl Iterator<Item = Self> + '_ {
        (0..3).map(move |index| Self::new(purpose, index))
    }

    pub fn logps(&self) -> PairLogps {
        let logps = PairLogps::new(&tensors(&self.policy), &tensors(&self.reference)).unwrap();
        logps.with_tokens(&tensors(&self.tokens)).unwrap()
    }

    pub fn weighted_logps(&self) -> PairLogps {
        self.logps().with_weights(&Tensor::from_slice(&self.weights)).unwrap()
    }

    pub fn log_ratios(&self) -> Pair<Vec<f64>> {
        self.policy.as_ref().zip(self.reference.as_ref()).map(|(policy, reference)| minus(policy, reference))
    }

    /// `h_chosen - h_rejected`.
    pub fn margins(&self) -> Vec<f64> {
        let Pair { chosen, rejected } = self.log_ratios();
        minus(&chosen, &rejected)
    }

    /// What `formula` makes of each pair's log-ratios.
    pub fn of_ratios(&self, formula: impl Fn(Pair<f64>) -> f64) -> Vec<f64> {
        let Pair { chosen, rejected } = self.log_ratios();
        chosen.into_iter().zip(rejected).map(|(chosen, rejected)| formula(Pair { chosen, rejected })).collect()
    }

    /// One pair of it.
    pub fn row(&self, row: usize) -> Self {
        let pick = |sides: &Pair<Vec<f64>>| sides.as_ref().map(|side| vec![side[row]]);
        Self {
            policy: pick(&self.policy),
            reference: pick(&self.reference),
            tokens: pick(&self.tokens),
            weights: vec![self.weights[row]],
        }
    }

    /// The same with the labels turned round.
    pub fn swapped(&self) -> Self {
        let swap = |sides: &Pair<Vec<f64>>| Pair { chosen: sides.rejected.clone(), rejected: sides.chosen.clone() };
        Self {
            policy: swap(&self.policy),
            reference: swap(&self.reference),
            tokens: swap(&self.tokens),
            weights: self.weights.clone(),
        }
    }
}

fn minus(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().zip(right).map(|(left, right)| left - right).collect()
}
