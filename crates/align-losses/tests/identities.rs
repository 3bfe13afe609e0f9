//! What the losses are in the limits and special cases that their papers name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use align_losses::{
    AdaptiveBeta, AlphaPoOptions, DpoLoss, DpoOptions, FDivergence, KtoOptions, LossOption, LossType, Pair, PairLoss,
    alpha_po, apo_zero, apo_zero_unpaired, bco, bco_pair, cal_dpo, conservative_sigmoid, cpo, discopop, dpop,
    exponential, hinge, ipo_sum, kto, kto_kl, orpo_odds_ratio, robust, sigmoid, simpo, sppo_hard, squared, tdpo1,
    tdpo2, token_forward_kl, truncated_quadratic, wpo_weights,
};
use common::combinations::{divergences, of};
use common::{Drawn, assert_near, one, tensors, values};
use tch::{Kind, Tensor};

const TIGHT: f64 = 1e-12;

fn same(what: &str, found: align_losses::Result<Tensor>, expected: align_losses::Result<Tensor>, tolerance: f64) {
    assert_near(what, &values(&found.unwrap()), &values(&expected.unwrap()), tolerance);
}

fn named(drawn: &Drawn, options: DpoOptions) -> align_losses::Result<Tensor> {
    DpoLoss::new(options)?.losses(&drawn.logps())
}

#[test]
fn of_the_margin() {
    for drawn in Drawn::several("margin") {
        let m = Tensor::from_slice(&drawn.margins());
        let beta = 0.4;
        same("squared is β² IPO", squared(&m, beta), ipo_sum(&m, beta / 2.0).map(|x| x * beta * beta), TIGHT);
        same("a hinge squared", truncated_quadratic(&m, beta), hinge(&m, beta).map(|x| x.square()), TIGHT);
        same("no smoothing", conservative_sigmoid(&m, beta, 0.0), sigmoid(&m, beta), 0.0);
        same("hardly any smoothing", conservative_sigmoid(&m, beta, 1e-9), sigmoid(&m, beta), 1e-8);
        same("robust without noise", robust(&m, beta, 0.0), sigmoid(&m, beta), TIGHT);
        same("robust with hardly any", robust(&m, beta, 1e-9), sigmoid(&m, beta), 1e-8);
        let half = (sigmoid(&m, beta).unwrap() + exponential(&m, beta).unwrap()) / 2.0;
        same("discopop of a wide blend", discopop(&m, beta, 1e9), Ok(half), 1e-8);
        // A narrow blend is a switch at 0.
        let switch = sigmoid(&m, beta).unwrap().where_self(&m.lt(0.0), &exponential(&m, beta).unwrap());
        same("discopop of a narrow blend", discopop(&m, beta, 1e-6), Ok(switch), TIGHT);
    }
}

/// As the coefficient nears 1 alpha is reverse KL, and at 0 forward KL, under every loss that takes a divergence.
#[test]
fn of_alpha_divergences() {
    let all = LossType::ALL.into_iter().filter(|loss_type| loss_type.takes(LossOption::Divergence));
    for (loss_type, drawn) in all.flat_map(|loss_type| Drawn::several("alpha").map(move |drawn| (loss_type, drawn))) {
        let base = *of(loss_type, 0.1).options();
        let with = |divergence| named(&drawn, DpoOptions { divergence, ..base });
        let alpha = |coefficient| with(FDivergence::alpha(coefficient).unwrap());
        same(loss_type.name(), alpha(0.0), with(FDivergence::ForwardKl), TIGHT);
        if !loss_type.info().length_normalised {
            for coefficient in [1.0 + 2e-6, 1.0 - 2e-6] {
                same(loss_type.name(), alpha(coefficient), with(FDivergence::ReverseKl), 1e-3);
            }
        }
    }
}

/// Near the reference every divergence is its slope there: `f''(1)` times reverse KL's, which is 1, ½ or 2.
#[test]
fn of_divergences_near_the_reference() {
    let mut drawn = Drawn::new("near", 0);
    drawn.policy = drawn
        .reference
        .as_ref()
        .zip(drawn.log_ratios())
        .map(|(reference, h)| reference.iter().zip(h).map(|(reference, h)| reference + 1e-5 * h).collect());
    // A loss that margins of 1e-5 move.
    let of = |divergence, beta| named(&drawn, DpoOptions { divergence, beta, ..DpoOptions::default() });
    for divergence in divergences() {
        let slope = match divergence {
            FDivergence::JsDivergence => 0.5,
            FDivergence::ChiSquared => 2.0,
            _ => 1.0,
        };
        same(divergence.name(), of(divergence, 1e5), of(FDivergence::ReverseKl, slope * 1e5), 1e-3);
    }
}

