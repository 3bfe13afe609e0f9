//! Compares `align-losses` with losses.json: the papers' formulas in float64 NumPy, with gradients by central differences.

use align_losses::{
    DpoLoss, DpoOptions, FDivergence, KtoOptions, LossOption, LossType, Pair, PairLogps, PairLoss, cpo, kto, kto_kl,
    orpo_odds_ratio, simpo, slic_hf,
};
use serde_json::Value;
use std::collections::BTreeMap;
use tch::{Kind, Tensor};

fn numbers(case: &Value, name: &str) -> Vec<f64> {
    let list = case[name].as_array().unwrap_or_else(|| panic!("{name} is no list"));
    list.iter().map(|x| x.as_f64().unwrap()).collect()
}

fn sides(case: &Value, chosen: &str, rejected: &str) -> Pair<Tensor> {
    Pair { chosen, rejected }.map(|name| Tensor::from_slice(&numbers(case, name)))
}

fn loss_of(case: &Value) -> DpoLoss {
    let loss_type: LossType = serde_json::from_value(case["loss"].clone()).unwrap();
    let divergence = match case["f_divergence"].as_str().unwrap() {
        "alpha_divergence" => FDivergence::alpha(case["f_alpha"].as_f64().unwrap()).unwrap(),
        _ => serde_json::from_value(case["f_divergence"].clone()).unwrap(),
    };
    let number = |name: &str| case[name].as_f64().unwrap();
    DpoLoss::new(DpoOptions {
        loss_type,
        beta: number("beta"),
        label_smoothing: number("label_smoothing"),
        divergence,
        discopop_tau: (loss_type == LossType::Discopop).then(|| number("tau")),
        ..DpoOptions::default()
    })
    .unwrap()
}

/// The log-probabilities of policy and reference in a dtype.
fn logps_of(case: &Value, kind: Kind) -> PairLogps {
    let narrow = |chosen, rejected| sides(case, chosen, rejected).map(|x| x.to_kind(kind));
    let policy = narrow("policy_chosen", "policy_rejected");
    let reference = narrow("reference_chosen", "reference_rejected");
    let tokens = sides(case, "chosen_tokens", "rejected_tokens");
    PairLogps::new(&policy, &reference).unwrap().with_tokens(&tokens).unwrap()
}

/// The losses of TRL's `DPOTrainer`, except `sft`, which has no separate loss for each pair.
const TRL: [LossType; 14] = [
    LossType::Sigmoid,
    LossType::Hinge,
    LossType::Ipo,
    LossType::ExoPair,
    LossType::NcaPair,
    LossType::Robust,
    LossType::BcoPair,
    LossType::SppoHard,
    LossType::Aot,
    LossType::AotUnpaired,
    LossType::ApoZero,
    LossType::ApoDown,
    LossType::Discopop,
    LossType::SigmoidNorm,
];

/// Losses that are not a `LossType`. An unknown name fails.
const APART: [&str; 5] = ["cpo_sigmoid", "orpo_odds", "simpo", "slic_hf", "kto"];

fn all_cases() -> Vec<Value> {
    crate::read_json("losses.json")["cases"].as_array().unwrap().clone()
}

fn dpo_cases() -> Vec<Value> {
    all_cases().into_iter().filter(|case| !APART.contains(&case["loss"].as_str().unwrap())).collect()
}

/// The losses of a reference-free loss, and the gradient of their mean.
fn reference_free(case: &Value, kind: Kind) -> Option<(Tensor, Pair<Tensor>)> {
    let number = |name: &str| case[name].as_f64().unwrap();
    let logps = sides(case, "policy_chosen", "policy_rejected").map(|x| x.to_kind(kind).set_requires_grad(true));
    let tokens = sides(case, "chosen_tokens", "rejected_tokens");
    let (beta, tau) = (number("beta"), number("tau"));
    let losses = match case["loss"].as_str().unwrap() {
        "cpo_sigmoid" => cpo(&logps, beta, number("label_smoothing")),
        "simpo" => simpo(&logps, &tokens, beta, tau),
        "orpo_odds" => orpo_odds_ratio(&logps, &tokens),
        "slic_hf" => slic_hf(&logps, tau),
        _ => return None,
    };
    let losses = losses.unwrap();
    losses.mean(kind).backward();
    Some((losses.detach().to_kind(Kind::Double), logps.map(|x| x.grad().to_kind(Kind::Double))))
}

#[test]
fn losses_without_a_reference() {
    let mut seen = 0;
    for case in all_cases().iter().filter(|case| case["loss"] != "kto") {
        let Some((losses, gradient)) = reference_free(case, Kind::Double) else { continue };
        let name = case["loss"].as_str().unwrap();
        compare(name, &losses, &numbers(case, "losses"), 0.0, 1e-6);
        compare(name, &gradient.chosen, &numbers(case, "grad_policy_chosen"), 1e-5, 1e-8);
        compare(name, &gradient.rejected, &numbers(case, "grad_policy_rejected"), 1e-5, 1e-8);
        let (narrow, _) = reference_free(case, Kind::Float).unwrap();
        compare(name, &narrow, &numbers(case, "losses"), 1e-4, 1e-4);
        seen += 1;
    }
    assert!(seen >= 5, "{seen} cases");
}

