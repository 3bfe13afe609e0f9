use crate::beta_controller::next_beta;
use crate::round_writer::{JudgedRound, ReferenceLogps, RoundWriter};
use crate::row_source::RoundRows;
use crate::slots::choose_rows;
use crate::stopping::reason_to_finish;
use crate::{Error, OnPolicyObjective, Panel, Result, RoundPrompts, RoundRecord, RoundsConfig, TextGroup};
use align_base::files::Hasher;
use align_train::objective::Row as _;
use align_train::run::{RoundContext, Rounds, RoundsObserver};
use align_train::{Flow, Metrics, Observer, Rows, RunConfig, Trainer};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Called with each round after its texts are judged, and with the reason if the run is finished there.
pub type OnRound = Box<dyn FnMut(&RoundRecord, Option<&str>)>;

/// The training rows of an on-policy run: texts that the policy continues `prompts` with, judged by `panel`.
///
/// # Errors
/// Options that are out of range or contradict each other.
pub fn rounds<O: OnPolicyObjective + 'static>(
    config: RoundsConfig,
    prompts: RoundPrompts,
    panel: Panel,
    on_round: OnRound,
) -> Result<Rounds<O>> {
    config.validate()?;
    if config.held_out_patience.is_some() && panel.held_out_name().is_none() {
        let reason = "would be ignored: there is no held-out judge. Add one, or remove it".to_owned();
        return Err(Error::Config { option: "held_out_patience", reason });
    }
    let (name, files) = (prompts.name.clone(), prompts.files.clone());
    Ok(Rounds::new(name, files, move |context| Ok(create(config, prompts, panel, context, on_round)?)))
}

fn create<O: OnPolicyObjective + 'static>(
    config: RoundsConfig,
    prompts: RoundPrompts,
    panel: Panel,
    context: &RoundContext<'_, O>,
    on_round: OnRound,
) -> Result<RoundsObserver<O>> {
    O::check(context.config)?;
    for (option, given) in [("max_kl", config.max_kl.is_some()), ("target_kl", config.target_kl.is_some())] {
        if given && !O::has_reference(context.config) {
            let reason = "needs a reference model, which this loss does not have: leave it out, or set beta of GRPO or RLOO above 0";
            return Err(Error::Config { option, reason: reason.to_owned() });
        }
    }
    let training = context.config.training();
    let rows_per_step = training.train_batch_size() * training.gradient_accumulation_steps;
    let most = config.num_generations.values().iter().copied().max().unwrap_or(2);
    let rows = config.prompts_per_round * O::rows_per_prompt(most, config.pairs) * O::passes(context.config);
    let steps = config.steps_per_round.unwrap_or(rows.div_ceil(rows_per_step) as u64);
    let rows_per_round = (steps as usize).saturating_mul(rows_per_step);
    let (rounds, path) = (config.rounds, context.path.to_owned());
    let digest = digest(&config, &prompts, &panel)?;
    let writer = RoundWriter::new(config, prompts, panel, (context.policy, context.tokenizer), context.seed)?;
    let longest_prompt = writer.check_lengths(align_models::CausalLm::max_position_embeddings(context.policy))?;
    let longest = O::row_of_length(longest_prompt, writer.longest_completion()?);
    let largest_id = align_models::CausalLm::vocab_size(context.policy) - 1;
    let source = RoundRows::new((rounds as usize, rows_per_round), longest, largest_id, digest);
    let observer = OnPolicyRounds::<O> {
        writer,
        source: source.clone(),
        path,
        resumes: context.resumes,
        steps,
        rows_per_round,
        records: Vec::new(),
        old_rows: Vec::new(),
        first_beta: None,
        trained_since: None,
        on_round,
    };
    Ok((Rows::Source(Box::new(source)), Box::new(observer)))
}

/// A digest of everything that the rows depend on besides the model and the options of training.
fn digest(config: &RoundsConfig, prompts: &RoundPrompts, panel: &Panel) -> Result<String> {
    let mut hasher = Hasher::new("on-policy rounds");
    let parts = json!({ "config": config, "judges": panel.identity()? });
    hasher.part(parts.to_string().as_bytes());
    for prompt in &prompts.prompts {
        hasher.part(format!("{prompt:?}").as_bytes());
    }
    Ok(hasher.digest())
}

