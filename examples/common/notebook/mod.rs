//! The notebook's whole path: generate, score, pair, train, compare.

use super::preference_data::DataOptions;
use super::prompts::NOTEBOOK_PROMPTS;
use super::{Failure, RuntimeOptions, models, score, training};
use align_data::pairing::{PairOptions, PairStrategy, pair};
use align_data::{PreferencePair, ScoredText, Tokenizer};
use align_losses::LossType;
use align_metrics::{Bootstrap, Estimate, EvaluationReport};
use align_models::generation::{Completion, Generation, GenerationConfig, generate_prompts};
use align_models::{CausalLm, DistilBert, Gpt2};
use align_train::{
    DpoConfig, DpoTrainer, EvaluationRecord, Flow, ModelCard, Objective, Observer, ProgressBar, RunConfig,
    SamplingStrategy, StopSignal, Strategy, Trainer, TrainingConfig,
};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The notebook's pipeline with its own settings, on tiny embedded models unless others are given.
#[derive(Debug, Clone, clap::Args)]
pub struct NotebookOptions {
    /// Language model to align: a folder in transformers' layout, or user/name[@revision] on the hub; the embedded one if not
    /// given.
    #[arg(long)]
    model: Option<String>,
    /// Sentiment classifier whose minus logit 0 is the reward; the embedded one if not given.
    #[arg(long)]
    reward_model: Option<String>,
    /// Train on these pairs or scored texts (CSV, Parquet, JSONL) instead of generated ones.
    #[arg(long)]
    train_file: Option<PathBuf>,
    /// Held-out pairs or scored texts; generated texts hold out every fifth prompt.
    #[arg(long, requires = "train_file")]
    eval_file: Option<PathBuf>,
    /// Texts generated a prompt to train on.
    #[arg(long, default_value_t = 10, conflicts_with = "train_file")]
    texts_per_prompt: usize,
    /// Texts generated a prompt to compare the models by.
    #[arg(long, default_value_t = 3)]
    compared_texts_per_prompt: usize,
    /// Tokens of a generated text, prompt included.
    #[arg(long, default_value_t = 50)]
    text_length: usize,
    /// Sequences generated or scored at a time.
    #[arg(long, default_value_t = 32)]
    batch_size: usize,
    /// Strength of the pull towards the reference.
    #[arg(long, default_value_t = 0.1)]
    beta: f64,
    /// 1e-5 as in the notebook if not given, 3e-4 for the embedded model.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Passes over the pairs.
    #[arg(long, default_value_t = 3.0)]
    num_train_epochs: f64,
    /// Pairs a step.
    #[arg(long, default_value_t = 8)]
    per_device_train_batch_size: usize,
    /// Visit the pairs in a random order instead of as they stand.
    #[arg(long)]
    shuffle: bool,
    /// Write the aligned model into this new folder.
    #[arg(long)]
    output_dir: Option<PathBuf>,
    /// Fixes everything random.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

/// Texts of one model and their scores.
struct Sampled {
    texts: Vec<ScoredText>,
    ids: Vec<Vec<i64>>,
}

/// The models and tokenisers of a run.
struct Stage<'a> {
    options: &'a NotebookOptions,
    tokenizer: Tokenizer,
    reward_model: DistilBert,
    reward_tokenizer: Tokenizer,
}

/// Runs the pipeline with one loss and prints the notebook's table.
pub fn run(options: &NotebookOptions, loss_type: LossType) -> Result<(), Failure> {
    let config = options.training(loss_type)?;
    let _precision = options.runtime.precision()?;
    if let Some(dir) = options.output_dir.as_deref().filter(|dir| dir.exists()) {
        return Err(format!("{} exists already: choose another --output-dir", dir.display()).into());
    }
    let model_dir = models::folder(options.model.as_deref(), models::POLICY)?;
    let reward_dir = models::folder(options.reward_model.as_deref(), models::REWARD_MODEL)?;
    let (kind, device) = (options.runtime.dtype, options.runtime.device()?);
    let stage = Stage {
        options,
        tokenizer: Tokenizer::from_pretrained(&model_dir)?,
        reward_model: DistilBert::from_pretrained(&reward_dir, kind, device)?.packed()?,
        reward_tokenizer: Tokenizer::from_pretrained(&reward_dir)?,
    };
    let sft = Gpt2::from_pretrained(&model_dir, kind, device)?;
    // Known before anything is generated or trained.
    stage.check_text_length(sft.n_positions())?;

    let (train, held_out) = stage.pairs(&sft)?;
    let reference = sft.frozen_copy()?;
    let name = loss_type.name();
    let (aligned, card) = stage.train(sft, &train, &held_out, config, name)?;

    println!("\ncompare: {} texts a prompt from each model", options.compared_texts_per_prompt);
    // Numbers of their own, so that no text of the training data is drawn again.
    let before = stage.sample(&reference, options.compared_texts_per_prompt, options.seed.wrapping_add(1))?;
    let after = stage.sample(&aligned, options.compared_texts_per_prompt, options.seed.wrapping_add(1))?;
    print_table(&[("SFT", &before), (name, &after)], stage.tokenizer.eos_token_id())?;
    print_texts("SFT", &before);
    print_texts(name, &after);
    if let Some(dir) = &options.output_dir {
        aligned.save_pretrained(dir, false)?;
        stage.tokenizer.save(dir, false)?;
        card.write(dir, false)?;
        println!("\nmodel written to {}", dir.display());
    }
    Ok(())
}

