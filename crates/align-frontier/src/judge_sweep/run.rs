//! Runs a sweep over rules.

use super::judged_sample::judged_texts;
use super::standard_scores::{StandardScores, scores_by};
use super::{JudgeSweep, JudgeSweepOptions, JudgedPolicy, JudgedSample, PolicyKind};
use crate::error::option_error;
use crate::mean_over_prompts::mean_over_prompts;
use crate::sample::generate_samples;
use crate::shared_stages::SharedStages;
use crate::sweep_folder::SweepFolder;
use crate::train_policy::{TrainedPolicy, run_config, train_policy};
use crate::training_pairs::{encode_sampled_pairs, scored_texts};
use crate::{Error, PolicyEvaluator, Result, Sample, SamplingOptions};
use align_base::Progress;
use align_data::judges::{JudgedPairOptions, pair_judged};
use align_data::pairing::{PairOptions, PairStrategy, pair};
use align_data::{PreferencePair, Tokenizer};
use align_inference::Judge;
use align_metrics::{Clusters, Estimate, PairedComparison};
use align_models::{CausalLm, ModelSoup};
use align_train::{StepRecord, StopSignal};
use std::collections::HashMap;
use std::time::Instant;
use tch::Device;

const TRAINING_TEXTS: &str = "training_texts";

/// The models of a sweep over rules.
pub struct JudgeSweepModels<'a> {
    /// The model before training: the initial policy and the reference.
    pub sft: &'a dyn CausalLm,
    /// Its tokeniser.
    pub tokenizer: &'a Tokenizer,
    /// The judges, in the order of their names in the options.
    pub judges: &'a [&'a dyn Judge],
    /// Texts per batch, for generation and evaluation.
    pub batch_size: usize,
}