#[test]
fn kto_on_single_completions() {
    let cases: Vec<Value> = all_cases().into_iter().filter(|case| case["loss"] == "kto").collect();
    assert!(!cases.is_empty());
    for case in cases {
        let number = |name: &str| case[name].as_f64().unwrap();
        let list = |name: &str| Tensor::from_slice(&numbers(&case, name));
        let desirable: Vec<bool> = case["desirable"].as_array().unwrap().iter().map(|x| x.as_bool().unwrap()).collect();
        let options = KtoOptions {
            beta: number("beta"),
            desirable_weight: number("desirable_weight"),
            undesirable_weight: number("undesirable_weight"),
        };
        let kl = kto_kl(&list("kl_logratios")).unwrap();
        assert!((kl.double_value(&[]) - number("kl")).abs() < 1e-12);
        let policy = list("policy").set_requires_grad(true);
        let log_ratio = &policy - list("reference");
        let losses = kto(&log_ratio, &Tensor::from_slice(&desirable), &kl, &options).unwrap();
        losses.mean(Kind::Double).backward();
        compare("kto losses", &losses.detach(), &numbers(&case, "losses"), 0.0, 1e-6);
        compare("kto rewards", &(options.beta * log_ratio.detach()), &numbers(&case, "rewards"), 0.0, 1e-6);
        compare("kto gradient", &policy.grad(), &numbers(&case, "grad_policy"), 1e-5, 1e-8);
    }
}

fn compare(what: &str, found: &Tensor, expected: &[f64], relative: f64, absolute: f64) {
    let found: Vec<f64> = Vec::try_from(found).unwrap();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let allowed = relative * expected.abs() + absolute;
        assert!((found - expected).abs() <= allowed, "{what}[{i}]: {found}, expected {expected}");
    }
}

#[test]
fn losses_rewards_and_gradients() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for case in dpo_cases() {
        let loss = loss_of(&case);
        *seen.entry(format!("{} {}", loss.options().loss_type, case["f_divergence"])).or_default() += 1;
        let (found, gradient) = loss.evaluate_with_gradient(&logps_of(&case, Kind::Double)).unwrap();
        let rewards = found.rewards();
        let name = |part: &str| format!("{loss:?} {part}");
        compare(&name("losses"), &found.losses, &numbers(&case, "losses"), 0.0, 1e-6);
        compare(&name("rewards.chosen"), &rewards.chosen, &numbers(&case, "chosen_rewards"), 0.0, 1e-6);
        compare(&name("rewards.rejected"), &rewards.rejected, &numbers(&case, "rejected_rewards"), 0.0, 1e-6);
        compare(&name("gradient.chosen"), &gradient.chosen, &numbers(&case, "grad_policy_chosen"), 1e-5, 1e-8);
        compare(&name("gradient.rejected"), &gradient.rejected, &numbers(&case, "grad_policy_rejected"), 1e-5, 1e-8);
    }
    for loss_type in TRL {
        let divergences = ["reverse_kl", "forward_kl", "js_divergence", "alpha_divergence"];
        let all = loss_type.takes(LossOption::Divergence);
        for divergence in &divergences[..if all { 4 } else { 1 }] {
            let key = format!("{loss_type} \"{divergence}\"");
            assert!(seen.contains_key(&key), "no case of {key} among {seen:?}");
        }
    }
}

/// The same in float32, at float32's precision.
#[test]
fn losses_in_float32() {
    for case in dpo_cases() {
        let loss = loss_of(&case);
        let found = loss.evaluate(&logps_of(&case, Kind::Float)).unwrap();
        compare(&format!("{loss:?}"), &found.losses.to_kind(Kind::Double), &numbers(&case, "losses"), 1e-4, 1e-4);
    }
}

#[test]
fn a_loss_survives_a_configuration_file_and_a_bad_one_does_not() {
    for case in dpo_cases() {
        let loss = loss_of(&case);
        let text = serde_json::to_string(&loss).unwrap();
        assert_eq!(serde_json::from_str::<DpoLoss>(&text).unwrap(), loss, "{text}");
    }
    let error = |text: &str| serde_json::from_str::<DpoLoss>(text).unwrap_err().to_string();
    assert!(error(r#"{"loss_type": "sigmoid", "beta": 0.0}"#).contains("beta: expected a finite number above 0"));
    assert!(
        error(r#"{"loss_type": "hinge", "beta": 0.1, "label_smoothing": 0.1}"#)
            .contains("loss_type hinge would ignore")
    );
    let alpha = r#"{"loss_type": "ipo", "beta": 0.1, "divergence": {"alpha_divergence": {"coefficient": 1.0}}}"#;
    assert!(error(alpha).contains("reverse_kl"));
    assert!(error(r#"{"loss_type": "sigmoid", "beta": 0.1, "tau": 1}"#).contains("unknown field `tau`"));
}
