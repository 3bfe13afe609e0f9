//! A run that stands before its first step.

use super::names::Names;
use super::{MakeSamples, RunObjective, RunSummary};
#[cfg(feature = "report")]
use crate::report::run_page;
use crate::{
    CheckpointSaver, EarlyStopping, Error, EvaluationRecord, MetricsFile, ModelCard, Observer, Result, RunConfig,
    RunFolder, StopSignal, TrainSummary, Trainer,
};
use align_data::{EncodeReport, Tokenizer};
use align_models::TrainableModel;
use align_torch::MatmulPrecisionGuard;
use std::fmt;
use std::path::{Path, PathBuf};

/// A run whose models are loaded, whose examples are tokenised and whose folder is taken: see [`Run::prepare`](super::Run::prepare).
#[must_use = "a run does nothing until `train` is called"]
pub struct ReadyRun<O: RunObjective> {
    pub(super) trainer: Trainer<O>,
    pub(super) folder: RunFolder,
    pub(super) tokenizer: Tokenizer,
    pub(super) names: Names,
    pub(super) reports: [Option<EncodeReport>; 2],
    pub(super) resumes: bool,
    pub(super) checkpoint: Option<PathBuf>,
    pub(super) options: serde_json::Value,
    pub(super) samples: Option<MakeSamples<O>>,
    pub(super) observers: Vec<Box<dyn Observer<O>>>,
    pub(super) stop: StopSignal,
    #[cfg(feature = "hub")]
    pub(super) upload: Option<super::Upload>,
    pub(super) _precision: MatmulPrecisionGuard,
}

/// How the steps ended, and the step of the checkpoint whose weights the policy has.
struct Trained {
    summary: TrainSummary,
    best_step: Option<u64>,
    total_steps: u64,
    metrics: PathBuf,
}

impl<O: RunObjective> ReadyRun<O> {
    /// The trainer before its first step, or where the checkpoint left it.
    pub fn trainer(&self) -> &Trainer<O> {
        &self.trainer
    }

