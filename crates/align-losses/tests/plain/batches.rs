//! What is made of a whole batch, or of other losses.

use super::TOLERANCE;
use super::common::combinations::{PENALTIES, of};
use super::common::{Drawn, assert_near, tensors, values};
use super::formulas;
use align_losses::{AdaptiveBeta, LogRatioPenalty, LossType, PairLoss, Penalised, WeightedSum, sft, sigmoid};
use tch::Tensor;

/// β-DPO over several batches (arXiv:2407.08639, margins without β and the running mean with the batch in it, as in its
/// authors' code).
#[test]
fn beta_dpo() {
    let (base, alpha, momentum) = (0.3, 0.6, 0.9);
    let mut adaptive = AdaptiveBeta::new(base, alpha, momentum).unwrap();
    let mut usual = 0.0;
    let mut betas = Vec::new();
    for (index, drawn) in Drawn::several("beta-dpo").chain(Drawn::several("more of it")).enumerate() {
        // Margins that grow, as in training.
        let margins: Vec<f64> = drawn.margins().iter().map(|margin| margin + index as f64).collect();
        let mean = margins.iter().sum::<f64>() / margins.len() as f64;
        usual = momentum * usual + (1.0 - momentum) * mean;
        let expected = base * (1.0 + alpha * (mean - usual));
        let margin = Tensor::from_slice(&margins);
        let beta = adaptive.next(&margin).unwrap();
        assert_near("beta", &[beta], &[expected], TOLERANCE);
        assert_near("usual margin", &[adaptive.mean_margin()], &[usual], TOLERANCE);
        let losses: Vec<f64> = margins.iter().map(|margin| formulas::dpo(*margin, expected)).collect();
        assert_near("β-DPO", &values(&sigmoid(&margin, beta).unwrap()), &losses, TOLERANCE);
        betas.push(beta);
        // A checkpoint between batches goes on where it stood.
        adaptive = serde_json::from_str(&serde_json::to_string(&adaptive).unwrap()).unwrap();
    }
    assert!(betas.windows(2).all(|two| two[0] != two[1]), "{betas:?}");
}

/// A very wrong batch would make it negative.
#[test]
fn beta_never_falls_below_a_hundredth() {
    let mut adaptive = AdaptiveBeta::new(0.5, 0.6, 0.9).unwrap();
    assert_eq!(adaptive.next(&Tensor::from_slice(&[-1e4f64])).unwrap(), 0.5 * 0.01);
}

#[test]
fn sft_is_the_chosen_tokens_mean() {
    for drawn in Drawn::several("sft") {
        let mean = -drawn.policy.chosen.iter().sum::<f64>() / drawn.tokens.chosen.iter().sum::<f64>();
        let expected = vec![mean; drawn.weights.len()];
        assert_near("sft", &values(&sft(&drawn.logps()).unwrap()), &expected, TOLERANCE);
        let found = of(LossType::Sft, 0.1).evaluate(&drawn.logps()).unwrap();
        assert_near("sft by name", &values(&found.losses), &expected, TOLERANCE);
    }
}

#[test]
fn a_weighted_sum_is_one() {
    const BETA: f64 = 0.4;
    let sum = WeightedSum::new(vec![
        (of(LossType::Sigmoid, BETA), 0.8),
        (of(LossType::CalDpo, BETA), 0.3),
        (of(LossType::Squared, BETA), 2.0),
    ]);
    let sum = sum.unwrap();
    for drawn in Drawn::several("sum") {
        let expected = drawn.of_ratios(|h| {
            let x = BETA * (h.chosen - h.rejected);
            0.8 * formulas::dpo(x, 1.0)
                + 0.3 * formulas::cal_dpo(h.chosen, h.rejected, BETA)
                + 2.0 * formulas::gpo_squared(x)
        });
        assert_near("sum", &values(&sum.evaluate(&drawn.logps()).unwrap().losses), &expected, TOLERANCE);
        let weighted: Vec<f64> = expected.iter().zip(&drawn.weights).map(|(loss, weight)| loss * weight).collect();
        let found = sum.evaluate(&drawn.weighted_logps()).unwrap();
        assert_near("weighted pairs", &values(&found.losses), &weighted, TOLERANCE);
    }
    assert_eq!(sum.beta(), BETA);
}

#[test]
fn penalties_are_added_for_both_sides() {
    let plain = |penalty: LogRatioPenalty, h: f64| match penalty {
        LogRatioPenalty::Square => h * h,
        LogRatioPenalty::PseudoHuber => (1.0 + h * h).sqrt() - 1.0,
        LogRatioPenalty::Softplus => (1.0 + h.exp()).ln(),
        LogRatioPenalty::Exponential => h.exp() - 1.0,
        _ => panic!("{penalty:?} has no formula here"),
    };
    for drawn in Drawn::several("penalties") {
        for penalty in PENALTIES {
            let loss = Penalised::new(of(LossType::Sigmoid, 0.4), penalty, 0.25).unwrap();
            let expected = drawn.of_ratios(|h| {
                formulas::dpo(h.chosen - h.rejected, 0.4)
                    + 0.25 * (plain(penalty, h.chosen) + plain(penalty, h.rejected))
            });
            let found = loss.evaluate(&drawn.logps()).unwrap();
            assert_near(&format!("{penalty:?}"), &values(&found.losses), &expected, TOLERANCE);
            assert_eq!(found.rewards().chosen, 0.4 * tensors(&drawn.log_ratios()).chosen);
        }
    }
}
