//! A run that is ready for its first step.

use super::run_names::RunNames;
use super::{RunObjective, RunSummary};
#[cfg(feature = "report")]
use crate::report::{run_page, sample_comparisons};
use crate::{
    CheckpointSaver, EarlyStopping, Error, EvaluationRecord, MetricsFile, ModelCard, Observer, Result, RunFolder,
    RunTime, StopSignal, TrainSummary, Trainer,
};
use align_data::{EncodeReport, Tokenizer};
use align_models::TrainableModel;
use align_torch::MatmulPrecisionGuard;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A run whose models are loaded, whose examples are tokenised and whose folder is open: see [`Run::prepare`](super::Run::prepare).
#[must_use = "a run does nothing until `train` is called"]
pub struct PreparedRun<O: RunObjective> {
    pub(super) trainer: Trainer<O>,
    pub(super) output_dir: PathBuf,
    /// The open output folder, in the process that writes.
    pub(super) folder: Option<RunFolder>,
    pub(super) tokenizer: Tokenizer,
    pub(super) names: RunNames,
    pub(super) train_report: Option<EncodeReport>,
    pub(super) eval_report: Option<EncodeReport>,
    pub(super) resumes: bool,
    pub(super) checkpoint: Option<PathBuf>,
    pub(super) options: serde_json::Value,
    pub(super) samples: Option<Box<dyn Observer<O>>>,
    pub(super) observers: Vec<Box<dyn Observer<O>>>,
    pub(super) stop: StopSignal,
    #[cfg(feature = "trackers")]
    pub(super) trackers: super::tracker_settings::TrackerSettings,
    #[cfg(feature = "hub")]
    pub(super) upload: Option<super::Upload>,
    pub(super) _precision: MatmulPrecisionGuard,
}

/// The result of the training steps.
struct TrainResult {
    summary: TrainSummary,
    /// The trackers of the process that writes. If it is dropped, they show a failure.
    #[cfg(feature = "trackers")]
    trackers: Option<crate::observer::TrackerLog>,
    /// The step of the best checkpoint, if its weights were loaded.
    best_step: Option<u64>,
    total_steps: u64,
    time: RunTime,
}

impl<O: RunObjective> PreparedRun<O> {
    /// The trainer, before its first step or in the state of the checkpoint.
    pub fn trainer(&self) -> &Trainer<O> {
        &self.trainer
    }

