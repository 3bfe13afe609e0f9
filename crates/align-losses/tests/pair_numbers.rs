//! Numbers of pairs: soft labels, ODPO's offset and weights, against a second implementation in plain float64.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use align_losses::{
    DpoLoss, DpoOptions, Error, FDivergence, Hinge, LossOption, LossType, MarginLoss, Pair, PairLogps, PairLoss,
    SoftLabels, WeightedSum, odpo_offset,
};
use common::combinations::of;
use common::{Drawn, ROWS, assert_near, differences, tensors, values};
use tch::{Kind, Tensor};

const BETA: f64 = 0.4;
const ALPHA: f64 = 0.7;
/// One of each kind: certain, even, and probably wrong labels.
const PROBABILITIES: [f64; ROWS] = [1.0, 0.9, 0.5, 0.2, 1e-3, 0.77];
/// Differences on both sides of 1, where the offset changes its sign.
const SCORES: [f64; ROWS] = [3.0, 1.0, 0.4, 12.0, 0.05, 1.7];

fn sigma(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The loss of a pair by its log-ratios, the numbers of tokens and the offset of the reward margin.
fn plain(loss_type: LossType, h: [f64; 2], n: [f64; 2], offset: f64) -> f64 {
    let m = h[0] - h[1] - offset / BETA;
    let per_token = h[0] / n[0] - h[1] / n[1] - offset / BETA;
    let (x, target) = (BETA * m, 1.0 / (2.0 * BETA));
    let blend = sigma(x / 0.05);
    let reward = h.map(|h| BETA * h);
    match loss_type.name() {
        "sigmoid" | "robust" => -sigma(x).ln(),
        "hinge" => f64::max(0.0, 1.0 - x),
        "ipo" => (per_token - target).powi(2),
        "ipo_sum" => (m - target).powi(2),
        "exo_pair" => sigma(x) * (sigma(x) / 0.9).ln() + (1.0 - sigma(x)) * ((1.0 - sigma(x)) / 0.1).ln(),
        "discopop" => -(1.0 - blend) * sigma(x).ln() + blend * (-x).exp(),
        "sigmoid_norm" => -sigma(BETA * per_token).ln(),
        "squared" => (1.0 - x).powi(2),
        "exponential" => (-x).exp(),
        "truncated_quadratic" => f64::max(0.0, 1.0 - x).powi(2),
        "savage" => (1.0 - sigma(x)).powi(2),
        "nca_pair" => -sigma(reward[0]).ln() - 0.5 * sigma(-reward[0]).ln() - 0.5 * sigma(-reward[1]).ln(),
        "bco_pair" => -sigma(reward[0]).ln() - sigma(-reward[1]).ln(),
        "sppo_hard" => (h[0] - target).powi(2) + (h[1] + target).powi(2),
        "apo_zero" => 1.0 - sigma(reward[0]) + sigma(reward[1]),
        "apo_down" => sigma(reward[0]) + 1.0 - sigma(reward[0] - reward[1]),
        "cal_dpo" => -sigma(h[0] - h[1]).ln() + (h[0] - target).powi(2) + (h[1] + target).powi(2),
        "dpop" => -sigma(BETA * (h[0] - h[1] - 50.0 * f64::max(0.0, -h[0]))).ln(),
        name => panic!("{name} has no formula here"),
    }
}

/// The losses of a batch for some log-probabilities of the policy.
fn plain_losses(options: &DpoOptions, drawn: &Drawn, policy: &[Vec<f64>]) -> Vec<f64> {
    let of_row = |row: usize| {
        let h = [policy[0][row] - drawn.reference.chosen[row], policy[1][row] - drawn.reference.rejected[row]];
        let n = [drawn.tokens.chosen[row], drawn.tokens.rejected[row]];
        let offset = options.odpo_alpha.map_or(0.0, |alpha| alpha * SCORES[row].ln());
        let straight = plain(options.loss_type, h, n, offset);
        if !options.soft_labels {
            return straight;
        }
        let swapped = plain(options.loss_type, [h[1], h[0]], [n[1], n[0]], -offset);
        PROBABILITIES[row] * straight + (1.0 - PROBABILITIES[row]) * swapped
    };
    (0..ROWS).map(of_row).collect()
}

fn with_numbers(logps: PairLogps) -> PairLogps {
    let logps = logps.with_chosen_probabilities(&Tensor::from_slice(&PROBABILITIES)).unwrap();
    logps.with_score_margins(&Tensor::from_slice(&SCORES)).unwrap()
}

/// Each loss with the numbers that it takes, alone and together.
fn numbered() -> Vec<DpoOptions> {
    let each = LossType::ALL.into_iter().flat_map(|loss_type| {
        let base = *of(loss_type, BETA).options();
        let soft = loss_type.takes(LossOption::SoftLabels);
        let offset = loss_type.takes(LossOption::OdpoAlpha);
        [
            soft.then_some(DpoOptions { soft_labels: true, ..base }),
            offset.then_some(DpoOptions { odpo_alpha: Some(ALPHA), ..base }),
            (soft && offset).then_some(DpoOptions { soft_labels: true, odpo_alpha: Some(ALPHA), ..base }),
        ]
    });
    each.flatten().collect()
}

#[test]
fn losses_and_gradients_are_those_of_the_plain_formulas() {
    let all = numbered();
    assert_eq!(all.len(), 10 * 3 + 2 + 7);
    let (mut compared, mut kinks) = (0, 0);
    for (options, drawn) in all.iter().flat_map(|options| Drawn::several("numbers").map(move |d| (options, d))) {
        let loss = DpoLoss::new(*options).unwrap();
        let what = format!("{options:?}");
        let policy = [drawn.policy.chosen.clone(), drawn.policy.rejected.clone()];
        let (found, gradient) = loss.evaluate_with_gradient(&with_numbers(drawn.logps())).unwrap();
        assert_near(&what, &values(&found.losses), &plain_losses(options, &drawn, &policy), 1e-9);
        let gradient = [values(&gradient.chosen), values(&gradient.rejected)];
        for (side, row, slope) in differences(&policy, |policy| plain_losses(options, &drawn, policy)) {
            match slope {
                Some(slope) => {
                    let near = (gradient[side][row] - slope.value).abs() <= 1e-6 * slope.value.abs() + slope.noise;
                    assert!(near, "{what}, side {side}, row {row}: {} is not {slope:?}", gradient[side][row]);
                    compared += 1;
                }
                None => kinks += 1,
            }
        }
    }
    assert!(compared > 1000 && kinks * 50 < compared, "{kinks} kinks beside {compared} numbers");
}

/// Every one has a closed form, which is that of LibTorch's graph, also with weights, a divergence and an option of length.
#[test]
fn closed_forms_equal_autograd() {
    let mut all = numbered();
    let both = DpoOptions { soft_labels: true, odpo_alpha: Some(ALPHA), beta: BETA, ..DpoOptions::default() };
    all.push(DpoOptions { divergence: FDivergence::ChiSquared, ..both });
    all.push(DpoOptions { length_alpha: Some(0.02), loss_type: LossType::Hinge, ..both });
    let drawn = Drawn::new("graph", 0);
    for options in all {
        let loss = DpoLoss::new(options).unwrap();
        let logps = |policy: &Pair<Tensor>| {
            let logps = PairLogps::new(policy, &tensors(&drawn.reference)).unwrap();
            let logps = with_numbers(logps.with_tokens(&tensors(&drawn.tokens)).unwrap());
            logps.with_weights(&Tensor::from_slice(&drawn.weights)).unwrap()
        };
        assert!(loss.losses_and_gradients(&logps(&tensors(&drawn.policy)), 1.0).unwrap().is_some(), "{options:?}");
        let (_, gradient) = loss.evaluate_with_gradient(&logps(&tensors(&drawn.policy))).unwrap();
        let policy = tensors(&drawn.policy).map(|side| side.set_requires_grad(true));
        loss.evaluate(&logps(&policy)).unwrap().losses.mean(Kind::Double).backward();
        for (found, side) in [(&gradient.chosen, &policy.chosen), (&gradient.rejected, &policy.rejected)] {
            assert_near(&format!("{options:?}"), &values(found), &values(&side.grad()), 1e-11);
        }
    }
}

/// One probability for all pairs is label smoothing, where there is one: cDPO. IPO's expectation has a closed form.
#[test]
fn equal_probabilities_are_label_smoothing() {
    const E: f64 = 0.2;
    for drawn in Drawn::several("smoothing") {
        let logps = || {
            let sure = Tensor::from_slice(&[1.0 - E; ROWS]);
            drawn.logps().with_chosen_probabilities(&sure).unwrap()
        };
        let soft = |loss_type| {
            DpoLoss::new(DpoOptions { loss_type, soft_labels: true, beta: BETA, ..DpoOptions::default() }).unwrap()
        };
        let smoothed = DpoOptions { label_smoothing: E, beta: BETA, ..DpoOptions::default() };
        let smoothed = DpoLoss::new(smoothed).unwrap();
        let (found, gradient) = soft(LossType::Sigmoid).evaluate_with_gradient(&logps()).unwrap();
        let (expected, expected_gradient) = smoothed.evaluate_with_gradient(&drawn.logps()).unwrap();
        assert_near("cDPO", &values(&found.losses), &values(&expected.losses), 1e-12);
        assert_near("gradient", &values(&gradient.chosen), &values(&expected_gradient.chosen), 1e-12);
        assert_near("gradient", &values(&gradient.rejected), &values(&expected_gradient.rejected), 1e-12);
        // (1-ε)(m - t)² + ε(m + t)² = (m - (1 - 2ε) t)² + 4ε(1 - ε) t²
        let target = 1.0 / (2.0 * BETA);
        let expected: Vec<f64> = drawn
            .margins()
            .iter()
            .map(|m| (m - (1.0 - 2.0 * E) * target).powi(2) + 4.0 * E * (1.0 - E) * target.powi(2))
            .collect();
        let found = soft(LossType::IpoSum).evaluate(&logps()).unwrap();
        assert_near("IPO", &values(&found.losses), &expected, 1e-12);
    }
}

/// Sure labels are none, and a probability of p for a pair is one of 1 - p for the swapped pair.
#[test]
fn probabilities_follow_the_sides() {
    let drawn = Drawn::new("sides", 0);
    let soft = |drawn: &Drawn, p: [f64; ROWS], options: &DpoOptions| {
        let logps = drawn.logps().with_chosen_probabilities(&Tensor::from_slice(&p)).unwrap();
        values(&DpoLoss::new(*options).unwrap().evaluate(&logps).unwrap().losses)
    };
    for options in numbered().iter().filter(|options| options.soft_labels && options.odpo_alpha.is_none()) {
        let plain = DpoLoss::new(DpoOptions { soft_labels: false, ..*options }).unwrap();
        let plain = values(&plain.evaluate(&drawn.logps()).unwrap().losses);
        assert_near("sure", &soft(&drawn, [1.0; ROWS], options), &plain, 1e-13);
        let swapped = soft(&drawn.swapped(), [0.3; ROWS], options);
        assert_near(options.loss_type.name(), &swapped, &soft(&drawn, [0.7; ROWS], options), 1e-12);
    }
}

/// In a sum each loss takes what it can: the likelihood of the chosen completions has no expectation.
#[test]
fn parts_of_a_sum_and_own_losses() {
    let drawn = Drawn::new("parts", 0);
    let soft = DpoOptions { soft_labels: true, beta: BETA, ..DpoOptions::default() };
    let sft = DpoLoss::new(soft.for_loss(LossType::Sft)).unwrap();
    let soft = DpoLoss::new(soft).unwrap();
    let sum = WeightedSum::new(vec![(soft, 0.5), (sft, 2.0)]).unwrap();
    let logps = with_numbers(drawn.logps());
    let expected = 0.5 * soft.losses(&logps).unwrap() + 2.0 * sft.losses(&logps).unwrap();
    assert_near("sum", &values(&sum.losses(&logps).unwrap()), &values(&expected), 1e-13);
    let own = SoftLabels::new(MarginLoss::new(FDivergence::ReverseKl, Hinge, BETA).unwrap()).unwrap();
    let named = DpoOptions { loss_type: LossType::Hinge, soft_labels: true, beta: BETA, ..DpoOptions::default() };
    let named = DpoLoss::new(named).unwrap();
    assert_eq!(values(&own.losses(&logps).unwrap()), values(&named.losses(&logps).unwrap()));
}

#[test]
fn losses_that_would_ignore_the_numbers_refuse_them() {
    let names = |found: Result<DpoLoss, Error>, words: &[&str]| {
        let message = found.unwrap_err().to_string();
        words.iter().for_each(|word| assert!(message.contains(word), "no {word:?} in {message:?}"));
    };
    for loss_type in LossType::ALL {
        let base = *of(loss_type, BETA).options();
        if !loss_type.takes(LossOption::SoftLabels) {
            let found = DpoLoss::new(DpoOptions { soft_labels: true, label_smoothing: 0.0, ..base });
            names(found, &["soft_labels is true", &format!("loss_type {loss_type} would"), "sigmoid or hinge or ipo"]);
        }
        if !loss_type.takes(LossOption::OdpoAlpha) {
            let found = DpoLoss::new(DpoOptions { odpo_alpha: Some(1.0), ..base });
            names(found, &["odpo_alpha is 1", &format!("loss_type {loss_type} would"), "sigmoid or hinge"]);
        }
    }
    let without_soft = ["exo_pair", "robust", "aot", "aot_unpaired", "sft"];
    let found = LossType::ALL.into_iter().filter(|loss_type| !loss_type.takes(LossOption::SoftLabels));
    assert_eq!(found.map(LossType::name).collect::<Vec<_>>(), without_soft);
    for loss_type in LossType::ALL {
        let loss = of(loss_type, BETA);
        let coupled = loss.couples_batch();
        match SoftLabels::new(loss) {
            Ok(soft) => assert!(!coupled && !soft.couples_batch(), "{loss_type}"),
            Err(problem) => {
                let problem = problem.to_string();
                assert!(coupled && problem.contains("couples the pairs of a batch"), "{loss_type}: {problem}");
            }
        }
    }
    let smoothed = DpoOptions { soft_labels: true, label_smoothing: 0.1, ..DpoOptions::default() };
    names(DpoLoss::new(smoothed), &["soft_labels", "label_smoothing 0.1", "set label_smoothing to 0"]);
    for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        names(DpoLoss::new(DpoOptions { odpo_alpha: Some(alpha), ..DpoOptions::default() }), &["odpo_alpha"]);
    }
}