#[test]
fn of_each_side() {
    for drawn in Drawn::several("sides") {
        let h = tensors(&drawn.log_ratios());
        let margin = &h.chosen - &h.rejected;
        same("dpop without a price", dpop(&h, 0.4, 0.0), sigmoid(&margin, 0.4), TIGHT);
        let sum = sigmoid(&margin, 1.0).unwrap() + sppo_hard(&h, 0.4).unwrap();
        same("cal_dpo is DPO and SPPO", cal_dpo(&h, 0.4), Ok(sum), TIGHT);
        // A chosen completion that became likelier costs nothing.
        let risen = Pair { chosen: h.chosen.abs(), rejected: h.rejected.shallow_clone() };
        same("dpop where it rose", dpop(&risen, 0.4, 50.0), sigmoid(&(&risen.chosen - &risen.rejected), 0.4), TIGHT);
        let dpo = sigmoid(&margin, 0.4).unwrap();
        assert!(values(&(bco_pair(&h, 0.4).unwrap() - dpo)).iter().all(|x| *x >= 0.0), "BCO bounds DPO");
    }
}

#[test]
fn of_single_completions() {
    for drawn in Drawn::several("single") {
        let h = tensors(&drawn.log_ratios());
        let (yes, no) = (h.chosen.ones_like().to_kind(Kind::Bool), h.chosen.zeros_like().to_kind(Kind::Bool));
        let bco = |h: &Tensor, desirable: &Tensor| bco(h, desirable, 0.4, 0.0).unwrap();
        let both = bco(&h.chosen, &yes) + bco(&h.rejected, &no);
        same("two unshifted BCO are bco_pair", Ok(both), bco_pair(&h, 0.4), TIGHT);
        let apo = |h: &Tensor, desirable: &Tensor| apo_zero_unpaired(h, desirable, 0.4).unwrap();
        let both = apo(&h.chosen, &yes) + apo(&h.rejected, &no);
        same("two single APO-zero are a pair's", Ok(both), apo_zero(&h, 0.4), TIGHT);
        // KTO at a reference point of 0 is APO-zero; liked and disliked together are worth 1 whatever it is.
        let options = KtoOptions { beta: 0.4, ..KtoOptions::default() };
        let kto = |desirable: &Tensor, kl: f64| kto(&h.chosen, desirable, &Tensor::from(kl), &options).unwrap();
        for desirable in [&yes, &no] {
            same("KTO without a reference point", Ok(kto(desirable, 0.0)), Ok(apo(&h.chosen, desirable)), TIGHT);
        }
        same("both ways", Ok(kto(&yes, 0.7) + kto(&no, 0.7)), Ok(h.chosen.ones_like()), TIGHT);
    }
    // A completion at the reference point is worth half either way, and KL is never below 0.
    let (h, kl) = (Tensor::from_slice(&[1.5f32, 1.5]), Tensor::from(1.5f32));
    let losses = kto(&h, &Tensor::from_slice(&[true, false]), &kl, &KtoOptions::default()).unwrap();
    assert_eq!(values(&losses), [0.5, 0.5]);
    assert_eq!(kto_kl(&Tensor::from_slice(&[-3.0f32, 1.0])).unwrap().double_value(&[]), 0.0);
}

#[test]
fn of_lengths() {
    for drawn in Drawn::several("lengths") {
        let even = Drawn { tokens: drawn.tokens.as_ref().map(|_| drawn.tokens.chosen.clone()), ..drawn.clone() };
        let ones = Drawn { tokens: drawn.tokens.as_ref().map(|side| vec![1.0; side.len()]), ..drawn.clone() };
        for loss_type in LossType::ALL.into_iter().filter(|loss_type| loss_type.takes(LossOption::LengthAlpha)) {
            let plain = *of(loss_type, 0.1).options();
            let priced = DpoOptions { length_alpha: Some(0.05), ..plain };
            same("R-DPO of equal lengths", named(&even, priced), named(&even, plain), TIGHT);
            let (priced, plain) = (named(&drawn, priced).unwrap(), named(&drawn, plain).unwrap());
            assert!((priced - plain).abs().max().double_value(&[]) > 1e-3, "{loss_type} sees no length");
        }
        for (normalised, plain) in [(LossType::SigmoidNorm, LossType::Sigmoid), (LossType::Ipo, LossType::IpoSum)] {
            let losses = |loss_type| named(&ones, *of(loss_type, 0.1).options());
            same("texts of one token", losses(normalised), losses(plain), TIGHT);
        }
    }
}

