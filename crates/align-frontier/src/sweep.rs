use crate::error::refusal;
use crate::sweep_folder::SweepFolder;
use crate::{Error, Evaluation, Ground, Point, Result, Sample, Sampling, Score, sample};
use align_data::pairing::{PairOptions, PairStrategy, PairingReport, pair};
use align_data::{EncodedPair, ScoredText, Tokenizer};
use align_metrics::Bootstrap;
use align_models::CausalLm;
use align_models::generation::check_completions_fit_memory;
use align_train::{
    DpoConfig, DpoTrainer, Flow, Metrics, Objective, Observer, RunConfig, StepRecord, StopSignal, Trainer,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::Instant;

const TRAINING_TEXTS: &str = "training_texts";
const SFT: &str = "sft";
/// The folder of the reference's log-probabilities, in the sweep's.
const REFERENCE: &str = "reference";

/// What a sweep depends on, beside the models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepOptions {
    /// The points, as [`points`](crate::points) gives them.
    pub points: Vec<Point>,
    /// The prompts, each once.
    pub prompts: Vec<String>,
    /// Places of the prompts that no pair is of, which are evaluated all the same.
    pub held_out: Vec<usize>,
    /// How the texts are sampled that pairs are made of.
    pub training_texts: Sampling,
    /// Pairs a prompt, drawn at random.
    pub pairs_per_prompt: usize,
    /// How every policy is sampled to be evaluated.
    pub evaluation: Sampling,
    /// How every policy is trained; loss and beta are the point's.
    pub dpo: DpoConfig,
    /// How intervals are made.
    pub bootstrap: Bootstrap,
}

impl SweepOptions {
    /// Checks the options, those of every point's run included.
    ///
    /// # Errors
    /// An option that cannot be honoured or would be ignored; the point is named whose run refuses one.
    pub fn validate(&self) -> Result<()> {
        if self.points.is_empty() {
            return Err(refusal("points", "there are none: name losses and betas"));
        }
        if let Some(place) = self.held_out.iter().find(|place| **place >= self.prompts.len()) {
            return Err(refusal("held_out", format!("there is no prompt {place}: places are counted from 0")));
        }
        if self.held_out.len() >= self.prompts.len() {
            return Err(refusal("held_out", "leaves no prompt to train on"));
        }
        for (name, sampling, least) in
            [("training_texts", &self.training_texts, 2), ("evaluation", &self.evaluation, 1)]
        {
            if sampling.texts_per_prompt < least {
                return Err(refusal(name, format!("expected at least {least} texts a prompt")));
            }
            check_completions_fit_memory("texts_per_prompt", self.prompts.len(), sampling.texts_per_prompt)?;
        }
        if self.training_texts.seed == self.evaluation.seed {
            return Err(refusal(
                "evaluation",
                "has the seed of training_texts: it would judge by the texts trained on",
            ));
        }
        let fixed = DpoConfig { training: self.dpo.training.clone(), ..DpoConfig::default() };
        let own = DpoConfig { micro_batch_tokens: fixed.micro_batch_tokens, ..self.dpo.clone() };
        if own.loss_type != fixed.loss_type
            || own.beta != fixed.beta
            || own.f_divergence_type != fixed.f_divergence_type
        {
            return Err(refusal(
                "dpo",
                "loss_type, beta and f_divergence_type are those of the points: leave them out",
            ));
        }
        if own.precompute_ref_log_probs || own.ref_log_probs_dir.is_some() || own.sync_ref_model {
            return Err(refusal(
                "dpo",
                "the reference is one for all points, asked before training: leave its options out",
            ));
        }
        self.bootstrap.validate()?;
        self.points.iter().try_for_each(|point| {
            let config = point.loss.config(point.beta, &self.dpo);
            config.map(|_| ()).map_err(|problem| Error::Point { point: point.to_string(), problem: Box::new(problem) })
        })
    }
}

/// The models of a sweep, and how they run.
pub struct Models<'a> {
    /// The model before training, every policy's start and reference.
    pub sft: &'a dyn CausalLm,
    /// Its tokeniser.
    pub tokenizer: &'a Tokenizer,
    /// The reward of texts.
    pub score: &'a Score<'a>,
    /// Texts continued or measured at a time.
    pub batch_size: usize,
}

/// A policy with what it came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Its measures.
    pub evaluation: Evaluation,
    /// The texts that they are of.
    pub samples: Vec<Sample>,
    /// The steps that trained it; none for the model before training.
    pub training: Vec<StepRecord>,
    /// Seconds that training and evaluation took when they were done.
    pub seconds: f64,
}