/// Writes the rows of a round before its first step.
struct OnPolicyRounds<O: OnPolicyObjective> {
    writer: RoundWriter,
    source: RoundRows<O::Row>,
    path: PathBuf,
    resumes: bool,
    /// Optimiser steps of a round.
    steps: u64,
    rows_per_round: usize,
    /// The rounds so far, without their texts.
    records: Vec<RoundRecord>,
    /// The rows of earlier rounds, if they are used again; otherwise those of the last round that had any, for one without.
    old_rows: Vec<O::Row>,
    /// The beta of the options.
    first_beta: Option<f64>,
    /// When the steps of the current round began.
    trained_since: Option<Instant>,
    on_round: OnRound,
}

impl<O: OnPolicyObjective> OnPolicyRounds<O> {
    /// Takes over a round: its rows for the trainer, its metrics, and its beta.
    fn enter(&mut self, trainer: &mut Trainer<O>, record: RoundRecord) -> Result<()> {
        let config = &self.writer.config;
        let fresh = O::round_rows(trainer.config(), &record.groups, config.pairs)?;
        let rows = record.order.iter().filter_map(|place| self.row(&fresh, *place)).cloned().collect();
        self.source.set_round(usize::try_from(record.round.saturating_sub(1)).unwrap_or(usize::MAX), rows);
        if config.replay > 0.0 {
            self.old_rows.extend(fresh);
        } else if !fresh.is_empty() {
            self.old_rows = fresh;
        }
        let mut metrics = Metrics::default();
        record.metrics.iter().for_each(|(name, value)| metrics.set(name.clone(), *value));
        metrics.set("round", record.round as f64);
        trainer.objective_mut().begin_round(record.temperature)?;
        if config.target_kl.is_some() {
            metrics.set("beta", record.beta);
            trainer.objective_mut().set_beta(record.beta)?;
        }
        trainer.set_step_metrics(metrics);
        self.records.push(RoundRecord { groups: Vec::new(), order: Vec::new(), ..record });
        Ok(())
    }

    /// Takes over the rounds before the checkpoint.
    fn restore(&mut self, trainer: &mut Trainer<O>) -> Result<()> {
        for record in RoundRecord::read(&self.path)? {
            self.enter(trainer, record)?;
        }
        Ok(())
    }

    /// Lets the policy write the texts of the next round, and judges them.
    fn write(&mut self, trainer: &Trainer<O>) -> Result<JudgedRound> {
        let needs_old_logps = O::needs_old_logps(trainer.config(), self.steps);
        let trained = self.trained_since.take().map_or(0.0, |start| start.elapsed().as_secs_f64());
        let mut judged = self.writer.write(self.records.len() as u64, trainer.objective(), needs_old_logps)?;
        judged.seconds.training_before = trained;
        Ok(judged)
    }

    /// The rows of a round's texts, and which rows its steps use.
    fn rows_of_steps(&self, config: &O::Config, groups: &[TextGroup]) -> Result<(Vec<O::Row>, Vec<usize>)> {
        let rows = O::round_rows(config, groups, self.writer.config.pairs)?;
        let side_by_side: Vec<usize> =
            rows.chunk_by(|a, b| O::PROMPTS_STAY_TOGETHER && a.index() == b.index()).map(<[_]>::len).collect();
        let (counts, replay) = ((side_by_side.as_slice(), self.old_rows.len()), self.writer.config.replay);
        let order = choose_rows(self.rows_per_round, counts, replay, (self.writer.seed, self.records.len() as u64));
        Ok((rows, order))
    }

    /// The log-probabilities of texts under the reference model, computed for the steps of the round, if the objective does that.
    fn reference_ahead(&self, trainer: &mut Trainer<O>, groups: &[TextGroup]) -> Result<ReferenceLogps> {
        if !O::COMPUTES_REFERENCE_AHEAD {
            return Ok(ReferenceLogps::new());
        }
        let (fresh, order) = self.rows_of_steps(trainer.config(), groups)?;
        let rows: Vec<O::Row> = order.iter().filter_map(|place| self.row(&fresh, *place)).cloned().collect();
        let logps = trainer.objective_mut().compute_reference_ahead(&rows)?.unwrap_or_default();
        let mut known = ReferenceLogps::new();
        // Rows of earlier rounds have texts of other groups.
        for (_, (row, logps)) in order.iter().zip(rows.iter().zip(logps)).filter(|(place, _)| **place < fresh.len()) {
            let texts = row.completions().into_iter().map(|(_, ids)| (row.index(), ids.to_vec()));
            known.extend(texts.zip(logps));
        }
        Ok(known)
    }