    /// The checkpoint that the run goes on from, if it was resumed from one.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Path> {
        self.checkpoint.as_deref()
    }

    /// Training rows after tokenising.
    #[must_use]
    pub fn train_rows(&self) -> usize {
        self.names.train_rows
    }

    /// Held-out rows after tokenising.
    #[must_use]
    pub fn eval_rows(&self) -> usize {
        self.trainer.eval.len()
    }

    /// The model's tokeniser.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// A signal by which another thread can end the run after its present step, in place of that of
    /// [`Run::stop_signal`](super::Run::stop_signal).
    pub fn stop_signal(self, stop: StopSignal) -> Self {
        Self { stop, ..self }
    }

    /// What tokenising changed or left out of the training examples.
    #[must_use]
    pub fn train_report(&self) -> Option<&EncodeReport> {
        self.reports[0].as_ref()
    }

    /// The same of the held-out examples.
    #[must_use]
    pub fn eval_report(&self) -> Option<&EncodeReport> {
        self.reports[1].as_ref()
    }

    /// Takes the upload out of the run, for a program that does it by itself.
    #[cfg(feature = "hub")]
    pub fn take_upload(&mut self) -> Option<super::Upload> {
        self.upload.take()
    }

    /// Trains to the end, or until an observer or the stop signal ends it. At the end it evaluates, writes the model with its card and
    /// the report, and uploads the model where that is asked for.
    ///
    /// # Errors
    /// The first error of a step or an observer, files that cannot be written, an evaluation that is not finite (the model is written
    /// then), or an upload that fails (everything else is done then).
    pub fn train(mut self) -> Result<RunSummary> {
        let trained = self.steps()?;
        let mut summary = RunSummary {
            steps: trained.summary.steps,
            total_steps: trained.total_steps,
            finished: trained.summary.finished,
            best_step: trained.best_step,
            last_step: trained.summary.last_step.clone(),
            evaluation: None,
            model: None,
            adapter: self.trainer.policy().frozen_parameters().is_some(),
            commit_url: None,
        };
        if !summary.finished {
            tracing::info!(steps = summary.steps, "stopped; the run can be resumed");
            return Ok(summary);
        }
        // A finished run's model is written whatever its evaluation comes to.
        let evaluated = self.names.eval_data.take().map(|(name, label)| (name, label, self.trainer.evaluate()));
        let (mut evaluation, mut failed) = (None, None);
        match evaluated {
            Some((name, _, Ok(record))) => evaluation = Some((record, name)),
            Some((_, label, Err(problem))) => failed = Some(Error::of_data(&label, problem)),
            None => {}
        }
        summary.evaluation = evaluation.as_ref().map(|(record, _)| record.clone());
        #[cfg(feature = "hub")]
        let (upload, stop) = (self.upload.take(), self.stop.clone());
        let model = self.write(&trained, summary.adapter, evaluation)?;
        if let Some(problem) = failed {
            return Err(Error::FinalEvaluation { model, problem: Box::new(problem) });
        }
        #[cfg(feature = "hub")]
        if let Some(upload) = upload.filter(|_| !stop.is_stopped()) {
            summary.commit_url = Some(upload.push(&model, |_| {})?);
        }
        summary.model = Some(model);
        Ok(summary)
    }

    /// The steps, with everything that watches them.
    fn steps(&mut self) -> Result<Trained> {
        let config = super::flat_toml(&self.options)?;
        self.folder.write_file(RunFolder::CONFIG, |file| file.write_all(config.as_bytes()))?;
        let metrics_path = self.folder.growing_file(RunFolder::METRICS)?;
        let mut metrics = match self.resumes {
            true => MetricsFile::resume(&metrics_path, &self.trainer)?,
            false => MetricsFile::create(&metrics_path)?,
        };
        let mut samples = match self.samples.take() {
            Some(make) => {
                let file = self.folder.growing_file(RunFolder::SAMPLES)?;
                let seed = self.trainer.config().training().seed;
                Some(make(&file, self.tokenizer.clone(), seed, self.resumes.then_some(&self.trainer))?)
            }
            None => None,
        };
        let (mut saver, mut early, mut stop) =
            (CheckpointSaver::new(self.folder.path()), EarlyStopping, self.stop.clone());
        // What writes lines comes before what writes checkpoints: a resumed run repeats no line that its checkpoint has behind it.
        let mut observers: Vec<&mut dyn Observer<O>> = Vec::new();
        for observer in &mut self.observers {
            observers.push(&mut **observer);
        }
        observers.push(&mut metrics);
        if let Some(samples) = &mut samples {
            observers.push(&mut **samples);
        }
        observers.extend([&mut early as &mut dyn Observer<O>, &mut saver, &mut stop]);
        let summary = self.trainer.train(&mut observers)?;
        Ok(Trained {
            summary,
            best_step: saver.loaded(),
            total_steps: self.trainer.total_steps(),
            metrics: metrics_path,
        })
    }

    /// Writes the model with its card, and the report. Gives the model's folder.
    fn write(
        self,
        trained: &Trained,
        adapter: bool,
        evaluation: Option<(EvaluationRecord, String)>,
    ) -> Result<PathBuf> {
        let card = ModelCard {
            base_model: self.names.base_model,
            base_model_id: self.names.base_model_id,
            adapter,
            ref_model: self.names.ref_model,
            train_data: self.names.train_data,
            train_rows: self.names.train_rows,
            config: self.trainer.config().clone(),
            steps: trained.summary.steps,
            last_step: trained.summary.last_step.clone(),
            evaluation,
        };
        let policy = self.trainer.into_policy();
        let model = self.folder.replace_folder(RunFolder::MODEL, |dir| {
            policy.save_pretrained(dir, false)?;
            self.tokenizer.save(dir, false)?;
            card.write(dir, false)
        })?;
        tracing::info!(model = %model.display(), steps = card.steps, "the run is done");
        #[cfg(feature = "report")]
        {
            let page = run_page(&card, &crate::TrainingRecords::read(&trained.metrics)?, &self.options).to_html()?;
            self.folder.write_file(RunFolder::REPORT, |file| file.write_all(page.as_bytes()))?;
        }
        Ok(model)
    }
}

impl<O: RunObjective> fmt::Debug for ReadyRun<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyRun").field("folder", &self.folder.path()).finish_non_exhaustive()
    }
}