impl NotebookOptions {
    fn training(&self, loss_type: LossType) -> Result<DpoConfig, Failure> {
        let learning_rate = self.learning_rate.unwrap_or(if self.model.is_none() { 3e-4 } else { 1e-5 });
        let order = if self.shuffle { SamplingStrategy::Random } else { SamplingStrategy::Sequential };
        let config = DpoConfig {
            loss_type: vec![loss_type],
            beta: self.beta,
            training: TrainingConfig {
                learning_rate,
                num_train_epochs: Some(self.num_train_epochs),
                per_device_train_batch_size: self.per_device_train_batch_size,
                train_sampling_strategy: order,
                eval_strategy: Strategy::Epoch,
                seed: self.seed,
                ..TrainingConfig::default()
            },
            ..DpoConfig::default()
        };
        config.validate()?;
        Ok(config)
    }
}

impl Stage<'_> {
    fn check_text_length(&self, n_positions: i64) -> Result<(), Failure> {
        let length = self.options.text_length;
        let prompts = self.tokenizer.encode_batch(&NOTEBOOK_PROMPTS, false, None)?;
        let longest = prompts.iter().map(Vec::len).max().unwrap_or(0);
        if length <= longest || length as i64 > n_positions {
            let range =
                format!("{} (the longest prompt and one more) to {n_positions} (the model's limit)", longest + 1);
            return Err(format!("--text-length is {length}, expected {range}").into());
        }
        Ok(())
    }

    /// Beam-sampled continuations of the 46 prompts, with the notebook's options, and their rewards.
    fn sample(&self, model: &Gpt2, texts_per_prompt: usize, seed: u64) -> Result<Sampled, Failure> {
        let length = Some(self.options.text_length);
        let generation = Generation::new(GenerationConfig {
            do_sample: true,
            num_beams: 5,
            no_repeat_ngram_size: 2,
            temperature: Some(4.0),
            min_length: length,
            max_length: length,
            seed,
            ..GenerationConfig::default()
        })?;
        let names: Vec<&str> =
            NOTEBOOK_PROMPTS.iter().flat_map(|p| std::iter::repeat_n(*p, texts_per_prompt)).collect();
        let prompts = self.tokenizer.encode_batch(&names, false, None)?;
        let completions = generate_prompts(model, &prompts, &generation, self.options.batch_size)?;
        let whole = |c: &Completion| [prompts[c.prompt].as_slice(), &c.ids].concat();
        let ids: Vec<Vec<i64>> = completions.iter().map(whole).collect();
        let texts = self.tokenizer.decode_batch(&ids, true)?;
        let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
        let logits = score::logits(&self.reward_model, &self.reward_tokenizer, &refs, self.options.batch_size)?;
        let scored = names.into_iter().zip(texts).zip(score::rewards(&logits));
        let texts = scored.map(|((prompt, text), score)| ScoredText::new(prompt, text, score)).collect();
        Ok(Sampled { texts, ids })
    }

    /// Training and held-out pairs: from files, or generated, scored and paired here.
    fn pairs(&self, sft: &Gpt2) -> Result<(Vec<PreferencePair>, Vec<PreferencePair>), Failure> {
        let (options, data) = (self.options, &self.options.data);
        if let Some(train) = &options.train_file {
            let held_out = options.eval_file.as_deref().map(|file| data.read(file, options.seed)).transpose()?;
            return Ok((data.read(train, options.seed)?, held_out.unwrap_or_default()));
        }
        let started = Instant::now();
        let sampled = self.sample(sft, options.texts_per_prompt, options.seed)?;
        println!(
            "generate and score: {} texts of {} tokens in {:.1} s",
            sampled.texts.len(),
            options.text_length,
            started.elapsed().as_secs_f64()
        );
        let (held_out, train): (Vec<ScoredText>, Vec<ScoredText>) = sampled
            .texts
            .into_iter()
            .partition(|text| NOTEBOOK_PROMPTS.iter().position(|p| *p == text.prompt).is_some_and(|i| i % 5 == 4));
        let draw = |texts: &[ScoredText], what: &str| -> Result<Vec<PreferencePair>, Failure> {
            let strategy = PairStrategy::Random;
            let each = data.pairs_per_prompt.or(Some(options.texts_per_prompt));
            let (pairs, report) = pair(texts, &PairOptions { strategy, pairs_per_prompt: each, seed: options.seed })?;
            println!("pair, {what}: {report}");
            Ok(pairs)
        };
        Ok((draw(&train, "training prompts")?, draw(&held_out, "held-out prompts")?))
    }

    fn train(
        &self,
        policy: Gpt2,
        train: &[PreferencePair],
        held_out: &[PreferencePair],
        config: DpoConfig,
        name: &str,
    ) -> Result<(Gpt2, ModelCard<DpoConfig>), Failure> {
        let n_positions = policy.n_positions();
        println!("\ntrain: {name}, beta {}, learning rate {}", config.beta, config.training.learning_rate);
        let encoded = self.options.data.encode(&self.tokenizer, train, n_positions)?;
        let train_rows = encoded.len();
        let mut trainer = DpoTrainer::new(policy, None, encoded, config.clone())?;
        if !held_out.is_empty() {
            trainer = trainer.with_evaluation(self.options.data.encode(&self.tokenizer, held_out, n_positions)?)?;
        }
        let stop = StopSignal::default();
        super::stop_on_ctrl_c(stop.clone())?;
        let (mut progress, mut held_out, mut stopper) = (ProgressBar::default(), HeldOut, stop);
        let started = Instant::now();
        let summary = trainer.train(&mut [&mut progress, &mut held_out, &mut stopper])?;
        println!("{} steps in {:.1} s", summary.steps, started.elapsed().as_secs_f64());
        if !summary.finished {
            return Err("stopped before the end: nothing was written".into());
        }
        let card = ModelCard {
            base_model: models::called(self.options.model.as_deref(), models::POLICY),
            base_model_id: models::hub_id(self.options.model.as_deref()),
            adapter: false,
            ref_model: Some(training::reference_in_words(None)),
            train_data: self.data(self.options.train_file.as_deref()),
            train_rows,
            config,
            steps: summary.steps,
            last_step: summary.last_step,
            evaluation: summary.last_evaluation.map(|record| (record, self.data(self.options.eval_file.as_deref()))),
        };
        Ok((trainer.into_policy(), card))
    }

    /// What a card calls the data: a file's name, or how the pairs came about.
    fn data(&self, file: Option<&Path>) -> String {
        file.map(models::file_name).unwrap_or_else(|| {
            let judge = models::called(self.options.reward_model.as_deref(), models::REWARD_MODEL);
            format!("the base model's own texts, scored by {judge} and paired at random")
        })
    }
}

