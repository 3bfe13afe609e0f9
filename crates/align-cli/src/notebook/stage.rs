use super::NotebookOptions;
use crate::prompts::{self, NOTEBOOK_PROMPTS};
use crate::reward_model::RewardModel;
use crate::{Failure, memory, models, output, training};
use align_data::pairing::{PairOptions, PairStrategy, pair};
use align_data::{PreferencePair, ScoredText, Tokenizer};
use align_models::CausalLm;
use align_models::generation::{Completion, Generation, GenerationConfig, PromptGenerator};
use align_train::{
    DpoConfig, DpoTrainer, EvaluationRecord, Flow, ModelCard, Objective, Observer, ProgressBar, Trainer,
    TrainingRecords,
};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Texts of one model and their scores, those of a prompt side by side.
pub struct Sampled {
    pub texts: Vec<ScoredText>,
    pub ids: Vec<Vec<i64>>,
}

/// A prompt's tokens, and the tokens that a model wrote behind it, the end of the text included where it was written.
pub struct Written {
    pub prompt_ids: Vec<i64>,
    pub completion_ids: Vec<i64>,
}

/// A model trained with one loss.
pub struct Trained {
    pub name: &'static str,
    pub model: Box<dyn CausalLm>,
    pub card: ModelCard<DpoConfig>,
    pub records: TrainingRecords,
}

/// The models and tokenisers of a run.
pub struct Stage<'a> {
    pub options: &'a NotebookOptions,
    pub tokenizer: Tokenizer,
    model_dir: PathBuf,
    pub reward_model: RewardModel,
}

/// Whether the pairs that are made here hold a prompt out.
pub fn is_held_out(prompt: &str) -> bool {
    NOTEBOOK_PROMPTS.iter().position(|p| *p == prompt).is_some_and(prompts::is_held_out)
}

impl<'a> Stage<'a> {
    pub fn new(options: &'a NotebookOptions) -> Result<Self, Failure> {
        let model_dir = models::folder("--model", options.model.as_deref(), models::POLICY)?;
        let reward_dir = models::folder("--reward-model", options.reward_model.as_deref(), models::REWARD_MODEL)?;
        let embeddings = models::gpt2(&model_dir, options.runtime.dtype, options.runtime.device()?)?.vocab_size();
        Ok(Self {
            options,
            tokenizer: models::tokenizer(&model_dir, embeddings)?,
            reward_model: RewardModel::load(&reward_dir, &options.score, &options.runtime, options.batch_size)?,
            model_dir,
        })
    }

    /// The model before training.
    pub fn policy(&self) -> Result<Box<dyn CausalLm>, Failure> {
        let (kind, device) = (self.options.runtime.dtype, self.options.runtime.device()?);
        models::gpt2(&self.model_dir, kind, device)
    }

    pub fn check_text_length(&self, n_positions: i64) -> Result<(), Failure> {
        let length = self.options.text_length;
        let prompts = self.tokenizer.encode_prompts(&NOTEBOOK_PROMPTS)?;
        let longest = prompts.iter().map(Vec::len).max().unwrap_or(0);
        if length <= longest || length as i64 > n_positions {
            let range =
                format!("{} (the longest prompt and one more) to {n_positions} (the model's limit)", longest + 1);
            return Err(format!("--text-length is {length}, expected {range}").into());
        }
        Ok(())
    }

    /// Continuations of the 46 prompts, with the notebook's options, and their rewards.
    pub fn sample(&self, model: &dyn CausalLm, texts_per_prompt: usize, seed: u64) -> Result<Sampled, Failure> {
        let names = each_times(texts_per_prompt);
        let prompts = self.tokenizer.encode_prompts(&names)?;
        let completions = self.complete(model, &prompts, &self.options.generation(seed)?)?;
        let whole = |c: &Completion, new: &[i64]| [prompts[c.prompt].as_slice(), new].concat();
        let ids: Vec<Vec<i64>> = completions.iter().map(|c| whole(c, &c.ids)).collect();
        let read: Vec<Vec<i64>> = completions.iter().map(|c| whole(c, &c.ids_and_end())).collect();
        let texts = self.tokenizer.decode_batch(&read, true)?;
        let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
        let scores = self.reward_model.scores(&refs)?;
        let scored = names.into_iter().zip(texts).zip(scores);
        let texts = scored.map(|((prompt, text), score)| ScoredText::new(prompt, text, score)).collect();
        Ok(Sampled { texts, ids })
    }

    /// Continuations drawn from the model's own distribution, from which its divergence from another can be estimated.
    pub fn draw(&self, model: &dyn CausalLm, texts_per_prompt: usize, seed: u64) -> Result<Vec<Written>, Failure> {
        let generation = Generation::new(GenerationConfig {
            do_sample: true,
            top_k: Some(0),
            max_length: Some(self.options.text_length),
            seed,
            ..GenerationConfig::default()
        })?;
        let prompts = self.tokenizer.encode_prompts(&each_times(texts_per_prompt))?;
        let completions = self.complete(model, &prompts, &generation)?;
        let written = completions
            .into_iter()
            .map(|c| Written { prompt_ids: prompts[c.prompt].clone(), completion_ids: c.ids_and_end() });
        Ok(written.collect())
    }

