//! Runs on texts that the policy writes itself, compared with runs on the same texts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use align_data::CompletionExample;
use align_inference::{Judge, completion_text};
use align_models::generation::GenerationConfig;
use align_online::{PairSelection, Panel, PanelJudge, RoundRecord, RoundsConfig, Schedule, rounds};
use align_train::objective::{Dpo, Grpo};
use align_train::{
    DpoConfig, DpoRun, GrpoConfig, Run, RunSummary, SamplingStrategy, Trainer, TrainingConfig, TrainingRecords,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tch::{Device, Kind, Tensor};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/data/models/gpt2-tiny");

/// Scores a text by its bytes.
struct Bytes(u64);

impl Judge for Bytes {
    fn scores_of_texts(&self, texts: &[&str]) -> align_inference::Result<Vec<f64>> {
        let score = |text: &&str| text.bytes().map(u64::from).sum::<u64>() % self.0;
        Ok(texts.iter().map(|text| score(text) as f64).collect())
    }

    fn scores_of_rows(&self, rows: &[CompletionExample]) -> align_inference::Result<Vec<f64>> {
        self.scores_of_texts(&rows.iter().map(completion_text).collect::<Vec<_>>())
    }

    fn score_name(&self) -> String {
        format!("sum of bytes modulo {}", self.0)
    }

    fn identity(&self) -> align_inference::Result<serde_json::Value> {
        Ok(self.score_name().into())
    }
}

/// Keeps tests apart: a run sets the precision of matrix products, which is global, and restores it at its end.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn panel() -> Panel {
    let judge =
        |name: &str, modulus| PanelJudge { name: name.to_owned(), weight: 1.0, judge: Box::new(Bytes(modulus)) };
    Panel::new(vec![judge("a", 17), judge("b", 5)]).unwrap().with_held_out("c", Box::new(Bytes(7))).unwrap()
}

fn rounds_config() -> RoundsConfig {
    RoundsConfig {
        rounds: 3,
        prompts_per_round: 4,
        num_generations: Schedule::constant(3),
        generation: GenerationConfig {
            do_sample: true,
            max_new_tokens: Some(8),
            top_k: Some(0),
            ..GenerationConfig::default()
        },
        ..RoundsConfig::default()
    }
}

fn dpo() -> DpoConfig {
    let training = TrainingConfig {
        learning_rate: 1e-3,
        per_device_train_batch_size: 2,
        logging_steps: 1,
        ..TrainingConfig::default()
    };
    DpoConfig { training, ..DpoConfig::default() }
}

/// Trains in `dir`, and returns the summary and the rounds.
fn online(dir: &Path, config: RoundsConfig) -> (RunSummary, Vec<RoundRecord>) {
    let prompts = ["The film", "A story of", "My", "In the end"].map(String::from).to_vec();
    let rows = rounds::<Dpo>(config, prompts.into(), panel(), Box::new(|_, _| {})).unwrap();
    let run = DpoRun::on_policy(MODEL, rows, dpo()).unwrap().device(align_torch_device());
    let summary = run.output_dir(dir).train().unwrap();
    (summary, RoundRecord::read(&dir.join("rounds.jsonl")).unwrap())
}

fn align_torch_device() -> align_torch::DeviceChoice {
    "cpu".parse().unwrap()
}

fn weights(run: &Path) -> BTreeMap<String, Tensor> {
    Tensor::read_safetensors(run.join("model/model.safetensors")).unwrap().into_iter().collect()
}