    /// The row at a place in the order of a round: its `fresh` rows, then those of earlier rounds.
    fn row<'a>(&'a self, fresh: &'a [O::Row], place: usize) -> Option<&'a O::Row> {
        fresh.get(place).or_else(|| self.old_rows.get(place.checked_sub(fresh.len())?))
    }

    /// Measures a round, and chooses the rows of its steps.
    fn measure(&self, trainer: &Trainer<O>, judged: JudgedRound, reference: &ReferenceLogps) -> Result<RoundRecord> {
        let mut record = self.writer.measure(judged, trainer.objective(), trainer.step(), reference)?;
        let (rows, order) = self.rows_of_steps(trainer.config(), &record.groups)?;
        (record.rows, record.order) = (rows.len(), order);
        if let (Some(target), Some(first)) = (self.writer.config.target_kl, self.first_beta) {
            let kl = record.metric("objective/kl").unwrap_or_default();
            record.beta = next_beta((first, self.records.last().map_or(first, |last| last.beta)), kl, target);
        }
        Ok(record)
    }

    fn next_round(&mut self, trainer: &mut Trainer<O>) -> Result<Flow> {
        let first = trainer.objective().beta();
        self.first_beta.get_or_insert(first);
        if std::mem::take(&mut self.resumes) {
            self.restore(trainer)?;
        }
        if (self.records.len() as u64).saturating_mul(self.steps) > trainer.step() {
            return Ok(Flow::Continue);
        }
        let mut judged = self.write(trainer)?;
        let start = Instant::now();
        let reference = self.reference_ahead(trainer, &judged.groups)?;
        judged.seconds.log_probabilities = start.elapsed().as_secs_f64();
        let record = self.measure(trainer, judged, &reference)?;
        if record.order.is_empty() {
            let problem = "the judges give all texts of each prompt the same reward, so that there is nothing to learn from: raise \
                           num_generations, prompts_per_round or temperature, or use a judge that tells texts apart";
            return Err(Error::Round { round: record.round, problem: problem.to_owned() });
        }
        if record.rows == 0 {
            let round = record.round;
            tracing::warn!(
                round,
                "all texts of each prompt have the same reward: the steps use rows of earlier rounds"
            );
        }
        let texts = || record.groups.iter().flat_map(|group| &group.texts);
        if texts().all(|text| text.advantage == Some(0.0)) {
            let round = record.round;
            tracing::warn!(
                round,
                "no text has an advantage over the others of its prompt: nothing is learnt from this round"
            );
        }
        record.append(&self.path)?;
        let reason = reason_to_finish(&self.writer.config, (&self.records, &record), self.writer.panel.held_out_name());
        (self.on_round)(&record, reason.as_deref());
        if reason.is_some() {
            self.records.push(record);
            return Ok(Flow::Finish);
        }
        self.enter(trainer, record)?;
        self.trained_since = Some(Instant::now());
        Ok(Flow::Continue)
    }
}

impl<O: OnPolicyObjective> Observer<O> for OnPolicyRounds<O> {
    fn log_file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn on_start(&mut self, trainer: &Trainer<O>) -> align_train::Result<Flow> {
        trainer.truncate_log_file(&self.path)?;
        Ok(Flow::Continue)
    }

    fn before_step(&mut self, trainer: &mut Trainer<O>) -> align_train::Result<Flow> {
        Ok(self.next_round(trainer)?)
    }

    /// Measures the trained policy, unless it was measured to finish the run.
    fn on_end(&mut self, trainer: &Trainer<O>) -> align_train::Result<()> {
        let is_measured = self.records.last().is_some_and(|last| last.step == trainer.step());
        if !trainer.is_finished() || is_measured {
            return Ok(());
        }
        let judged = self.write(trainer)?;
        let mut record = self.measure(trainer, judged, &ReferenceLogps::new())?;
        record.order.clear();
        record.append(&self.path)?;
        (self.on_round)(&record, None);
        Ok(())
    }
}