    /// The checkpoint from which the run is resumed, if there is one.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Path> {
        self.checkpoint.as_deref()
    }

    /// The number of training rows after tokenisation.
    #[must_use]
    pub fn train_rows(&self) -> usize {
        self.names.train_rows
    }

    /// The number of held-out rows after tokenisation.
    #[must_use]
    pub fn eval_rows(&self) -> usize {
        self.trainer.eval.len()
    }

    /// The model's tokeniser.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Replaces the signal of [`Run::stop_signal`](super::Run::stop_signal), with which another thread can stop the run after the current
    /// step.
    pub fn stop_signal(self, stop: StopSignal) -> Self {
        Self { stop, ..self }
    }

    /// Which training examples were changed or omitted in tokenisation.
    #[must_use]
    pub fn train_report(&self) -> Option<&EncodeReport> {
        self.train_report.as_ref()
    }

    /// Which held-out examples were changed or omitted in tokenisation.
    #[must_use]
    pub fn eval_report(&self) -> Option<&EncodeReport> {
        self.eval_report.as_ref()
    }

    /// Takes the upload out of the run, for a program that uploads the model itself.
    #[cfg(feature = "hub")]
    pub fn take_upload(&mut self) -> Option<super::Upload> {
        self.upload.take()
    }

    /// Trains until the last step, or until an observer or the stop signal ends the run. At the end, evaluates, writes the model with its
    /// model card and the report, and uploads the model if requested.
    ///
    /// # Errors
    /// The first error of a step or an observer, files that cannot be written, a final evaluation that is not finite (after the model is
    /// written), or a failed upload (after everything else is done).
    pub fn train(mut self) -> Result<RunSummary> {
        #[cfg_attr(not(feature = "trackers"), allow(unused_mut))]
        let mut trained = self.run_steps()?;
        let mut summary = RunSummary {
            steps: trained.summary.steps,
            total_steps: trained.total_steps,
            finished: trained.summary.finished,
            best_step: trained.best_step,
            last_step: trained.summary.last_step.clone(),
            last_mean: trained.summary.last_mean.clone(),
            train_runtime: trained.time.seconds,
            evaluation: None,
            model: None,
            adapter: self.trainer.policy().frozen_parameters().is_some(),
            commit_url: None,
        };
        if !summary.finished {
            #[cfg(feature = "trackers")]
            trained.trackers.take().map_or(Ok(()), |trackers| trackers.stop())?;
            tracing::info!(steps = summary.steps, "stopped; the run can be resumed");
            return Ok(summary);
        }
        // The model of a finished run is written even if its evaluation fails.
        let mut failed = None;
        if let Some((_, label)) = &self.names.eval_data {
            match final_evaluation(&mut self.trainer, trained.best_step) {
                Ok(record) => {
                    #[cfg(feature = "trackers")]
                    trained.trackers.iter_mut().try_for_each(|trackers| trackers.final_evaluation(&record))?;
                    summary.evaluation = Some(record);
                }
                Err(problem) => failed = Some(Error::in_dataset(label, problem)),
            }
        }
        #[cfg(feature = "hub")]
        let (upload, stop) = (self.upload.take(), self.stop.clone());
        let Some(model) = self.write_results(&trained, &summary)? else { return failed.map_or(Ok(summary), Err) };
        if let Some(problem) = failed {
            return Err(Error::FinalEvaluation { model, problem: Box::new(problem) });
        }
        #[cfg(feature = "trackers")]
        trained.trackers.take().map_or(Ok(()), |trackers| trackers.finish())?;
        #[cfg(feature = "hub")]
        if let Some(upload) = upload.filter(|_| !stop.is_stopped()) {
            summary.commit_url = Some(upload.push(&model, |_| {})?);
        }
        summary.model = Some(model);
        Ok(summary)
    }

    /// Runs all steps with the observers. Only the process that writes has any, besides those that may stop the run.
    fn run_steps(&mut self) -> Result<TrainResult> {
        let mut log_files = match &self.folder {
            Some(folder) => Some(self.open_log_files(folder)?),
            None => None,
        };
        #[cfg(feature = "trackers")]
        let mut trackers = self.open_trackers()?;
        let (mut early, mut stop) = (EarlyStopping, self.stop.clone());
        // Observers that write log files come before the checkpoint saver, so that a checkpoint includes the lines of its step.
        let mut observers: Vec<&mut dyn Observer<O>> = Vec::new();
        if let Some((metrics, saver)) = &mut log_files {
            for observer in &mut self.observers {
                observers.push(&mut **observer);
            }
            observers.push(metrics);
            if let Some(samples) = &mut self.samples {
                observers.push(&mut **samples);
            }
            #[cfg(feature = "trackers")]
            if let Some(trackers) = &mut trackers {
                observers.push(trackers);
            }
            observers.extend([&mut early as &mut dyn Observer<O>, saver]);
        }
        observers.push(&mut stop);
        let (started, first_step) = (Instant::now(), self.trainer.step());
        let summary = self.trainer.train(&mut observers)?;
        let time = RunTime { seconds: started.elapsed().as_secs_f64(), after_step: first_step };
        let best_step = log_files.and_then(|(_, saver)| saver.best_step());
        let best_step = self.trainer.share_best_weights(best_step)?;
        Ok(TrainResult {
            summary,
            #[cfg(feature = "trackers")]
            trackers,
            best_step,
            total_steps: self.trainer.total_steps(),
            time,
        })
    }

    /// Writes the options, and opens the metrics file and the checkpoints.
    fn open_log_files(&self, folder: &RunFolder) -> Result<(MetricsFile, CheckpointSaver)> {
        let config = super::flat_toml(&self.options)?;
        folder.write_file(RunFolder::CONFIG, |file| file.write_all(config.as_bytes()))?;
        let metrics_path = folder.append_file(RunFolder::METRICS)?;
        let metrics = match self.resumes {
            true => MetricsFile::resume(&metrics_path, &self.trainer)?,
            false => MetricsFile::create(&metrics_path)?,
        };
        if self.samples.is_some() {
            folder.append_file(RunFolder::SAMPLES)?;
        }
        Ok((metrics, CheckpointSaver::new(folder.path())))
    }

    /// Writes the model with its model card, and the report. Returns the folder of the model; `None` in a process that does not write.
    fn write_results(self, trained: &TrainResult, summary: &RunSummary) -> Result<Option<PathBuf>> {
        let Some(folder) = self.folder else { return Ok(None) };
        let card = ModelCard {
            base_model: self.names.base_model,
            base_model_id: self.names.base_model_id,
            adapter: summary.adapter,
            ref_model: self.names.ref_model,
            train_data: self.names.train_data,
            train_rows: self.names.train_rows,
            config: self.trainer.config().clone(),
            steps: summary.steps,
            last_mean: trained.summary.last_mean.clone(),
            eval_data: self.names.eval_data.map(|(name, _)| name),
            evaluation: summary.evaluation.clone(),
            hub_model_id: self.names.hub_model_id,
        };
        let policy = self.trainer.into_policy();
        let model = folder.replace_folder(RunFolder::MODEL, |dir| {
            policy.save_pretrained(dir, false)?;
            self.tokenizer.save(dir, false)?;
            card.write(dir, false)
        })?;
        tracing::info!(model = %model.display(), steps = card.steps, "the run is finished");
        #[cfg(feature = "report")]
        {
            let records = crate::TrainingRecords::read(&folder.path().join(RunFolder::METRICS))?;
            let mut page = run_page(&card, &records, &trained.time, &self.options);
            if self.samples.is_some() {
                page.texts.extend(sample_comparisons(
                    &folder.path().join(RunFolder::SAMPLES),
                    trained.best_step.unwrap_or(card.steps),
                )?);
            }
            let page = page.to_html()?;
            folder.write_file(RunFolder::REPORT, |file| file.write_all(page.as_bytes()))?;
        }
        Ok(Some(model))
    }
}

/// The evaluation of the trained model: the last one of the run, if it was made with these weights.
fn final_evaluation<O: RunObjective>(trainer: &mut Trainer<O>, best_step: Option<u64>) -> Result<EvaluationRecord> {
    match trainer.evaluations().last() {
        Some(last) if last.step == trainer.step() && best_step.is_none() => Ok(last.clone()),
        _ => trainer.evaluate(),
    }
}

impl<O: RunObjective> fmt::Debug for PreparedRun<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedRun").field("output_dir", &self.output_dir).finish_non_exhaustive()
    }
}
