use super::options::NotebookOptions;
use crate::held_out::is_held_out;
use crate::run_options::Examples;
use crate::training_log::TrainingLog;
use crate::usage::UsageError;
use crate::{Failure, memory_error, models, output};
use align_base::{counted, format_duration};
use align_data::pairing::{PairOptions, PairStrategy, pair};
use align_data::{NOTEBOOK_PROMPTS, PreferencePair, ScoredText, Tokenizer};
use align_frontier::{ComparisonOptions, NamedPolicy, PolicyComparison, compare_policies};
use align_inference::{GeneratedText, RewardModel, generate_texts};
use align_models::{CausalLm, ModelResolver};
use align_train::{DpoConfig, DpoTrainer, ModelCard, TrainingRecords};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A model trained with one loss.
pub struct TrainedModel {
    pub name: &'static str,
    pub model: Box<dyn CausalLm>,
    pub card: ModelCard<DpoConfig>,
    pub records: TrainingRecords,
    /// Wall-clock seconds of the training steps with their evaluations.
    pub seconds: f64,
}

/// The options, tokeniser and models of a run, with a method for each stage.
pub struct Pipeline<'a> {
    pub options: &'a NotebookOptions,
    pub tokenizer: Tokenizer,
    model_dir: PathBuf,
    pub reward_model: RewardModel,
}

/// Whether a text's prompt is one of those held out of the training pairs.
fn is_of_held_out_prompt(text: &ScoredText) -> bool {
    NOTEBOOK_PROMPTS.iter().position(|prompt| *prompt == text.prompt).is_some_and(is_held_out)
}

impl<'a> Pipeline<'a> {
    pub fn new(options: &'a NotebookOptions) -> Result<Self, Failure> {
        let model_dir = models::folder("--model", options.model.as_deref(), models::BUNDLED_POLICY)?;
        let reward_dir =
            models::folder("--reward-model", options.reward_model.as_deref(), models::BUNDLED_REWARD_MODEL)?;
        let embeddings = models::causal_lm(&model_dir, options.runtime.dtype, options.runtime.device()?)?.vocab_size();
        Ok(Self {
            options,
            tokenizer: models::tokenizer(&model_dir, embeddings)?,
            reward_model: options.score.load(&reward_dir, &options.runtime, options.batch_size)?,
            model_dir,
        })
    }

    /// The model before training.
    pub fn policy(&self) -> Result<Box<dyn CausalLm>, Failure> {
        let (kind, device) = (self.options.runtime.dtype, self.options.runtime.device()?);
        models::causal_lm(&self.model_dir, kind, device)
    }

    pub fn check_text_length(&self, n_positions: i64) -> Result<(), Failure> {
        let length = self.options.text_length;
        let prompts = self.tokenizer.encode_prompts(&NOTEBOOK_PROMPTS)?;
        let longest = prompts.iter().map(Vec::len).max().unwrap_or(0);
        if length <= longest || length as i64 > n_positions {
            let range =
                format!("{} (one more than the longest prompt) to {n_positions} (the model's limit)", longest + 1);
            return Err(UsageError::new(format!("--text-length is {length}, expected {range}")).into());
        }
        Ok(())
    }

    /// Generates continuations of the 46 prompts with the notebook's options, and scores them.
    fn sample(&self, model: &dyn CausalLm, texts_per_prompt: usize, seed: u64) -> Result<Vec<ScoredText>, Failure> {
        let (generation, batch_size) = (self.options.generation(seed)?, Some(self.options.batch_size));
        let written =
            generate_texts(model, &self.tokenizer, &NOTEBOOK_PROMPTS, texts_per_prompt, &generation, batch_size)?;
        let scores = self.reward_model.scores(&written.iter().map(|text| text.text.as_str()).collect::<Vec<_>>())?;
        let scored = written.into_iter().zip(scores);
        Ok(scored.map(|(written, score)| ScoredText::new(prompt(&written), written.text, score)).collect())
    }

    /// Compares the texts of each trained model with those of the model before training.
    pub fn compare(&self, sft: &dyn CausalLm, trained: &[TrainedModel]) -> Result<PolicyComparison, Failure> {
        let texts_per_prompt = self.options.eval_texts_per_prompt;
        output::note!("\ncompare: {} per prompt from each model", counted(texts_per_prompt, "text"));
        let held_out: Vec<usize> = (0..NOTEBOOK_PROMPTS.len()).filter(|index| is_held_out(*index)).collect();
        let policies: Vec<NamedPolicy> =
            trained.iter().map(|trained| NamedPolicy { name: trained.name, model: trained.model.as_ref() }).collect();
        let options = ComparisonOptions {
            tokenizer: &self.tokenizer,
            score: &|texts| self.reward_model.scores(texts).map_err(|e| e.to_string()),
            prompts: &NOTEBOOK_PROMPTS,
            // If the pairs came from a file, it is unknown which prompts are held out.
            held_out: if self.options.train_file.is_some() { &[] } else { &held_out },
            texts_per_prompt,
            // A different seed, so that the texts of the training data are not generated again.
            generation: self.options.generation(self.options.seed.wrapping_add(1))?.config().clone(),
            batch_size: self.options.batch_size,
        };
        Ok(compare_policies(NamedPolicy { name: "SFT", model: sft }, &policies, &options)?)
    }

