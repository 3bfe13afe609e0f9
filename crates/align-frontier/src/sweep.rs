use crate::error::option_error;
use crate::sample::check_sampling;
use crate::shared_stages::SharedStages;
use crate::sweep_folder::SweepFolder;
use crate::train_policy::{TrainedPolicy, check_shared_options, run_config, train_policy};
use crate::training_pairs::{encode_sampled_pairs, scored_texts};
use crate::{Error, Evaluation, Point, PolicyEvaluator, Result, Sample, SamplingOptions, Score, sample};
use align_base::Progress;
use align_data::pairing::{PairOptions, PairStrategy, PairingReport, pair};
use align_data::{EncodedPair, Tokenizer};
use align_metrics::Bootstrap;
use align_models::CausalLm;
use align_train::{DpoConfig, RunConfig, StepRecord, StopSignal};
use serde::{Deserialize, Serialize};
use std::time::Instant;

const TRAINING_TEXTS: &str = "training_texts";
const SFT: &str = "sft";
/// Subfolder for the reference's log-probabilities.
const REFERENCE_FOLDER: &str = "reference";

/// The options of a sweep, besides the models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepOptions {
    /// The points, as returned by [`points`](crate::points).
    pub points: Vec<Point>,
    /// The prompts, without duplicates.
    pub prompts: Vec<String>,
    /// Indices of held-out prompts, which are evaluated but not used for training pairs.
    pub held_out: Vec<usize>,
    /// How the texts for the training pairs are sampled.
    pub training_texts: SamplingOptions,
    /// Number of random pairs per prompt.
    pub pairs_per_prompt: usize,
    /// How texts for the evaluation are sampled.
    pub evaluation: SamplingOptions,
    /// The training options of all points. The points set loss and beta.
    pub dpo: DpoConfig,
    /// Options of the bootstrap intervals.
    pub bootstrap: Bootstrap,
}

impl SweepOptions {
    /// Checks the options, including those of every point's run.
    ///
    /// # Errors
    /// When an option is invalid or would be ignored. The error names the point, if it concerns one.
    pub fn validate(&self) -> Result<()> {
        if self.points.is_empty() {
            return Err(option_error("points", "there are none: name losses and betas"));
        }
        check_sampling(&self.prompts, &self.held_out, &self.training_texts, &self.evaluation)?;
        let fixed = DpoConfig { training: self.dpo.training.clone(), ..DpoConfig::default() };
        let own = DpoConfig { micro_batch_tokens: fixed.micro_batch_tokens, ..self.dpo.clone() };
        if own.loss_type != fixed.loss_type
            || own.beta != fixed.beta
            || own.f_divergence_type != fixed.f_divergence_type
        {
            return Err(option_error(
                "dpo",
                "loss_type, beta and f_divergence_type are set by the points: leave them out",
            ));
        }
        check_shared_options(&self.dpo)?;
        self.bootstrap.validate()?;
        self.points.iter().try_for_each(|point| {
            let config = point.loss.config(point.beta, &self.dpo);
            let checked = config.and_then(|config| Ok(run_config(&config).validate()?));
            checked.map_err(|problem| Error::Point { point: point.to_string(), problem: Box::new(problem) })
        })
    }
}

/// The models of a sweep.
pub struct SweepModels<'a> {
    /// The model before training: the initial policy and the reference.
    pub sft: &'a dyn CausalLm,
    /// Its tokeniser.
    pub tokenizer: &'a Tokenizer,
    /// The reward function.
    pub score: &'a Score<'a>,
    /// Texts per batch, for generation and evaluation.
    pub batch_size: usize,
}

/// The results of one policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyResult {
    /// Its measurements.
    pub evaluation: Evaluation,
    /// The evaluated texts.
    pub samples: Vec<Sample>,
    /// The training steps; empty for the model before training.
    pub training: Vec<StepRecord>,
    /// Duration of training and evaluation in seconds.
    pub seconds: f64,
}