#[test]
fn steps_are_those_of_offline_dpo_on_the_same_texts() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (summary, records) = online(dir.path(), rounds_config());
    assert_eq!((summary.steps, records.len()), (6, 4));
    let mut rows = Vec::new();
    for record in &records[..3] {
        let pairs = PairSelection::BestWorst.pairs(&record.groups, &[]);
        assert_eq!(pairs.len(), record.rows);
        rows.extend(record.order.iter().map(|row| pairs[*row].clone()));
    }
    let mut config = dpo();
    config.training.train_sampling_strategy = SamplingStrategy::Sequential;
    config.training.num_train_epochs = Some(1.0);
    // As the run does.
    let _precision = align_torch::MatmulPrecision::fastest_exact(Device::Cpu).set();
    let policy =
        align_models::AutoModelForCausalLm::from_pretrained(Path::new(MODEL), Kind::Float, Device::Cpu).unwrap();
    let mut trainer = Trainer::from_objective(Dpo::new(policy, None, config).unwrap(), rows).unwrap();
    let offline: Vec<f64> = trainer.by_ref().map(|step| step.unwrap().loss).collect();
    let metrics = TrainingRecords::read(&dir.path().join("metrics.jsonl")).unwrap();
    let found: Vec<f64> = metrics.steps.iter().map(|step| step.loss).collect();
    assert_eq!(found, offline);
    let trained = weights(dir.path());
    for (name, weight) in trainer.policy().parameters().iter() {
        assert_eq!(trained[name], *weight, "{name}");
    }
}

#[test]
fn texts_are_sampled_from_the_policy_as_it_stands() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (_, records) = online(dir.path(), rounds_config());
    let text = |record: &RoundRecord| record.groups[0].texts[0].clone();
    for record in &records {
        assert_eq!(record.groups.len(), 4);
        assert!(record.groups.iter().all(|group| group.texts.len() == 3));
        let first = text(record);
        assert_eq!(first.reward, Some(first.scores.iter().flatten().sum::<f64>()));
        assert_eq!(
            first.scores,
            [17, 5].map(|modulus| Some(Bytes(modulus).scores_of_texts(&[&first.completion]).unwrap()[0]))
        );
        assert_eq!(first.held_out, Some(Bytes(7).scores_of_texts(&[&first.completion]).unwrap()[0]));
    }
    // Before the first step, the policy is the reference model.
    assert!(records[0].metrics["objective/kl"].abs() < 1e-5);
    assert!(records[1..].iter().all(|record| record.metrics["objective/kl"].abs() > 1e-4));
    let again = tempfile::tempdir().unwrap();
    let (_, same) = online(again.path(), rounds_config());
    let without_times = |records: &[RoundRecord]| -> Vec<RoundRecord> {
        records.iter().map(|record| RoundRecord { seconds: Default::default(), ..record.clone() }).collect()
    };
    assert_eq!(without_times(&records), without_times(&same));
}

#[test]
fn older_rows_are_used_again() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (_, records) = online(dir.path(), RoundsConfig { replay: 0.5, ..rounds_config() });
    let replayed = |record: &RoundRecord| record.order.iter().filter(|row| **row >= record.rows).count();
    let counts: Vec<usize> = records.iter().map(replayed).collect();
    assert_eq!(counts, [0, 2, 2, 0]);
}

#[test]
fn runs_are_finished_early() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let finish = |name: &str, config: RoundsConfig| online(&dir.path().join(name), config);
    let (summary, records) = finish("reward", RoundsConfig { target_reward: Some(0.0), ..rounds_config() });
    assert_eq!((summary.steps, summary.finished, records.len()), (0, true, 1));
    let (summary, records) = finish("kl", RoundsConfig { max_kl: Some(1e-9), ..rounds_config() });
    let kl = records.last().unwrap().metrics["objective/kl"];
    assert!(summary.finished && summary.steps < 6 && kl > 1e-9, "{} steps, {kl}", summary.steps);
    assert!(dir.path().join("kl/model/model.safetensors").exists());
    let many = RoundsConfig { rounds: 30, held_out_patience: Some(1), ..rounds_config() };
    let (_, records) = finish("held out", many);
    let scores: Vec<f64> = records.iter().map(|record| record.metrics["held_out/c/mean"]).collect();
    let (last, before) = scores.split_last().unwrap();
    assert!(before.windows(2).all(|pair| pair[1] > pair[0]) && last <= before.last().unwrap(), "{scores:?}");
}