/// Prints each evaluation.
struct HeldOut;

impl<O: Objective> Observer<O> for HeldOut {
    fn on_evaluation(&mut self, _: &Trainer<O>, record: &EvaluationRecord) -> align_train::Result<Flow> {
        let value = |name| record.metrics.get(name).unwrap_or(f64::NAN);
        println!(
            "epoch {:.2}: held-out loss {:.4}, reward accuracy {:.4}, reward margin {:.4}",
            record.epoch,
            record.eval_loss,
            value("rewards/accuracies"),
            value("rewards/margins")
        );
        Ok(Flow::Continue)
    }
}

fn print_texts(name: &str, sampled: &Sampled) {
    println!("\n{name} writes:");
    let every = sampled.texts.len().div_ceil(3).max(1);
    for text in sampled.texts.iter().step_by(every) {
        println!("  [{:+.3}] {}", text.score, text.text.replace('\n', " "));
    }
}

/// The notebook's table, each model on equally many texts of equal length.
fn print_table(models: &[(&str, &Sampled)], skip: Option<i64>) -> Result<(), Failure> {
    println!(
        "\n{:8} {:>6} {:>30} {:>19} {:>30}",
        "", "texts", "token entropy, nats", "notebook's entropy", "mean reward"
    );
    for (name, sampled) in models {
        let scores: Vec<f64> = sampled.texts.iter().map(|text| text.score).collect();
        let report = EvaluationReport::of(&sampled.ids, skip, Some(&scores), &Bootstrap::default())?;
        let with_interval = |e: Estimate| format!("{:.4} [{:.4}, {:.4}]", e.value, e.interval.low, e.interval.high);
        println!(
            "{name:8} {:>6} {:>30} {:>19.4} {:>30}",
            report.rows,
            with_interval(report.token_entropy),
            report.notebook_entropy.value,
            report.mean_reward.map(with_interval).unwrap_or_default()
        );
    }
    println!("in brackets: 95% bootstrap confidence intervals over texts");
    Ok(())
}