#[test]
fn of_losses_without_a_reference() {
    for drawn in Drawn::several("reference-free") {
        let (logps, tokens) = (tensors(&drawn.policy), tensors(&drawn.tokens));
        let ones = logps.as_ref().map(Tensor::ones_like);
        let margin = &logps.chosen - &logps.rejected;
        same("CPO is DPO without a reference", cpo(&logps, 0.3, 0.0), sigmoid(&margin, 0.3), 0.0);
        same("SimPO of one token is CPO", simpo(&logps, &ones, 0.3, 0.0), cpo(&logps, 0.3, 0.0), TIGHT);
        let options = |alpha| AlphaPoOptions { beta: 2.0, gamma: 0.5, alpha, label_smoothing: 0.0 };
        let simpo = || simpo(&logps, &tokens, 2.0, 0.5);
        same("AlphaPO at 0", alpha_po(&logps, &tokens, &options(0.0)), simpo(), TIGHT);
        let away = |alpha| {
            let difference = alpha_po(&logps, &tokens, &options(alpha)).unwrap() - simpo().unwrap();
            difference.abs().max().double_value(&[])
        };
        assert!(away(0.1) > 1e-3, "alpha bends the reward");
        for alpha in [1e-9, -1e-9] {
            assert!(away(alpha) < 1e-5, "AlphaPO near 0 is SimPO: {}", away(alpha));
        }
        // Swapping the sides swaps the label: exp(-loss) are the two chances.
        let swapped = Pair { chosen: logps.rejected.shallow_clone(), rejected: logps.chosen.shallow_clone() };
        let turned = Pair { chosen: tokens.rejected.shallow_clone(), rejected: tokens.chosen.shallow_clone() };
        let chances = |loss: Tensor| (-loss).exp();
        let one = chances(orpo_odds_ratio(&logps, &tokens).unwrap());
        let other = chances(orpo_odds_ratio(&swapped, &turned).unwrap());
        same("odds", Ok(one + other), Ok(ones.chosen), TIGHT);
    }
}

#[test]
fn of_token_level_losses() {
    let drawn = Drawn::new("token level", 0);
    let logits = Tensor::from_slice(&drawn.policy.chosen).view([1, 2, 3]);
    let kl = token_forward_kl(&logits, &logits, &Tensor::from_slice2(&[[true, true]])).unwrap();
    assert_eq!(values(&kl), [0.0], "a policy does not diverge from itself");
    let kl = Pair { chosen: kl.shallow_clone(), rejected: kl };
    let (still, log_2) = (one(0.0, 0.0), [2f64.ln()]);
    assert_near("tdpo1 of equal policies", &values(&tdpo1(&still, &kl, 0.3).unwrap()), &log_2, TIGHT);
    assert_near("tdpo2 of equal policies", &values(&tdpo2(&still, &kl, 0.3, 0.5).unwrap()), &log_2, TIGHT);
    let (h, d) = (tensors(&drawn.log_ratios()), tensors(&drawn.reference).map(|x| x.abs()));
    same("tdpo2 at 0 is DPO", tdpo2(&h, &d, 0.3, 0.0), sigmoid(&(&h.chosen - &h.rejected), 0.3), TIGHT);
    same("tdpo2 at 1 is tdpo1's value", tdpo2(&h, &d, 0.3, 1.0), tdpo1(&h, &d, 0.3), TIGHT);
}

/// Texts that could not have been others weigh 1, and unlikely ones less.
#[test]
fn of_weights() {
    let certain = wpo_weights(&one(0.0, 0.0), &one(0.0, 0.0), &one(3.0, 5.0)).unwrap();
    assert_eq!(values(&certain), [1.0]);
    // Uniform over four: any token is as likely as a drawn one.
    let uniform = |tokens: f64| tokens * 0.25f64.ln();
    let both = one(uniform(3.0), uniform(5.0));
    assert_near("uniform", &values(&wpo_weights(&both, &both, &one(3.0, 5.0)).unwrap()), &[1.0], TIGHT);
    let unlikely = one(uniform(3.0) - 6.0, uniform(5.0));
    let found = wpo_weights(&unlikely, &both, &one(3.0, 5.0)).unwrap();
    assert_near("unlikely", &values(&found), &[(-2f64).exp()], TIGHT);
}

#[test]
fn of_adaptive_beta() {
    let mut constant = AdaptiveBeta::new(0.1, 0.0, 0.9).unwrap();
    for drawn in Drawn::several("constant") {
        assert_eq!(constant.next(&Tensor::from_slice(&drawn.margins())).unwrap(), 0.1);
    }
    // A mean that forgets at once is the batch's own, so that no batch is unusual.
    let mut forgetful = AdaptiveBeta::new(0.1, 0.6, 0.0).unwrap();
    // What stays the same becomes usual, whatever it is; with a graph or without.
    let mut adaptive = AdaptiveBeta::new(0.1, 0.6, 0.9).unwrap();
    let margin = Tensor::from_slice(&[3.0f32, 5.0]).set_requires_grad(true);
    let betas: Vec<f64> = (0..400).map(|_| adaptive.next(&margin).unwrap()).collect();
    assert_near("forgetful", &[forgetful.next(&margin).unwrap()], &[0.1], TIGHT);
    assert!(betas[0] > betas[1] && betas[1] > 0.1, "{betas:?}");
    assert_near("usual", &betas[399..], &[0.1], TIGHT);
}