    fn complete(
        &self,
        model: &dyn CausalLm,
        prompts: &[Vec<i64>],
        generation: &Generation,
    ) -> Result<Vec<Completion>, Failure> {
        let mut all = Vec::with_capacity(prompts.len());
        for batch in PromptGenerator::new(model, prompts, generation, Some(self.options.batch_size))? {
            all.extend(batch?);
        }
        all.sort_by_key(|completion: &Completion| completion.prompt);
        Ok(all)
    }

    /// Training and held-out pairs: from files, or generated, scored and paired here.
    pub fn pairs(&self, sft: &dyn CausalLm) -> Result<(Vec<PreferencePair>, Vec<PreferencePair>), Failure> {
        let (options, data) = (self.options, &self.options.data);
        if let Some(train) = &options.train_file {
            let held_out = options.eval_file.as_deref().map(|file| data.read(file, options.seed)).transpose()?;
            return Ok((data.read(train, options.seed)?, held_out.unwrap_or_default()));
        }
        let started = Instant::now();
        let sampled = self.sample(sft, options.texts_per_prompt, options.seed)?;
        output::println!(
            "generate and score: {} texts of {} tokens in {:.1} s",
            sampled.texts.len(),
            options.text_length,
            started.elapsed().as_secs_f64()
        );
        let (held_out, train): (Vec<ScoredText>, Vec<ScoredText>) =
            sampled.texts.into_iter().partition(|text| is_held_out(&text.prompt));
        let draw = |texts: &[ScoredText], what: &str| -> Result<Vec<PreferencePair>, Failure> {
            let strategy = PairStrategy::Random;
            let each = data.pairs_per_prompt.or(Some(options.texts_per_prompt));
            let (pairs, report) = pair(texts, &PairOptions { strategy, pairs_per_prompt: each, seed: options.seed })?;
            output::println!("pair, {what}: {report}");
            Ok(pairs)
        };
        Ok((draw(&train, "training prompts")?, draw(&held_out, "held-out prompts")?))
    }

    pub fn train(
        &self,
        name: &'static str,
        train: &[PreferencePair],
        held_out: &[PreferencePair],
        config: DpoConfig,
    ) -> Result<Trained, Failure> {
        let policy = self.policy()?;
        let n_positions = policy.n_positions();
        output::println!("\ntrain: {name}, beta {}, learning rate {}", config.beta, config.training.learning_rate);
        let encode = |pairs: &[PreferencePair], what: &str| {
            let encoded = self.options.data.encode(&self.tokenizer, pairs, n_positions);
            encoded.map_err(|e| Failure::from(format!("{what} pairs: {e}")))
        };
        let encoded = encode(train, "training")?;
        let train_rows = encoded.len();
        let mut trainer = DpoTrainer::new(policy, None, encoded, config.clone()).map_err(memory::in_words)?;
        if !held_out.is_empty() {
            trainer = trainer.with_evaluation(encode(held_out, "held-out")?)?;
        }
        let (mut progress, mut held_out) = (ProgressBar::default(), HeldOut);
        let mut records = TrainingRecords::default();
        let started = Instant::now();
        let summary = trainer.train(&mut [&mut progress, &mut held_out, &mut records])?;
        output::println!("{} steps in {:.1} s", summary.steps, started.elapsed().as_secs_f64());
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
        Ok(Trained { name, model: trainer.into_policy(), card, records })
    }

    /// What a card calls the data: a file's name, or how the pairs came about.
    pub fn data(&self, file: Option<&Path>) -> String {
        file.map(models::file_name).unwrap_or_else(|| {
            let [_, judge] = self.options.called();
            let score = self.reward_model.score();
            format!("the base model's own texts, scored by {judge} ({score}) and paired at random")
        })
    }
}

fn each_times(texts_per_prompt: usize) -> Vec<&'static str> {
    NOTEBOOK_PROMPTS.iter().flat_map(|prompt| std::iter::repeat_n(*prompt, texts_per_prompt)).collect()
}

/// Prints each evaluation.
struct HeldOut;

impl<O: Objective> Observer<O> for HeldOut {
    fn on_evaluation(&mut self, _: &Trainer<O>, record: &EvaluationRecord) -> align_train::Result<Flow> {
        let value = |name| record.metrics.get(name).unwrap_or(f64::NAN);
        output::println!(
            "epoch {:.2}: held-out loss {:.4}, reward accuracy {:.4}, reward margin {:.4}",
            record.epoch,
            record.eval_loss,
            value("rewards/accuracies"),
            value("rewards/margins")
        );
        Ok(Flow::Continue)
    }
}
