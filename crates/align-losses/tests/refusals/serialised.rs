//! Options out of a file are checked as options out of code are.

use super::assert_names;
use super::common::combinations::dpo_losses;
use align_losses::{
    AdaptiveBeta, AlphaPoOptions, BcoShift, DpoLoss, DpoOptions, KtoOptions, LinearLogpsOptions, LossType,
};
use serde::de::DeserializeOwned;
use serde_json::from_str;

#[test]
fn unknown_options_are_refused_by_name() {
    fn refused<T: DeserializeOwned + std::fmt::Debug>(json: &str) {
        assert_names(from_str::<T>(json), &["bata"]);
    }
    refused::<DpoOptions>(r#"{"bata": 0.1}"#);
    refused::<DpoLoss>(r#"{"bata": 0.1}"#);
    refused::<AlphaPoOptions>(r#"{"bata": 0.1}"#);
    refused::<KtoOptions>(r#"{"bata": 0.1}"#);
    refused::<LinearLogpsOptions>(r#"{"bata": 0.1}"#);
    refused::<AdaptiveBeta>(r#"{"beta": 0.1, "alpha": 0.6, "momentum": 0.9, "usual_margin": 0.0, "bata": 0.1}"#);
    refused::<BcoShift>(r#"{"count": 0, "mean": 0.0, "bata": 0.1}"#);
}

#[test]
fn losses_are_checked_when_they_are_read() {
    let read = from_str::<DpoLoss>;
    assert_names(read(r#"{"loss_type": "hinge", "label_smoothing": 0.1}"#), &["label_smoothing", "hinge"]);
    assert_names(read(r#"{"loss_type": "dpop", "divergence": "forward_kl"}"#), &["forward_kl", "dpop"]);
    assert_names(read(r#"{"loss_type": "ipo", "length_alpha": 0.1}"#), &["length_alpha", "ipo"]);
    assert_names(read(r#"{"loss_type": "exo_pair"}"#), &["label_smoothing", "exo_pair"]);
    assert_names(read(r#"{"divergence": {"alpha_divergence": {"coefficient": 1.0}}}"#), &["alpha_divergence"]);
    assert_names(read(r#"{"beta": 0}"#), &["beta"]);
    assert_names(read(r#"{"loss_type": "sigmoidal"}"#), &["sigmoidal"]);
    let adaptive = from_str::<AdaptiveBeta>;
    assert_names(adaptive(r#"{"beta": 0.1, "alpha": 0.6, "momentum": 1.0, "usual_margin": 0.0}"#), &["momentum"]);
}

#[test]
fn losses_come_back_as_they_were() {
    for loss in dpo_losses(0.3) {
        let text = serde_json::to_string(&loss).unwrap();
        assert_eq!(from_str::<DpoLoss>(&text).unwrap(), loss, "{text}");
    }
    assert_eq!(from_str::<DpoLoss>("{}").unwrap(), DpoLoss::new(DpoOptions::default()).unwrap());
}

/// The name that a configuration has is the one that messages print.
#[test]
fn loss_types_are_read_by_their_names() {
    for loss_type in LossType::ALL {
        assert_eq!(from_str::<LossType>(&format!("{:?}", loss_type.to_string())).unwrap(), loss_type);
    }
    let names: std::collections::BTreeSet<_> = LossType::ALL.iter().map(|loss_type| loss_type.name()).collect();
    assert_eq!(names.len(), LossType::ALL.len());
}
