//! From a run's settings to a trainer that stands before its first step, or where a checkpoint left it.

use super::load::Loaded;
use super::names::Names;
use super::{Dataset, EncodeContext, Placement, ReadyRun, Run, RunModel, RunObjective};
use crate::{Error, Result, RunConfig, RunFolder, Trainer, latest_checkpoint};
use align_data::EncodeReport;
use align_models::TrainableModel;
use align_torch::MatmulPrecision;
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

impl<O: RunObjective> Run<O> {
    /// Checks everything, opens the run's folder, loads the models, tokenises the examples, and takes up a checkpoint where the run is
    /// resumed.
    ///
    /// # Errors
    /// Options that contradict each other or would be ignored, an output folder with a run or with files of others, models or examples
    /// that cannot be used, too little memory, or a checkpoint of another run.
    pub fn prepare(mut self) -> Result<ReadyRun<O>> {
        let output_dir = self.check()?;
        let options = self.options()?;
        #[cfg(feature = "hub")]
        let upload = self.upload.take().map(|(repo, private)| super::Upload::by_name(&repo, private)).transpose()?;
        let placement = self.placement()?;
        align_torch::warn_if_bfloat16_is_slow(placement.dtype, placement.device);
        let precision = self.matmul_precision.unwrap_or_else(|| MatmulPrecision::fastest_exact(placement.device)).set();
        let folder = RunFolder::open(&output_dir)?;
        let checkpoint = self.checkpoint(&folder)?;

        let reference = self.reference.take().map(|reference| reference.load(&placement, &mut self.resolver));
        let (reference, ref_model) = match reference.transpose()? {
            Some((model, name)) => (Some(model), Some(name)),
            None => (None, O::HAS_REFERENCE.then(|| "the base model".to_owned())),
        };
        let texts = || O::texts(&self.train.examples).unwrap_or_default();
        let at = (&placement, &mut self.resolver);
        let base = self.base.load(self.peft, texts, (&folder, self.resume.is_some()), at)?;
        let Loaded { model: policy, tokenizer, display_name, hub_id } = base;
        let mut names = Names::new(display_name, hub_id, ref_model, &self.train.name);

        let context = EncodeContext {
            tokenizer: &tokenizer,
            max_length: self.max_length,
            longest: policy.longest(),
            strip_prompt: self.strip_prompt,
        };
        let (rows, train_report) = encode::<O>(&self.config, self.train, "", &context)?;
        names.train_rows = rows.len();
        let mut trainer = Trainer::of(O::of_models(policy, reference, self.config)?, rows)?;
        let mut eval_report = None;
        if let Some(eval) = self.eval {
            names.eval_data = Some((eval.name.clone(), eval.label()));
            (trainer, eval_report) = with_evaluation(trainer, eval, &context)?;
        }
        if let (Some(checkpoint), Some(rounding)) = (&checkpoint, self.resume) {
            trainer.resume_with(checkpoint, rounding)?;
        }
        Ok(ReadyRun {
            trainer,
            folder,
            tokenizer,
            names,
            reports: [train_report, eval_report],
            resumes: self.resume.is_some(),
            checkpoint,
            options,
            samples: self.samples,
            observers: self.observers,
            stop: self.stop,
            #[cfg(feature = "hub")]
            upload,
            _precision: precision,
        })
    }

    /// Where the models are and in which dtype; those of a model that is given as a value stay.
    fn placement(&self) -> Result<Placement> {
        let seed = self.config.training().seed;
        if let super::base_model::Origin::Given(model, _) = &self.base.origin {
            let weights = model.frozen_parameters().unwrap_or(model.parameters());
            let (dtype, device) = weights
                .iter()
                .next()
                .map_or((Kind::Float, Device::Cpu), |(_, weight)| (weight.kind(), weight.device()));
            return Ok(Placement { dtype, device, seed });
        }
        let device = self.device.unwrap_or_default().resolve()?;
        Ok(Placement { dtype: self.dtype.unwrap_or(Kind::Float), device, seed })
    }

    /// The checkpoint that the run goes on from; refuses a folder that holds a run unless it is resumed.
    fn checkpoint(&self, folder: &RunFolder) -> Result<Option<PathBuf>> {
        let fail = |reason: &str| Err(Error::Output { path: folder.path().to_owned(), reason: reason.to_owned() });
        let used = folder.holds_a_run()?;
        if self.resume.is_none() {
            return match used {
                true => fail("holds a run already: choose another folder, or resume that run (--resume)"),
                false => Ok(None),
            };
        }
        let checkpoint = latest_checkpoint(folder.path())?;
        match checkpoint.is_none() && !used {
            true => fail("holds no checkpoint to resume from"),
            false => Ok(checkpoint),
        }
    }
}

/// The trainer with held-out rows, and what tokenising them changed or left out.
fn with_evaluation<O: RunObjective>(
    trainer: Trainer<O>,
    eval: Dataset<O::Example>,
    context: &EncodeContext<'_>,
) -> Result<(Trainer<O>, Option<EncodeReport>)> {
    let (label, config) = (eval.label(), trainer.config().clone());
    let (rows, report) = encode::<O>(&config, eval, "evaluation rows: ", context)?;
    let trainer = trainer.with_evaluation(rows).map_err(|e| Error::of_data(&label, e))?;
    Ok((trainer, report))
}

/// Tokenises examples, of which some row must be left.
fn encode<O: RunObjective>(
    config: &O::Config,
    data: Dataset<O::Example>,
    what: &str,
    context: &EncodeContext<'_>,
) -> Result<(Vec<O::Row>, Option<EncodeReport>)> {
    let label = format!("{what}{}", data.label());
    let encoded = O::encode(config, &data.examples, context).map_err(|e| Error::of_data(&label, e))?;
    if encoded.rows.is_empty() {
        let limit = encoded.max_length.map(|limit| format!(" with max_length {limit}")).unwrap_or_default();
        let report = encoded.report.map(|report| format!(": {report}")).unwrap_or_default();
        return Err(Error::Data(format!("{label}: no row is left{limit}{report}")));
    }
    Ok((encoded.rows, encoded.report))
}

impl<E> Dataset<E> {
    /// What messages call the rows: their file, or their name.
    pub(super) fn label(&self) -> String {
        self.file.as_deref().map_or_else(|| self.name.clone(), |file: &Path| align_base::printable_path(file))
    }
}
