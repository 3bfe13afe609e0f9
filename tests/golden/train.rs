//! train.json: TRL's training runs, step by step.

use crate::{golden_dir, read_json};
use align_data::{EncodeOptions, EncodedPair, PreferencePair, Tokenizer, encode_pairs};
use align_losses::LossType;
use align_models::{CausalLm, Gpt2};
use align_train::{DpoConfig, DpoTrainer, FDivergenceType, LrSchedulerType, SamplingStrategy};
use serde_json::Value;
use tch::{Device, Kind};

/// The runs whose losses and options exist; the others belong to losses still to come.
const RUNS: [&str; 19] = [
    "sigmoid",
    "hinge",
    "ipo",
    "exo_pair",
    "nca_pair",
    "robust",
    "bco_pair",
    "sppo_hard",
    "aot",
    "aot_unpaired",
    "apo_zero",
    "apo_down",
    "discopop",
    "sigmoid_norm",
    "sigmoid+forward_kl",
    "sigmoid+js_divergence",
    "sigmoid+alpha_divergence",
    "accumulate",
    "cosine_warmup",
];

/// TRL averages these over micro-batches of unlike length.
const UNWEIGHTED: [&str; 4] = ["entropy", "logits/chosen", "logits/rejected", "mean_token_accuracy"];

fn pairs() -> Vec<EncodedPair> {
    let text = std::fs::read_to_string(golden_dir().join("train.jsonl")).unwrap();
    let pairs: Vec<PreferencePair> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tokenizer = Tokenizer::from_pretrained(golden_dir().join("models/gpt2-tiny")).unwrap();
    let options = EncodeOptions { strip_prompt: false, ..EncodeOptions::default() };
    encode_pairs(&tokenizer, &pairs, &options).unwrap().pairs
}

fn policy() -> Gpt2 {
    Gpt2::from_pretrained(&golden_dir().join("models/gpt2-tiny"), Kind::Float, Device::Cpu).unwrap()
}

fn config(c: &Value) -> DpoConfig {
    let number = |name: &str| c[name].as_f64().unwrap();
    let count = |name: &str| c[name].as_u64().unwrap();
    let named = |value: &Value| serde_json::from_value::<LossType>(value.clone()).unwrap();
    let divergence: FDivergenceType = serde_json::from_value(c["f_divergence_type"].clone()).unwrap();
    let scheduler = c["lr_scheduler_type"].as_str().unwrap().to_lowercase();
    let scheduler: LrSchedulerType = serde_json::from_value(scheduler.rsplit('.').next().unwrap().into()).unwrap();
    let alpha = divergence == FDivergenceType::AlphaDivergence;
    let loss_type = named(&c["loss_type"][0]);
    DpoConfig {
        loss_type,
        discopop_tau: (loss_type == LossType::Discopop).then(|| number("discopop_tau")),
        beta: number("beta"),
        label_smoothing: number("label_smoothing"),
        f_divergence_type: divergence,
        f_alpha_divergence_coef: alpha.then(|| number("f_alpha_divergence_coef")),
        per_device_train_batch_size: count("per_device_train_batch_size") as usize,
        gradient_accumulation_steps: count("gradient_accumulation_steps") as usize,
        max_steps: Some(count("max_steps")),
        learning_rate: number("learning_rate"),
        lr_scheduler_type: scheduler,
        warmup_steps: count("warmup_steps"),
        weight_decay: number("weight_decay"),
        adam_beta1: number("adam_beta1"),
        adam_beta2: number("adam_beta2"),
        adam_epsilon: number("adam_epsilon"),
        max_grad_norm: number("max_grad_norm"),
        disable_dropout: c["disable_dropout"].as_bool().unwrap(),
        train_sampling_strategy: SamplingStrategy::Sequential,
        ..DpoConfig::default()
    }
}

fn assert_run(name: &str) {
    let golden = read_json("train.json");
    let run = golden["runs"].as_array().unwrap().iter().find(|run| run["name"] == name);
    let run = run.unwrap_or_else(|| panic!("train.json has no run {name}"));
    let mut trainer = DpoTrainer::new(policy(), None, pairs(), config(&run["config"])).unwrap();
    let steps = run["steps"].as_array().unwrap();
    for expected in steps {
        let record = trainer.next_step().unwrap().unwrap();
        let found = serde_json::to_value(record).unwrap();
        for (field, expected_value) in expected.as_object().unwrap() {
            let tied = record.step == 1 && field == "rewards/accuracies";
            if tied || (name == "accumulate" && UNWEIGHTED.contains(&field.as_str())) {
                continue;
            }
            let (e, f) = (expected_value.as_f64().unwrap(), found[field].as_f64().unwrap_or(f64::NAN));
            let near = (f - e).abs() <= 1e-4 * e.abs() + 1e-5;
            assert!(near, "{name}, step {}, {field}: {f}, TRL has {e}", record.step);
        }
    }
    assert!(trainer.next_step().unwrap().is_none(), "{name}: more steps than TRL");
    let policy = trainer.into_policy();
    for (weight, norm) in run["final_parameter_norms"].as_object().unwrap() {
        let tensor = policy.parameters().get(weight).unwrap_or_else(|| panic!("no weight {weight}"));
        let (f, e) = (tensor.to_kind(Kind::Double).norm().double_value(&[]), norm.as_f64().unwrap());
        assert!((f - e).abs() <= 1e-5 * e.abs().max(1.0), "{name}, norm of {weight}: {f}, TRL has {e}");
    }
}

#[test]
fn every_run_of_this_list_follows_trl() {
    RUNS.iter().for_each(|name| assert_run(name));
}