#[test]
fn beta_holds_a_budget_of_kl() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (_, records) = online(dir.path(), RoundsConfig { target_kl: Some(1e-6), rounds: 4, ..rounds_config() });
    assert_eq!(records[0].beta, 0.1);
    for pair in records.windows(2) {
        let factor = (pair[1].metrics["objective/kl"] / 1e-6).clamp(1.0 / 1.5, 1.5);
        assert!((pair[1].beta - (pair[0].beta * factor).max(0.1)).abs() < 1e-12);
    }
    assert!(records[1..].iter().any(|record| record.beta > 0.1));
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let _alone = alone();
    let error = |config: RoundsConfig, panel: Panel, dpo: DpoConfig| {
        let rows = match rounds::<Dpo>(config, vec!["The".to_owned()].into(), panel, Box::new(|_, _| {})) {
            Ok(rows) => rows,
            Err(problem) => return problem.to_string(),
        };
        let dir = tempfile::tempdir().unwrap();
        let run = match DpoRun::on_policy(MODEL, rows, dpo) {
            Ok(run) => run,
            Err(problem) => return problem.to_string(),
        };
        run.output_dir(dir.path().join("run")).train().unwrap_err().to_string()
    };
    let alone = || Panel::new(vec![PanelJudge { name: "a".into(), weight: 1.0, judge: Box::new(Bytes(3)) }]).unwrap();
    let patient = RoundsConfig { held_out_patience: Some(2), ..rounds_config() };
    assert!(error(patient, alone(), dpo()).contains("held_out_patience"));
    let with = |change: &dyn Fn(&mut DpoConfig)| {
        let mut config = dpo();
        change(&mut config);
        error(rounds_config(), alone(), config)
    };
    assert!(with(&|c| c.training.max_steps = Some(3)).contains("max_steps"));
    assert!(with(&|c| c.training.num_train_epochs = Some(3.0)).contains("num_train_epochs"));
    assert!(with(&|c| c.row_weights = true).contains("row_weights"));
    assert!(with(&|c| c.precompute_ref_log_probs = true).contains("precompute_ref_log_probs"));
    let same = RoundsConfig {
        generation: GenerationConfig { max_new_tokens: None, ..rounds_config().generation },
        ..rounds_config()
    };
    assert!(error(same, alone(), dpo()).contains("max_new_tokens"));
    let constant = Panel::new(vec![PanelJudge { name: "a".into(), weight: 1.0, judge: Box::new(Bytes(1)) }]).unwrap();
    let message = error(rounds_config(), constant, dpo());
    assert!(message.contains("round 1") && message.contains("same reward"), "{message}");
}

#[test]
fn sampling_gives_the_log_probabilities_of_the_policy() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (_, records) = online(dir.path(), rounds_config());
    // With top_p, the probabilities of sampling are others, so that they are computed apart.
    let of_top_p = GenerationConfig { top_p: Some(0.999_999_9), ..rounds_config().generation };
    let (_, computed) = online(&dir.path().join("computed"), RoundsConfig { generation: of_top_p, ..rounds_config() });
    assert_eq!(records[0].groups[0].texts[0].ids, computed[0].groups[0].texts[0].ids);
    for name in ["objective/kl", "objective/entropy"] {
        let (sampled, computed) = (records[0].metrics[name], computed[0].metrics[name]);
        assert!((sampled - computed).abs() < 1e-4, "{name}: {sampled}, {computed}");
    }
}

/// Scores texts by their bytes in the first round, and all the same later.
struct Satisfied(std::cell::Cell<bool>);

impl Judge for Satisfied {
    fn scores_of_texts(&self, texts: &[&str]) -> align_inference::Result<Vec<f64>> {
        if self.0.replace(true) { Ok(vec![1.0; texts.len()]) } else { Bytes(17).scores_of_texts(texts) }
    }

    fn scores_of_rows(&self, rows: &[CompletionExample]) -> align_inference::Result<Vec<f64>> {
        self.scores_of_texts(&rows.iter().map(completion_text).collect::<Vec<_>>())
    }

    fn score_name(&self) -> String {
        "satisfied".to_owned()
    }

    fn identity(&self) -> align_inference::Result<serde_json::Value> {
        Ok(self.score_name().into())
    }
}

