//! What `PairLogps` refuses, and losses that need what it lacks.

use super::assert_names;
use super::common::Drawn;
use super::common::combinations::{losses_of_batches, of};
use align_losses::{DpoLoss, DpoOptions, LinearLogps, LinearLogpsOptions, LossType, Pair, PairLogps, PairLoss, sft};
use tch::{Device, Kind, Tensor};

fn pair(chosen: &[f32], rejected: &[f32]) -> Pair<Tensor> {
    Pair { chosen: Tensor::from_slice(chosen), rejected: Tensor::from_slice(rejected) }
}

fn two() -> Pair<Tensor> {
    pair(&[-1.0, -2.0], &[-3.0, -4.0])
}

#[test]
fn log_probabilities_that_do_not_fit() {
    let (two, short, empty) = (two(), pair(&[-1.0, -2.0], &[-3.0]), pair(&[], &[]));
    let of_kind = |kind| two.as_ref().map(|x| x.to_kind(kind));
    let matrix = two.as_ref().map(|x| x.view([2, 1]));
    assert_names(PairLogps::new(&short, &two), &["policy.rejected: expected shape [2]"]);
    assert_names(PairLogps::new(&two, &short), &["reference.rejected: expected shape [2]"]);
    assert_names(PairLogps::new(&two, &of_kind(Kind::Double)), &["reference.chosen: expected Float", "Double"]);
    assert_names(PairLogps::new(&of_kind(Kind::Int64), &two), &["policy.chosen: expected a floating-point dtype"]);
    assert_names(PairLogps::new(&empty, &empty), &["policy.chosen", "at least one pair"]);
    assert_names(PairLogps::new(&matrix, &matrix), &["policy.chosen: expected shape (batch,)"]);
}

#[test]
fn tokens_and_weights_that_do_not_fit() {
    let two = two();
    let logps = || PairLogps::new(&two, &two).unwrap();
    let short = pair(&[1.0, 2.0], &[3.0]);
    let flags = two.as_ref().map(|x| x.to_kind(Kind::Bool));
    assert_names(logps().with_tokens(&short), &["tokens.rejected: expected shape [2]"]);
    assert_names(logps().with_tokens(&flags), &["tokens.chosen: expected an integer"]);
    assert_names(logps().with_weights(&short.rejected), &["weights: expected shape [2]"]);
    assert_names(logps().with_weights(&flags.chosen), &["weights: expected a floating-point dtype"]);
}

/// The losses that need lengths say so, with what to pass; the others do without.
#[test]
fn lengths_that_are_missing() {
    let logps = PairLogps::new(&two(), &two()).unwrap();
    for loss_type in LossType::ALL {
        let found = of(loss_type, 0.1).evaluate(&logps);
        let needs = matches!(loss_type, LossType::Ipo | LossType::SigmoidNorm | LossType::Sft);
        assert_eq!(found.is_err(), needs, "{loss_type}");
        if needs {
            assert_names(found, &["number of tokens", "with_tokens"]);
            assert_names(of(loss_type, 0.1).evaluate_with_gradient(&logps), &["number of tokens", "with_tokens"]);
        }
    }
    let priced = DpoLoss::new(DpoOptions { length_alpha: Some(0.1), ..DpoOptions::default() }).unwrap();
    assert_names(priced.evaluate(&logps), &["length-regularised", "with_tokens"]);
    assert_names(priced.evaluate_with_gradient(&logps), &["length-regularised", "with_tokens"]);
    assert_names(of(LossType::Ipo, 0.1).evaluate(&logps), &["length-normalised"]);
    assert_names(sft(&logps), &["sft", "with_tokens"]);
}

/// Also where one of them stands in a sum.
#[test]
fn weights_of_losses_of_the_batch() {
    let drawn = Drawn::new("refused weights", 0);
    for loss_type in [LossType::Aot, LossType::AotUnpaired, LossType::Sft] {
        let loss = of(loss_type, 0.1);
        let words = ["weights", &format!("loss_type {loss_type} depends on the whole batch")];
        assert_names(loss.evaluate(&drawn.weighted_logps()), &words);
        assert_names(loss.evaluate_with_gradient(&drawn.weighted_logps()), &words);
    }
    for loss in losses_of_batches(0.1) {
        assert_names(loss.evaluate_with_gradient(&drawn.weighted_logps()), &["weights", "whole batch"]);
    }
}

#[test]
fn a_statistic_without_the_statistics() {
    let options = LinearLogpsOptions { statistics: false, log_sum_sq_probs: true, ..LinearLogpsOptions::default() };
    let x = Tensor::ones([2, 3], (Kind::Float, Device::Cpu));
    let found = LinearLogps::forward(&x, &x, &Tensor::from_slice(&[0i64, 1]), &options);
    assert_names(found, &["log_sum_sq_probs", "set statistics to true"]);
}