#[test]
fn numbers_that_are_missing_or_out_of_range() {
    let drawn = Drawn::new("range", 0);
    let message = |found: Result<PairLogps, Error>| found.unwrap_err().to_string();
    for wrong in [0.0, -0.5, 1.5, f64::NAN, f64::INFINITY] {
        let numbers = Tensor::from_slice(&[0.5, 0.5, wrong, 0.5, 0.5, 0.5]);
        let found = message(drawn.logps().with_chosen_probabilities(&numbers));
        assert!(found.contains("chosen_probabilities") && found.contains("above 0 and at most 1"), "{found}");
    }
    for wrong in [0.0, -0.5, f64::NAN, f64::INFINITY] {
        let numbers = Tensor::from_slice(&[0.5, 0.5, wrong, 0.5, 0.5, 0.5]);
        let found = message(drawn.logps().with_score_margins(&numbers));
        assert!(found.contains("score_margins") && found.contains("above 0"), "{found}");
        assert!(odpo_offset(&numbers, 1.0).is_err());
    }
    let short = Tensor::from_slice(&[0.5f64]);
    assert!(message(drawn.logps().with_chosen_probabilities(&short)).contains("expected shape [6]"));
    assert!(message(drawn.logps().with_score_margins(&short)).contains("expected shape [6]"));
    let soft = DpoLoss::new(DpoOptions { soft_labels: true, ..DpoOptions::default() }).unwrap();
    let found = soft.evaluate(&drawn.logps()).unwrap_err().to_string();
    assert!(found.contains("soft_labels") && found.contains("with_chosen_probabilities"), "{found}");
    let offset = DpoLoss::new(DpoOptions { odpo_alpha: Some(1.0), ..DpoOptions::default() }).unwrap();
    let found = offset.evaluate_with_gradient(&drawn.logps()).unwrap_err().to_string();
    assert!(found.contains("odpo_alpha") && found.contains("with_score_margins"), "{found}");
}