#[test]
fn a_round_whose_texts_are_equally_good_uses_earlier_rows() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let judge = PanelJudge { name: "a".to_owned(), weight: 1.0, judge: Box::new(Satisfied(false.into())) };
    let prompts = vec!["The film".to_owned(), "A story".to_owned()];
    let panel = Panel::new(vec![judge]).unwrap();
    let rows = rounds::<Dpo>(rounds_config(), prompts.into(), panel, Box::new(|_, _| {})).unwrap();
    DpoRun::on_policy(MODEL, rows, dpo()).unwrap().output_dir(dir.path()).train().unwrap();
    let records = RoundRecord::read(&dir.path().join("rounds.jsonl")).unwrap();
    let rows: Vec<usize> = records.iter().map(|record| record.rows).collect();
    assert_eq!(rows[1..], [0, 0, 0]);
    assert!(records[2].order.iter().all(|row| *row < rows[0]) && records[2].order.len() == 4);
}

/// Gives no score to texts of an odd number of bytes.
struct Even(Bytes);

impl Judge for Even {
    fn scores_of_texts(&self, texts: &[&str]) -> align_inference::Result<Vec<f64>> {
        self.0.scores_of_texts(texts)
    }

    fn scores_of_rows(&self, rows: &[CompletionExample]) -> align_inference::Result<Vec<f64>> {
        self.0.scores_of_rows(rows)
    }

    fn optional_scores_of_rows(&self, rows: &[CompletionExample]) -> align_inference::Result<Vec<Option<f64>>> {
        let is_even = rows.iter().map(|row| completion_text(row).len().is_multiple_of(2));
        Ok(self.scores_of_rows(rows)?.into_iter().zip(is_even).map(|(score, even)| even.then_some(score)).collect())
    }

    fn score_name(&self) -> String {
        self.0.score_name()
    }

    fn identity(&self) -> align_inference::Result<serde_json::Value> {
        self.0.identity()
    }
}

#[test]
fn a_text_without_reward_does_not_train() {
    let judge = |name: &str, judge: Box<dyn Judge>| PanelJudge { name: name.to_owned(), weight: 2.0, judge };
    let one = Panel::new(vec![judge("even", Box::new(Even(Bytes(17))))]).unwrap();
    let both = Panel::new(vec![judge("even", Box::new(Even(Bytes(17)))), judge("all", Box::new(Bytes(5)))]).unwrap();
    let texts = ["ab", "abc"].map(|text| CompletionExample::Plain((String::new(), text.to_owned())));
    let (a, b) = (f64::from(b'a') + f64::from(b'b'), f64::from(b'c'));
    let rewards = |panel: &Panel| panel.judge(&texts).unwrap().iter().map(|text| text.reward).collect::<Vec<_>>();
    assert_eq!(rewards(&one), [Some(2.0 * (a % 17.0)), None]);
    // The sum is over the judges that give a score.
    assert_eq!(rewards(&both), [Some(2.0 * (a % 17.0) + 2.0 * (a % 5.0)), Some(2.0 * ((a + b) % 5.0))]);

    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let prompts = ["The film", "A story of", "My", "In the end"].map(String::from).to_vec();
    let rows = rounds::<Grpo>(rounds_config(), prompts.into(), one, Box::new(|_, _| {})).unwrap();
    let config = GrpoConfig { num_generations: 3, training: dpo().training, ..GrpoConfig::default() };
    let run = Run::<Grpo>::on_policy(MODEL, rows, config).unwrap().device(align_torch_device());
    run.output_dir(dir.path()).train().unwrap();
    let records = RoundRecord::read(&dir.path().join("rounds.jsonl")).unwrap();
    let texts = || records.iter().flat_map(|record| &record.groups).flat_map(|group| &group.texts);
    assert!(texts().any(|text| text.reward.is_none()) && texts().any(|text| text.advantage != Some(0.0)));
    assert!(texts().filter(|text| text.reward.is_none()).all(|text| text.advantage == Some(0.0)));
}