impl PolicyResult {
    /// The mean of a metric over the last quarter of the steps, because single batches are noisy.
    pub(crate) fn last_quarter(&self, metric: &str) -> Option<f64> {
        let last = self.training.get(self.training.len() / 4 * 3..).unwrap_or_default();
        let values: Vec<f64> = last.iter().filter_map(|step| step.get(metric)).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// A finished sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// The model before training.
    pub sft: PolicyResult,
    /// The points in order.
    pub points: Vec<(Point, PolicyResult)>,
    /// Statistics of the training pairs.
    pub pairing: PairingReport,
}

/// Progress events of a sweep.
#[derive(Debug)]
#[non_exhaustive]
pub enum SweepProgress<'a> {
    /// The texts for the training pairs are ready.
    TrainingTexts(usize),
    /// The training pairs are ready.
    Pairs(&'a PairingReport),
    /// The model before training has been evaluated.
    Sft(&'a PolicyResult),
    /// A point's run starts: the point, its number from 1, and the number of points.
    PointStarted(&'a Point, usize, usize),
    /// A training step of the current point.
    Step(&'a StepRecord, u64),
    /// A point is finished, possibly by an earlier process.
    PointFinished(&'a Point, &'a PolicyResult),
}

/// How a sweep ended.
#[derive(Debug)]
pub enum SweepOutcome {
    /// All points are finished.
    Finished(Box<Sweep>),
    /// The sweep was stopped with this many finished points. The interrupted point will start from the beginning.
    Stopped(usize),
}

/// Runs the remaining stages of a sweep: texts, pairs, then training and evaluation of each point. Each finished stage
/// is saved in the folder, and the result is read from there.
///
/// With the folder of a [group](SweepFolder::open_in_group), all processes call this. Each trains and evaluates whole points, and gets all results,
/// which are those of one process; rank 0 does the other stages.
///
/// # Errors
/// When an option is invalid, or a stage fails; the error names the point.
pub fn run_sweep(
    models: &SweepModels<'_>,
    options: &SweepOptions,
    folder: &SweepFolder,
    stop: &StopSignal,
    on: &mut dyn FnMut(&SweepProgress<'_>),
) -> Result<SweepOutcome> {
    options.validate()?;
    Runner { models, options, folder, stop }.run(on)
}

struct Runner<'a> {
    models: &'a SweepModels<'a>,
    options: &'a SweepOptions,
    folder: &'a SweepFolder,
    stop: &'a StopSignal,
}

impl Runner<'_> {
    fn run(&self, on: &mut dyn FnMut(&SweepProgress<'_>)) -> Result<SweepOutcome> {
        let prompts = self.models.tokenizer.encode_prompts(&self.options.prompts)?;
        let training_texts = self.training_texts()?;
        on(&SweepProgress::TrainingTexts(training_texts.len()));
        let (pairs, pairing) = self.pairs(&training_texts, &prompts)?;
        on(&SweepProgress::Pairs(&pairing));
        if self.folder.group().any(self.stop.is_stopped())? {
            return Ok(SweepOutcome::Stopped(0));
        }
        let sft = self.sft(&prompts)?;
        on(&SweepProgress::Sft(&sft));
        let evaluator = self.evaluator(&sft.samples, &prompts);
        let (points, all) = (&self.options.points, self.options.points.len());
        let mut stages = SharedStages::read(self.folder, points.iter().map(Point::file_name).collect())?;
        let mut progress = Progress::resume("sweep", "points", stages.finished() as u64, all as u64);
        for (number, point) in points.iter().enumerate() {
            if !stages.is_finished(number) {
                let compute = |index: usize| self.point(index, &pairs, &evaluator, on);
                if stages.finish(number, all, compute)?.is_none() {
                    return Ok(SweepOutcome::Stopped(stages.finished()));
                }
            }
            if let Some(result) = stages.result(number) {
                on(&SweepProgress::PointFinished(point, result));
            }
            progress.set_done(stages.finished() as u64);
        }
        let points = points.iter().copied().zip(stages.into_results()).collect();
        Ok(SweepOutcome::Finished(Box::new(Sweep { sft, points, pairing })))
    }

    /// The texts for training pairs, without those of held-out prompts.
    fn training_texts(&self) -> Result<Vec<Sample>> {
        self.folder.saved_or(TRAINING_TEXTS, || {
            let mut texts = self.sample(self.models.sft, &self.options.training_texts)?;
            texts.retain(|text: &Sample| !self.options.held_out.contains(&text.prompt));
            Ok(texts)
        })
    }

    fn pairs(&self, texts: &[Sample], prompts: &[Vec<i64>]) -> Result<(Vec<EncodedPair>, PairingReport)> {
        let pairing = PairOptions {
            strategy: PairStrategy::Random,
            pairs_per_prompt: Some(self.options.pairs_per_prompt),
            seed: self.options.dpo.training.seed,
        };
        let (pairs, report) = pair(&scored_texts(texts, &self.options.prompts), &pairing)?;
        let pairs = encode_sampled_pairs(&pairs, texts, &self.options.prompts, prompts);
        if pairs.is_empty() {
            return Err(option_error("training_texts", format!("they give no training pair: {report}")));
        }
        Ok((pairs, report))
    }

    fn sft(&self, prompts: &[Vec<i64>]) -> Result<PolicyResult> {
        self.folder.saved_or(SFT, || {
            let started = Instant::now();
            let samples = self.sample(self.models.sft, &self.options.evaluation)?;
            let evaluation = self.evaluator(&samples, prompts).evaluate_reference()?;
            let seconds = started.elapsed().as_secs_f64();
            Ok(PolicyResult { evaluation, samples, training: Vec::new(), seconds })
        })
    }

    fn evaluator<'a>(&'a self, samples: &'a [Sample], prompts: &'a [Vec<i64>]) -> PolicyEvaluator<'a> {
        PolicyEvaluator {
            reference: self.models.sft,
            reference_samples: samples,
            prompt_ids: prompts,
            held_out: &self.options.held_out,
            eos_token_id: self.models.tokenizer.eos_token_id(),
            bootstrap: self.options.bootstrap,
            batch_size: self.models.batch_size,
        }
    }

    fn sample(&self, model: &dyn CausalLm, sampling: &SamplingOptions) -> Result<Vec<Sample>> {
        let SweepModels { tokenizer, score, batch_size, .. } = self.models;
        sample(model, tokenizer, &self.options.prompts, sampling, *batch_size, score)
    }

    /// Trains and evaluates a point; `None` if it was stopped.
    fn point(
        &self,
        index: usize,
        pairs: &[EncodedPair],
        evaluator: &PolicyEvaluator<'_>,
        on: &mut dyn FnMut(&SweepProgress<'_>),
    ) -> Result<Option<PolicyResult>> {
        let Some(point) = self.options.points.get(index) else { return Ok(None) };
        on(&SweepProgress::PointStarted(point, index + 1, self.options.points.len()));
        let result = self.train_and_evaluate(point, pairs, evaluator, on);
        result.map_err(|problem| Error::Point { point: point.to_string(), problem: Box::new(problem) })
    }

    fn train_and_evaluate(
        &self,
        point: &Point,
        pairs: &[EncodedPair],
        evaluator: &PolicyEvaluator<'_>,
        on: &mut dyn FnMut(&SweepProgress<'_>),
    ) -> Result<Option<PolicyResult>> {
        let started = Instant::now();
        let config = DpoConfig {
            ref_log_probs_dir: Some(self.folder.path().join(REFERENCE_FOLDER)),
            ..run_config(&point.loss.config(point.beta, &self.options.dpo)?)
        };
        let mut on_step = |record: &StepRecord, steps| on(&SweepProgress::Step(record, steps));
        let Some(TrainedPolicy { policy, training }) =
            train_policy(self.models.sft, pairs.to_vec(), config, self.stop, &mut on_step)?
        else {
            return Ok(None);
        };
        let samples = self.sample(&policy, &self.options.evaluation)?;
        let evaluation = evaluator.evaluate(&policy, &samples)?;
        Ok(Some(PolicyResult { evaluation, samples, training, seconds: started.elapsed().as_secs_f64() }))
    }
}