    /// The training and held-out pairs: read from files, or generated, scored and paired.
    pub fn pairs(&self, sft: &dyn CausalLm) -> Result<(Vec<PreferencePair>, Vec<PreferencePair>), Failure> {
        let (options, data) = (self.options, &self.options.data);
        if let Some(train) = &options.train_file {
            let read = |file: &Path| -> Result<Vec<PreferencePair>, Failure> {
                let files = align_data::tables::table_files(file)?;
                let Examples { rows, notes } = data.read(&files, &options.columns, &[], options.seed)?;
                output::note!("{}", align_base::printable_path(file));
                notes.iter().for_each(|note| output::note!("  {note}"));
                let plain: Option<Vec<PreferencePair>> = rows.iter().map(|row| row.as_plain().cloned()).collect();
                let conversations = || format!("{}: expected plain texts, found conversations", file.display());
                Ok(plain.ok_or_else(conversations)?)
            };
            let held_out = options.eval_file.as_deref().map(read).transpose()?;
            return Ok((read(train)?, held_out.unwrap_or_default()));
        }
        let sampled = self.sample(sft, options.texts_per_prompt, options.seed)?;
        output::note!("{} generated and scored", counted(sampled.len(), "text"));
        let (held_out, train): (Vec<ScoredText>, Vec<ScoredText>) =
            sampled.into_iter().partition(is_of_held_out_prompt);
        let make_pairs = |texts: &[ScoredText], what: &str| -> Result<Vec<PreferencePair>, Failure> {
            let strategy = PairStrategy::Random;
            let pairs_per_prompt = data.pairs_per_prompt.or(Some(options.texts_per_prompt));
            let (pairs, report) = pair(texts, &PairOptions { strategy, pairs_per_prompt, seed: options.seed })?;
            output::note!("pair, {what}: {report}");
            Ok(pairs)
        };
        Ok((make_pairs(&train, "training prompts")?, make_pairs(&held_out, "held-out prompts")?))
    }

    pub fn train(
        &self,
        name: &'static str,
        train: &[PreferencePair],
        held_out: &[PreferencePair],
        config: DpoConfig,
    ) -> Result<TrainedModel, Failure> {
        let policy = self.policy()?;
        let n_positions = policy.max_position_embeddings();
        output::note!("\ntrain: {name}, beta {}, learning rate {:e}", config.beta, config.training.learning_rate);
        let encode = |pairs: &[PreferencePair], what: &str| {
            let encoded = self.options.data.encode(&self.tokenizer, pairs, n_positions);
            encoded.map_err(|e| Failure::from(format!("{what} pairs: {e}")))
        };
        let encoded = encode(train, "training")?;
        let train_rows = encoded.len();
        let mut trainer =
            DpoTrainer::new(policy, None, encoded, config.clone()).map_err(memory_error::with_options_to_change)?;
        if !held_out.is_empty() {
            trainer = trainer.with_evaluation(encode(held_out, "held-out")?)?;
        }
        let mut log = TrainingLog::default();
        let mut records = TrainingRecords::default();
        let started = Instant::now();
        let summary = trainer.train(&mut [&mut log, &mut records])?;
        let elapsed = started.elapsed();
        output::note!("{} in {}", counted(summary.steps, "step"), format_duration(elapsed));
        let card = ModelCard {
            base_model: models::display_name(self.options.model.as_deref(), models::BUNDLED_POLICY),
            base_model_id: self.options.model.as_deref().and_then(ModelResolver::hub_id),
            adapter: false,
            ref_model: Some("the base model".to_owned()),
            train_data: self.data_description(self.options.train_file.as_deref()),
            train_rows,
            config,
            steps: summary.steps,
            last_mean: summary.last_mean,
            eval_data: (!held_out.is_empty()).then(|| self.data_description(self.options.eval_file.as_deref())),
            evaluation: summary.last_evaluation,
            hub_model_id: None,
        };
        Ok(TrainedModel { name, model: trainer.into_policy(), card, records, seconds: elapsed.as_secs_f64() })
    }

    /// A description of the data for model cards and reports: the file's name, or how the pairs were made.
    pub fn data_description(&self, file: Option<&Path>) -> String {
        file.map(models::file_name).unwrap_or_else(|| {
            let [_, reward_model] = self.options.model_names();
            let score = self.reward_model.score();
            format!("the base model's own texts, scored by {reward_model} ({score}) and paired at random")
        })
    }
}

fn prompt(written: &GeneratedText) -> &'static str {
    NOTEBOOK_PROMPTS.get(written.prompt).copied().unwrap_or_default()
}