/// What training looked like, on average over steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct TrainingMeans {
    pub loss: Option<f64>,
    pub metrics: Metrics,
}

impl Measured {
    /// The means over the last quarter of the steps: single batches are noisy.
    pub(crate) fn last_quarter(&self) -> TrainingMeans {
        let last = self.training.get(self.training.len() / 4 * 3..).unwrap_or_default();
        let loss = (!last.is_empty()).then(|| last.iter().map(|step| step.loss).sum::<f64>() / last.len() as f64);
        TrainingMeans { loss, metrics: Metrics::mean(last.iter().map(|step| &step.metrics)) }
    }
}

/// A finished sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// The model before training.
    pub sft: Measured,
    /// The points, in their order.
    pub points: Vec<(Point, Measured)>,
    /// How the pairs came about.
    pub pairing: PairingReport,
}

/// What a sweep says as it goes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// The texts to make pairs of are there.
    TrainingTexts(usize),
    /// The pairs are there.
    Pairs(&'a PairingReport),
    /// The model before training is measured.
    Sft(&'a Measured),
    /// A point's run begins: the point, its place from one, the number of all.
    Begins(&'a Point, usize, usize),
    /// A step of the running point's training.
    Step(&'a StepRecord, u64),
    /// A point is done, or was done by an earlier process.
    Done(&'a Point, &'a Measured),
}

/// How a sweep ended.
#[derive(Debug)]
pub enum Outcome {
    /// All points are there.
    Finished(Box<Sweep>),
    /// It was asked to stop: so many points are done. The running one is begun anew.
    Stopped(usize),
}

/// Runs what is left of a sweep: texts, pairs, then a training run and an evaluation a point. Each finished stage is
/// kept in the folder, from which alone the result is made.
///
/// # Errors
/// Options that cannot be honoured; the first problem of a stage, with its point.
pub fn run(
    models: &Models<'_>,
    options: &SweepOptions,
    folder: &SweepFolder,
    stop: &StopSignal,
    on: &mut dyn FnMut(&Progress<'_>),
) -> Result<Outcome> {
    options.validate()?;
    Runner { models, options, folder, stop }.run(on)
}

struct Runner<'a> {
    models: &'a Models<'a>,
    options: &'a SweepOptions,
    folder: &'a SweepFolder,
    stop: &'a StopSignal,
}

impl Runner<'_> {
    fn run(&self, on: &mut dyn FnMut(&Progress<'_>)) -> Result<Outcome> {
        let prompts = self.models.tokenizer.encode_prompts(&self.options.prompts)?;
        let training_texts = self.training_texts()?;
        on(&Progress::TrainingTexts(training_texts.len()));
        let (pairs, pairing) = self.pairs(&training_texts, &prompts)?;
        on(&Progress::Pairs(&pairing));
        if self.stop.is_stopped() {
            return Ok(Outcome::Stopped(0));
        }
        let sft = self.sft(&prompts)?;
        on(&Progress::Sft(&sft));
        let ground = self.ground(&sft.samples, &prompts);
        let (mut done, all) = (Vec::new(), self.options.points.len());
        for (number, point) in self.options.points.iter().enumerate() {
            let measured = match self.folder.read(&point.file_name())? {
                Some(measured) => measured,
                None => {
                    on(&Progress::Begins(point, number + 1, all));
                    let failed = |problem| Error::Point { point: point.to_string(), problem: Box::new(problem) };
                    match self.point(point, &pairs, &ground, on).map_err(failed)? {
                        Some(measured) => measured,
                        None => return Ok(Outcome::Stopped(self.done())),
                    }
                }
            };
            on(&Progress::Done(point, &measured));
            done.push((*point, measured));
        }
        Ok(Outcome::Finished(Box::new(Sweep { sft, points: done, pairing })))
    }

    fn done(&self) -> usize {
        self.options.points.iter().filter(|point| self.folder.holds(&point.file_name())).count()
    }

    /// The texts that pairs are made of: those of prompts that are not held out.
    fn training_texts(&self) -> Result<Vec<Sample>> {
        if let Some(texts) = self.folder.read(TRAINING_TEXTS)? {
            return Ok(texts);
        }
        let mut texts = self.sample(self.models.sft, &self.options.training_texts)?;
        texts.retain(|text: &Sample| !self.options.held_out.contains(&text.prompt));
        self.folder.write(TRAINING_TEXTS, &texts)?;
        Ok(texts)
    }

    /// Pairs of the very tokens that were sampled, so that neither a second tokenisation nor an end that the model did
    /// not write comes between.
    fn pairs(&self, texts: &[Sample], prompts: &[Vec<i64>]) -> Result<(Vec<EncodedPair>, PairingReport)> {
        let prompt = |sample: &Sample| self.options.prompts.get(sample.prompt).map_or("", String::as_str);
        let scored: Vec<ScoredText> =
            texts.iter().map(|text| ScoredText::new(prompt(text), text.text.as_str(), text.reward)).collect();
        let strategy = PairStrategy::Random;
        let pairs_per_prompt = Some(self.options.pairs_per_prompt);
        let seed = self.options.dpo.training.seed;
        let (pairs, report) = pair(&scored, &PairOptions { strategy, pairs_per_prompt, seed })?;
        let by_text: HashMap<(&str, &str), &Sample> =
            texts.iter().map(|text| ((prompt(text), text.text.as_str()), text)).collect();
        let encoded = pairs.iter().enumerate().filter_map(|(row, pair)| {
            let of = |text: &str| by_text.get(&(pair.prompt.as_str(), text)).copied();
            let (chosen, rejected) = (of(&pair.chosen)?, of(&pair.rejected)?);
            let prompt_ids = prompts.get(chosen.prompt)?.clone();
            Some(EncodedPair { prompt_ids, chosen_ids: chosen.ids.clone(), rejected_ids: rejected.ids.clone(), row })
        });
        let encoded: Vec<EncodedPair> = encoded.collect();
        if encoded.is_empty() {
            return Err(refusal("training_texts", format!("they give no pair to train on: {report}")));
        }
        Ok((encoded, report))
    }

    fn sft(&self, prompts: &[Vec<i64>]) -> Result<Measured> {
        if let Some(measured) = self.folder.read(SFT)? {
            return Ok(measured);
        }
        let started = Instant::now();
        let samples = self.sample(self.models.sft, &self.options.evaluation)?;
        let evaluation = self.ground(&samples, prompts).reference()?;
        let seconds = started.elapsed().as_secs_f64();
        let measured = Measured { evaluation, samples, training: Vec::new(), seconds };
        self.folder.write(SFT, &measured)?;
        Ok(measured)
    }

    fn ground<'a>(&'a self, samples: &'a [Sample], prompts: &'a [Vec<i64>]) -> Ground<'a> {
        Ground {
            reference: self.models.sft,
            samples,
            prompts,
            held_out: &self.options.held_out,
            end: self.models.tokenizer.eos_token_id(),
            bootstrap: self.options.bootstrap,
            batch_size: self.models.batch_size,
        }
    }

    fn sample(&self, model: &dyn CausalLm, sampling: &Sampling) -> Result<Vec<Sample>> {
        let Models { tokenizer, score, batch_size, .. } = self.models;
        sample(model, tokenizer, &self.options.prompts, sampling, *batch_size, score)
    }

    /// Trains and measures a point; none where it was stopped on the way.
    fn point(
        &self,
        point: &Point,
        pairs: &[EncodedPair],
        ground: &Ground<'_>,
        on: &mut dyn FnMut(&Progress<'_>),
    ) -> Result<Option<Measured>> {
        let started = Instant::now();
        let config = DpoConfig {
            precompute_ref_log_probs: true,
            ref_log_probs_dir: Some(self.folder.path().join(REFERENCE)),
            ..point.loss.config(point.beta, &self.options.dpo)?
        };
        config.validate()?;
        let mut trainer = DpoTrainer::new(self.models.sft.frozen_copy()?, None, pairs.to_vec(), config)?;
        let (mut stop, mut records) = (self.stop.clone(), Records { on, steps: Vec::new() });
        let summary = trainer.train(&mut [&mut records, &mut stop])?;
        let training = records.steps;
        if !summary.finished || self.stop.is_stopped() {
            return Ok(None);
        }
        let policy = trainer.into_policy();
        let samples = self.sample(&policy, &self.options.evaluation)?;
        let evaluation = ground.policy(&policy, &samples)?;
        let measured = Measured { evaluation, samples, training, seconds: started.elapsed().as_secs_f64() };
        self.folder.write(&point.file_name(), &measured)?;
        Ok(Some(measured))
    }
}

/// Keeps every step.
struct Records<'a> {
    on: &'a mut dyn FnMut(&Progress<'_>),
    steps: Vec<StepRecord>,
}

impl<O: Objective> Observer<O> for Records<'_> {
    fn on_step(&mut self, trainer: &Trainer<O>, record: &StepRecord) -> align_train::Result<Flow> {
        (self.on)(&Progress::Step(record, trainer.total_steps()));
        self.steps.push(record.clone());
        Ok(Flow::Continue)
    }
}
