//! Losses that look at each token's distribution, from distributions written down.

use super::TOLERANCE;
use super::common::{assert_near, one, values};
use super::formulas;
use align_losses::{LinearLogps, LinearLogpsOptions, Pair, tdpo1, tdpo2, token_forward_kl, token_logps, wpo_weights};
use tch::{Kind, Tensor};

type Distribution = [f64; 3];

/// A text of two tokens under policy and reference.
struct Text {
    policy: [Distribution; 2],
    reference: [Distribution; 2],
    tokens: [usize; 2],
}

fn texts() -> Pair<Text> {
    Pair {
        chosen: Text {
            policy: [[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]],
            reference: [[0.5, 0.25, 0.25], [0.4, 0.2, 0.4]],
            tokens: [0, 1],
        },
        rejected: Text {
            policy: [[0.1, 0.1, 0.8], [0.3, 0.3, 0.4]],
            reference: [[0.6, 0.2, 0.2], [0.2, 0.3, 0.5]],
            tokens: [1, 2],
        },
    }
}

impl Text {
    fn log_ratio(&self) -> f64 {
        (0..2).map(|t| (self.policy[t][self.tokens[t]] / self.reference[t][self.tokens[t]]).ln()).sum()
    }

    fn kl(&self) -> f64 {
        (0..2).map(|t| formulas::kl(&self.reference[t], &self.policy[t])).sum()
    }

    fn labels(&self) -> Tensor {
        // The third position is padding.
        Tensor::from_slice(&[self.tokens[0] as i64, self.tokens[1] as i64, 0]).view([1, 3])
    }
}

/// Logits `(1, 3, 3)` of two distributions and of padding, shifted by a constant that softmax takes away.
fn logits(distributions: &[Distribution; 2]) -> Tensor {
    let padding = [9.0, -9.0, 1e3];
    let rows = distributions.iter().flatten().map(|p| p.ln() - 3.0).chain(padding);
    Tensor::from_slice(&rows.collect::<Vec<_>>()).view([1, 3, 3])
}

fn mask() -> Tensor {
    Tensor::from_slice2(&[[1i64, 1, 0]])
}

fn kl(text: &Text) -> Tensor {
    token_forward_kl(&logits(&text.policy), &logits(&text.reference), &mask()).unwrap()
}

#[test]
fn the_forward_kl_of_texts() {
    for text in [texts().chosen, texts().rejected] {
        assert_near("token_forward_kl", &values(&kl(&text)), &[text.kl()], TOLERANCE);
        let same = token_forward_kl(&logits(&text.policy), &logits(&text.policy), &mask()).unwrap();
        assert_eq!(values(&same), [0.0]);
        // A KL is not symmetric, so one of the wrong direction shows.
        let wrong: f64 = (0..2).map(|t| formulas::kl(&text.policy[t], &text.reference[t])).sum();
        assert!((wrong - text.kl()).abs() > 1e-3);
    }
}

/// Through the crate's own log-probabilities, from logits to the loss.
#[test]
fn tdpo_from_logits() {
    let log_ratio = |text: &Text| {
        let logps = |of: &_| token_logps(&logits(of), &text.labels()).unwrap();
        let difference = logps(&text.policy) - logps(&text.reference);
        (difference * mask()).sum_dim_intlist([-1i64].as_slice(), false, Kind::Double)
    };
    let texts = texts();
    let log_ratios = texts.as_ref().map(log_ratio);
    let divergences = texts.as_ref().map(kl);
    let h = (texts.chosen.log_ratio(), texts.rejected.log_ratio());
    let d = (texts.chosen.kl(), texts.rejected.kl());
    for beta in [0.1, 1.5] {
        let found = tdpo1(&log_ratios, &divergences, beta).unwrap();
        assert_near("tdpo1", &values(&found), &[formulas::tdpo1(h, d, beta)], TOLERANCE);
        for alpha in [0.0, 0.5, 2.0] {
            let found = tdpo2(&log_ratios, &divergences, beta, alpha).unwrap();
            assert_near("tdpo2", &values(&found), &[formulas::tdpo2(h, d, beta, alpha)], TOLERANCE);
        }
    }
}

/// WPO's weights by way of [`LinearLogps`], which a trainer has them from: with one-hot hidden states the projection's columns
/// are the logits.
#[test]
fn wpo_weights_from_hidden_states() {
    let texts = texts();
    let options = LinearLogpsOptions { statistics: true, log_sum_sq_probs: true, ..LinearLogpsOptions::default() };
    let summed = texts.as_ref().map(|text| {
        let weight = logits(&text.policy).narrow(1, 0, 2).view([2, 3]).tr().contiguous();
        let hidden = Tensor::eye(2, (Kind::Double, tch::Device::Cpu));
        let targets = text.labels().view([-1]).narrow(0, 0, 2);
        let (linear, statistics) = LinearLogps::forward(&hidden, &weight, &targets, &options).unwrap();
        let squares = statistics.unwrap().log_sum_sq_probs.unwrap();
        (linear.logps().sum(Kind::Double).view([1]), squares.sum(Kind::Double).view([1]))
    });
    let Pair { chosen, rejected } = summed;
    let logps = Pair { chosen: chosen.0, rejected: rejected.0 };
    let squares = Pair { chosen: chosen.1, rejected: rejected.1 };
    let found = wpo_weights(&logps, &squares, &one(2.0, 2.0)).unwrap();
    let plain = |text: &Text| formulas::wpo(&[0, 1].map(|t| (text.policy[t].to_vec(), text.tokens[t])));
    assert_near("wpo_weights", &values(&found), &[plain(&texts.chosen) * plain(&texts.rejected)], TOLERANCE);
}