/// Progress events of a sweep over rules.
#[derive(Debug)]
#[non_exhaustive]
pub enum JudgeSweepProgress<'a> {
    /// The texts for the training pairs are ready.
    TrainingTexts(usize),
    /// A policy is trained next: its kind, its number from 1, and the number of policies.
    PolicyStarted(&'a PolicyKind, usize, usize),
    /// The training pairs of a policy are ready; their number.
    Pairs(usize),
    /// A training step of the current policy, and the number of its steps.
    Step(&'a StepRecord, u64),
    /// A policy is finished, possibly by an earlier process.
    PolicyFinished(&'a JudgedPolicy),
}

type OnProgress<'a> = &'a mut dyn FnMut(&JudgeSweepProgress<'_>);

/// Runs the remaining stages of a sweep: texts and their scores, then training and evaluation of each policy. Each finished stage is saved in
/// the folder. `None` if the sweep was stopped; the interrupted policy will start from the beginning.
///
/// The policies of the judges alone are kept in memory until the soups are averaged. A sweep that was interrupted after them trains them again
/// for its remaining soups.
///
/// With the folder of a [group](SweepFolder::open_in_group), all processes call this. Each trains and evaluates whole policies, and gets all
/// results, which are those of one process.
///
/// # Errors
/// When an option is invalid, or a stage fails; the error names the policy.
pub fn run_judge_sweep(
    models: &JudgeSweepModels<'_>,
    options: &JudgeSweepOptions,
    folder: &SweepFolder,
    stop: &StopSignal,
    on: OnProgress<'_>,
) -> Result<Option<JudgeSweep>> {
    options.validate()?;
    if models.judges.len() != options.judges.len() {
        let (names, found) = (options.judges.len(), models.judges.len());
        return Err(option_error("judges", format!("there are {found}, but {names} names")));
    }
    let prompt_ids = models.tokenizer.encode_prompts(&options.prompts)?;
    let mut runner = Runner { models, options, folder, stop, prompt_ids, judge_policies: HashMap::new() };
    let texts = runner.training_texts()?;
    on(&JudgeSweepProgress::TrainingTexts(texts.len()));
    runner.run(texts, on)
}

struct Runner<'a> {
    models: &'a JudgeSweepModels<'a>,
    options: &'a JudgeSweepOptions,
    folder: &'a SweepFolder,
    stop: &'a StopSignal,
    prompt_ids: Vec<Vec<i64>>,
    /// The policies trained on the preferences of one judge alone, for the soups.
    judge_policies: HashMap<usize, Box<dyn CausalLm>>,
}

/// The model before training, with which the policies are compared.
#[derive(Clone, Copy)]
struct Before<'a> {
    sft: &'a JudgedPolicy,
    scale: &'a StandardScores,
    reference_samples: &'a [Sample],
}

/// A policy before its evaluation.
struct Candidate {
    model: Box<dyn CausalLm>,
    pairs: usize,
}

impl Runner<'_> {
    fn run(&mut self, texts: Vec<JudgedSample>, on: OnProgress<'_>) -> Result<Option<JudgeSweep>> {
        let (options, folder) = (self.options, self.folder);
        let kinds = options.policies();
        let sft = folder.saved_or(&PolicyKind::Sft.file_name(&options.rules), || self.sft())?;
        on(&JudgeSweepProgress::PolicyFinished(&sft));
        let scale = StandardScores::of(&sft.samples, &options.judges, &options.weights)?;
        let reference_samples = scale.rewarded(&sft.samples);
        let before = Before { sft: &sft, scale: &scale, reference_samples: &reference_samples };
        let names = kinds.iter().map(|kind| kind.file_name(&options.rules)).collect();
        let mut stages = SharedStages::read(folder, names)?;
        let mut progress = Progress::resume("sweep", "policies", stages.finished() as u64, kinds.len() as u64);
        let soups = kinds.iter().position(|kind| matches!(kind, PolicyKind::Soup(_))).unwrap_or(kinds.len());
        for number in 0..kinds.len() {
            if number == soups && (soups..kinds.len()).any(|soup| !stages.is_finished(soup)) {
                self.share_judge_policies()?;
            }
            if !stages.is_finished(number) {
                // Soups need the policies of the judges.
                let end = if number < soups { soups } else { kinds.len() };
                let compute = |index: usize| self.policy(&kinds, index, &texts, &before, on);
                if stages.finish(number, end, compute)?.is_none() {
                    return Ok(None);
                }
            }
            if let Some(policy) = stages.result(number) {
                on(&JudgeSweepProgress::PolicyFinished(policy));
            }
            progress.set_done(stages.finished() as u64);
        }
        let policies = std::iter::once(sft).chain(stages.into_results()).collect();
        Ok(Some(JudgeSweep { judges: options.judges.clone(), training_texts: texts, policies }))
    }

    /// Makes and evaluates a policy; `None` if it was stopped.
    fn policy(
        &mut self,
        kinds: &[PolicyKind],
        index: usize,
        texts: &[JudgedSample],
        before: &Before<'_>,
        on: OnProgress<'_>,
    ) -> Result<Option<JudgedPolicy>> {
        let Some(kind) = kinds.get(index) else { return Ok(None) };
        on(&JudgeSweepProgress::PolicyStarted(kind, index + 1, kinds.len()));
        let failed = |problem| Error::Point { point: kind.name(&self.options.judges), problem: Box::new(problem) };
        let started = Instant::now();
        let Some(candidate) = self.candidate(kind, texts, on).map_err(failed)? else { return Ok(None) };
        let policy = self.evaluate(kind, &candidate, before, started)?;
        let has_soups = kinds.iter().any(|kind| matches!(kind, PolicyKind::Soup(_)));
        if let (PolicyKind::Judge(judge), true) = (kind, has_soups) {
            self.judge_policies.insert(*judge, candidate.model);
        }
        Ok(Some(policy))
    }

    /// Gives each process the policies of the judges that others have trained, for its soups.
    fn share_judge_policies(&mut self) -> Result<()> {
        let group = self.folder.group();
        if group.is_single() {
            return Ok(());
        }
        let own: Vec<usize> = self.judge_policies.keys().copied().collect();
        let all: Vec<Vec<usize>> = group.all_gather_objects(&own)?;
        for judge in 0..self.options.judges.len() {
            let Some(owner) = all.iter().position(|judges| judges.contains(&judge)) else { continue };
            let policy = match self.judge_policies.remove(&judge) {
                Some(policy) => policy,
                None => self.models.sft.frozen_copy()?,
            };
            for (_, weight) in policy.parameters().iter() {
                let mut values = weight.f_detach()?.f_to_device(Device::Cpu)?;
                group.broadcast(&mut values, owner)?;
                tch::no_grad(|| weight.f_detach()?.f_copy_(&values))?;
            }
            self.judge_policies.insert(judge, policy);
        }
        Ok(())
    }

    /// The texts for training pairs, without those of held-out prompts.
    fn training_texts(&self) -> Result<Vec<JudgedSample>> {
        self.folder.saved_or(TRAINING_TEXTS, || {
            let mut texts = self.sample(self.models.sft, &self.options.training_texts)?;
            texts.retain(|text| !self.options.held_out.contains(&text.prompt));
            Ok(texts)
        })
    }

    fn sample(&self, model: &dyn CausalLm, sampling: &SamplingOptions) -> Result<Vec<JudgedSample>> {
        let JudgeSweepModels { tokenizer, judges, batch_size, .. } = self.models;
        let texts = generate_samples(model, tokenizer, &self.options.prompts, sampling, *batch_size)?;
        JudgedSample::score(texts, &self.options.judges, judges)
    }

    /// Evaluates the model before training.
    fn sft(&self) -> Result<JudgedPolicy> {
        let started = Instant::now();
        let samples = self.sample(self.models.sft, &self.options.evaluation)?;
        let scale = StandardScores::of(&samples, &self.options.judges, &self.options.weights)?;
        let evaluation = self.evaluator(&scale.rewarded(&samples)).evaluate_reference()?;
        let scores = self.mean_scores(&samples)?;
        let seconds = started.elapsed().as_secs_f64();
        let kind = PolicyKind::Sft;
        Ok(JudgedPolicy { kind, pairs: 0, scores, against_sft: Vec::new(), evaluation, samples, seconds })
    }

    fn evaluator<'a>(&'a self, reference_samples: &'a [Sample]) -> PolicyEvaluator<'a> {
        PolicyEvaluator {
            reference: self.models.sft,
            reference_samples,
            prompt_ids: &self.prompt_ids,
            held_out: &self.options.held_out,
            eos_token_id: self.models.tokenizer.eos_token_id(),
            bootstrap: self.options.bootstrap,
            batch_size: self.models.batch_size,
        }
    }

    /// Trains or averages a policy; `None` if it was stopped.
    fn candidate(
        &mut self,
        kind: &PolicyKind,
        texts: &[JudgedSample],
        on: OnProgress<'_>,
    ) -> Result<Option<Candidate>> {
        match kind {
            PolicyKind::Sft => Ok(None),
            PolicyKind::Judge(judge) => {
                let reward = |text: &JudgedSample| text.scores.get(*judge).copied().unwrap_or(f64::NAN);
                let samples: Vec<Sample> = texts.iter().map(|text| text.with_reward(reward(text))).collect();
                let (pairs, _) = pair(&scored_texts(&samples, &self.options.prompts), &self.pairing())?;
                self.train(&pairs, &samples, on)
            }
            PolicyKind::Rule(rule) => {
                let pairing = JudgedPairOptions { pairing: self.pairing(), ..JudgedPairOptions::new(rule.clone()) };
                let (pairs, _) = pair_judged(&judged_texts(texts, self.options)?, &pairing)?;
                let pairs: Vec<PreferencePair> = pairs.into_iter().map(|judged| judged.pair).collect();
                // The rule has no rewards of single texts.
                let samples: Vec<Sample> = texts.iter().map(|text| text.with_reward(0.0)).collect();
                self.train(&pairs, &samples, on)
            }
            PolicyKind::Soup(weights) => self.soup(weights, texts, on),
        }
    }

    fn pairing(&self) -> PairOptions {
        PairOptions {
            strategy: PairStrategy::Random,
            pairs_per_prompt: Some(self.options.pairs_per_prompt),
            seed: self.options.dpo.training.seed,
        }
    }

    fn train(&self, pairs: &[PreferencePair], samples: &[Sample], on: OnProgress<'_>) -> Result<Option<Candidate>> {
        let pairs = encode_sampled_pairs(pairs, samples, &self.options.prompts, &self.prompt_ids);
        on(&JudgeSweepProgress::Pairs(pairs.len()));
        if pairs.is_empty() {
            let problem = "they give no training pair: sample more texts per prompt, or choose another rule";
            return Err(option_error("training_texts", problem));
        }
        let mut on_step = |record: &StepRecord, steps| on(&JudgeSweepProgress::Step(record, steps));
        let (count, config) = (pairs.len(), run_config(&self.options.dpo));
        let trained = train_policy(self.models.sft, pairs, config, self.stop, &mut on_step)?;
        Ok(trained.map(|TrainedPolicy { policy, .. }| Candidate { model: policy, pairs: count }))
    }

    /// The weighted mean of the policies of the judges. Those that an earlier process trained are trained again.
    fn soup(&mut self, weights: &[u32], texts: &[JudgedSample], on: OnProgress<'_>) -> Result<Option<Candidate>> {
        let mut soup: Option<ModelSoup> = None;
        for (judge, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
            if !self.judge_policies.contains_key(&judge) {
                let Some(trained) = self.candidate(&PolicyKind::Judge(judge), texts, on)? else { return Ok(None) };
                self.judge_policies.insert(judge, trained.model);
            }
            let Some(policy) = self.judge_policies.get(&judge) else { continue };
            match &mut soup {
                None => soup = Some(ModelSoup::new(policy.frozen_copy()?, f64::from(*weight))?),
                Some(soup) => soup.add(policy.as_ref(), f64::from(*weight))?,
            }
        }
        let Some(soup) = soup else { return Ok(None) };
        Ok(Some(Candidate { model: soup.finish()?, pairs: 0 }))
    }

    fn evaluate(
        &self,
        kind: &PolicyKind,
        candidate: &Candidate,
        before: &Before<'_>,
        started: Instant,
    ) -> Result<JudgedPolicy> {
        let Before { sft, scale, reference_samples } = *before;
        let samples = self.sample(candidate.model.as_ref(), &self.options.evaluation)?;
        let evaluation =
            self.evaluator(reference_samples).evaluate(candidate.model.as_ref(), &scale.rewarded(&samples))?;
        let prompts = Clusters::by(&samples.iter().map(|sample| sample.prompt).collect::<Vec<_>>());
        let compare = |judge| {
            let (after, before) = (scores_by(&samples, judge), scores_by(&sft.samples, judge));
            Ok(PairedComparison::of(&after, &before, Some(&prompts), &self.options.bootstrap)?)
        };
        let against_sft = (0..self.options.judges.len()).map(compare).collect::<Result<_>>()?;
        let (kind, pairs, scores) = (kind.clone(), candidate.pairs, self.mean_scores(&samples)?);
        let seconds = started.elapsed().as_secs_f64();
        Ok(JudgedPolicy { kind, pairs, scores, against_sft, evaluation, samples, seconds })
    }

    /// The mean score by each judge.
    fn mean_scores(&self, samples: &[JudgedSample]) -> Result<Vec<Estimate>> {
        let prompts: Vec<usize> = samples.iter().map(|sample| sample.prompt).collect();
        let of_judge = |judge| mean_over_prompts(&scores_by(samples, judge), &prompts, &self.options.bootstrap);
        (0..self.options.judges.len()).map(of_judge).collect()
    }
}
