//! What the functions outside `PairLoss` refuse.

use super::common::{one, tensors};
use super::{BELOW_ZERO, NO_SMOOTHING, NOT_ABOVE_ZERO, assert_names};
use align_losses::{
    AlphaPoOptions, BcoShift, KtoOptions, LogRatioPenalty, Pair, Penalty, alpha_po, apo_zero_unpaired, bco, cal_dpo,
    cpo, discopop, dpop, exponential, kto, kto_kl, length_regularised, orpo_odds_ratio, savage, sigmoid, simpo,
    slic_hf, slic_hf_regularised, squared, tdpo1, tdpo2, token_forward_kl, truncated_quadratic, wpo_weights,
};
use tch::{Kind, Tensor};

fn column(x: &[f64]) -> Tensor {
    Tensor::from_slice(x)
}

#[test]
fn strengths_outside_their_range() {
    let (m, h, yes) = (column(&[1.0]), one(1.0, -1.0), Tensor::from_slice(&[true]));
    for beta in NOT_ABOVE_ZERO {
        for surrogate in [sigmoid, squared, exponential, truncated_quadratic, savage] {
            assert_names(surrogate(&m, beta), &["beta"]);
        }
        assert_names(cpo(&h, beta, 0.0), &["beta"]);
        assert_names(simpo(&h, &h, beta, 0.5), &["beta"]);
        assert_names(cal_dpo(&h, beta), &["beta"]);
        assert_names(dpop(&h, beta, 1.0), &["beta"]);
        assert_names(tdpo1(&h, &h, beta), &["beta"]);
        assert_names(tdpo2(&h, &h, beta, 0.5), &["beta"]);
        assert_names(bco(&m, &yes, beta, 0.0), &["beta"]);
        assert_names(apo_zero_unpaired(&m, &yes, beta), &["beta"]);
        assert_names(length_regularised(&m, &h, beta, 0.1), &["beta"]);
        assert_names(length_regularised(&m, &h, 0.1, beta), &["length_alpha"]);
        assert_names(discopop(&m, 0.1, beta), &["discopop_tau"]);
    }
    for value in BELOW_ZERO {
        assert_names(dpop(&h, 0.1, value), &["dpop_lambda"]);
        assert_names(simpo(&h, &h, 2.0, value), &["gamma"]);
        assert_names(slic_hf(&h, value), &["delta"]);
        assert_names(slic_hf_regularised(&h, &m, 1.0, value), &["lambda"]);
        assert_names(tdpo2(&h, &h, 0.1, value), &["alpha"]);
    }
    for value in NO_SMOOTHING {
        assert_names(cpo(&h, 0.1, value), &["label_smoothing"]);
    }
    assert_names(bco(&m, &yes, 0.1, f64::NAN), &["delta"]);
}

#[test]
fn options_outside_their_range() {
    let h = one(-1.0, -2.0);
    let alpha = |change: fn(&mut AlphaPoOptions, f64), value: f64, name: &str| {
        let mut options = AlphaPoOptions::default();
        change(&mut options, value);
        assert_names(alpha_po(&h, &h, &options), &[name]);
        assert_names(options.rewards(&h, &h), &[name]);
    };
    NOT_ABOVE_ZERO.iter().for_each(|x| alpha(|o, x| o.beta = x, *x, "beta"));
    BELOW_ZERO.iter().for_each(|x| alpha(|o, x| o.gamma = x, *x, "gamma"));
    NO_SMOOTHING.iter().for_each(|x| alpha(|o, x| o.label_smoothing = x, *x, "label_smoothing"));
    [f64::NAN, f64::INFINITY].iter().for_each(|x| alpha(|o, x| o.alpha = x, *x, "alpha"));

    let (m, yes, kl) = (column(&[1.0]), Tensor::from_slice(&[true]), Tensor::from(0.0f64));
    for value in NOT_ABOVE_ZERO {
        let refused = |options: KtoOptions, name: &str| assert_names(kto(&m, &yes, &kl, &options), &[name]);
        refused(KtoOptions { beta: value, ..KtoOptions::default() }, "beta");
        refused(KtoOptions { desirable_weight: value, ..KtoOptions::default() }, "desirable_weight");
        refused(KtoOptions { undesirable_weight: value, ..KtoOptions::default() }, "undesirable_weight");
    }
}

#[test]
fn tensors_that_do_not_fit() {
    let h = one(1.0, -1.0);
    let uneven = tensors(&Pair { chosen: vec![1.0], rejected: vec![1.0, 2.0] });
    let both = |x: &[f64]| Pair { chosen: column(x), rejected: column(x) };
    let whole = h.as_ref().map(|x| x.to_kind(Kind::Int64));
    let (m, whole_m) = (column(&[1.0]), Tensor::from_slice(&[1i64]));
    assert_names(sigmoid(&whole_m, 0.1), &["margin", "floating-point"]);
    assert_names(slic_hf(&uneven, 1.0), &["logps.rejected"]);
    assert_names(slic_hf_regularised(&h, &column(&[1.0, 2.0]), 1.0, 0.1), &["targets"]);
    assert_names(orpo_odds_ratio(&h, &both(&[3.0, 4.0])), &["tokens.chosen"]);
    assert_names(length_regularised(&m, &uneven, 0.1, 0.1), &["tokens.rejected"]);
    assert_names(cal_dpo(&uneven, 0.1), &["log_ratios.rejected"]);
    assert_names(dpop(&whole, 0.1, 1.0), &["log_ratios.chosen", "floating-point"]);
    assert_names(tdpo1(&h, &uneven, 0.1), &["kl.rejected"]);
    assert_names(tdpo2(&h, &both(&[1.0, 2.0]), 0.1, 0.5), &["kl.chosen"]);
    assert_names(wpo_weights(&uneven, &h, &h), &["logps.rejected"]);
    assert_names(wpo_weights(&h, &both(&[1.0, 2.0]), &h), &["log_sum_sq_probs.chosen"]);
    assert_names(wpo_weights(&h, &h, &both(&[1.0, 2.0])), &["tokens.chosen"]);
    assert_names(bco(&m, &m, 0.1, 0.0), &["desirable", "Bool"]);
    assert_names(apo_zero_unpaired(&m, &Tensor::from_slice(&[true, false]), 0.1), &["desirable", "[1]"]);
    assert_names(kto(&m, &m, &Tensor::from(0.0f64), &KtoOptions::default()), &["desirable"]);
    assert_names(kto(&m, &Tensor::from_slice(&[true]), &m, &KtoOptions::default()), &["kl"]);
    assert_names(kto_kl(&whole_m), &["mismatched"]);
    assert_names(BcoShift::default().update(&whole_m), &["rewards"]);
    let infinite = Tensor::from_slice(&[f64::INFINITY]);
    assert_names(BcoShift::default().update(&infinite), &["rewards", "finite mean"]);
    assert_names(LogRatioPenalty::Square.penalty(&whole_m), &["log_ratio"]);
    let logits = column(&[0.0; 6]).view([1, 2, 3]);
    let mask = Tensor::from_slice2(&[[true, true]]);
    assert_names(token_forward_kl(&logits.view([2, 3]), &logits, &mask), &["policy_logits", "(batch, seq, vocab)"]);
    assert_names(token_forward_kl(&logits, &logits.view([1, 3, 2]), &mask), &["reference_logits"]);
    assert_names(token_forward_kl(&logits, &logits, &mask.view([2, 1])), &["mask"]);
}
