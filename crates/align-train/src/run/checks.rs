//! Checks of a run before its output folder is created.

use super::model_source::Origin;
use super::{Peft, ReferenceModel, Run, RunObjective};
use crate::{Error, IntervalStrategy, Result, RunConfig, RunFolder};
use align_models::ModelResolver;
use std::path::{Path, PathBuf};

fn config_error(option: &'static str, reason: impl Into<String>) -> Result<()> {
    Err(Error::Config { option, reason: reason.into() })
}

impl<O: RunObjective> Run<O> {
    /// Checks for options that contradict each other or would be ignored, and for inputs that the run would overwrite. Returns the output
    /// folder.
    pub(super) fn check(&self) -> Result<PathBuf> {
        let evaluates = self.config.training().eval_strategy != IntervalStrategy::No;
        if self.eval.is_none() && evaluates {
            config_error("eval_strategy", "requests evaluations, but there are no held-out rows: set eval_file")?;
        }
        if self.train.stream.is_some() {
            self.config.check_streaming()?;
        }
        if self.eval.as_ref().is_some_and(|eval| eval.stream.is_some()) {
            config_error("streaming", "applies to training rows: read the held-out rows into memory")?;
        }
        self.check_rounds()?;
        self.check_models()?;
        let Some(output_dir) = self.output_dir.clone() else {
            return Err(Error::Config { option: "output_dir", reason: "is not set: set the folder of the run".into() });
        };
        self.check_inputs(&output_dir)?;
        #[cfg(feature = "trackers")]
        self.trackers.check(&output_dir)?;
        Ok(output_dir)
    }

    fn check_models(&self) -> Result<()> {
        if self.reference.is_some() && !O::HAS_REFERENCE {
            config_error("ref_model", "would be ignored: this objective has no reference model. Remove it")?;
        }
        if let Origin::Loaded(..) = &self.model.origin {
            let ignored = "would be ignored: the model is already loaded and is not converted or moved. Remove it";
            self.dtype.map_or(Ok(()), |_| config_error("dtype", ignored))?;
            self.device.map_or(Ok(()), |_| config_error("device", ignored))?;
        }
        if let (Origin::New(_), None) = (&self.model.origin, O::tokenizer_training_texts(&[])) {
            config_error(
                "model",
                "is new, but preference optimisation needs a trained model: train it with SftRun first",
            )?;
        }
        let Some(peft) = &self.peft else { return Ok(()) };
        if self.resize_token_embeddings {
            config_error(
                "resize_token_embeddings",
                "would add embeddings that an adapter leaves untrained: train all weights",
            )?;
        }
        if self.reference.is_some() {
            config_error(
                "ref_model",
                "would be ignored with peft, where the reference model is the initial policy: remove it",
            )?;
        }
        if let Origin::New(_) = &self.model.origin {
            config_error(
                "peft",
                "would leave the random weights of a new model frozen: remove it, or use a trained model",
            )?;
        }
        if let (Peft::Loaded, Origin::Loaded(..)) = (peft, &self.model.origin) {
            config_error(
                "peft",
                "names the adapter in the model's folder, but the model is not loaded from a folder: remove it",
            )?;
        }
        if let Peft::New(config) = peft
            && self.config.training().disable_dropout
            && config.lora_dropout > 0.0
        {
            config_error(
                "lora_dropout",
                "would be ignored because disable_dropout is true: set disable_dropout to false",
            )?;
        }
        Ok(())
    }

    /// Checks that the run would not overwrite its inputs or write into an input folder.
    fn check_inputs(&self, run: &Path) -> Result<()> {
        let check_input = |option: &str, input: Option<&Path>| match input {
            Some(input) => RunFolder::check_input(run, option, input),
            None => Ok(()),
        };
        check_input("model", self.model.name().and_then(ModelResolver::local_folder).as_deref())?;
        if let Some(ReferenceModel::Pretrained(name)) = &self.reference {
            check_input("ref_model", ModelResolver::local_folder(name).as_deref())?;
        }
        if let Origin::New(new) = &self.model.origin {
            check_input("model_config", Some(&new.config))?;
        }
        for file in &self.train.files {
            check_input("train_file", Some(file))?;
        }
        check_input("token_cache", self.train.stream.as_ref().map(|stream| stream.token_cache.as_path()))?;
        for file in self.eval.iter().flat_map(|eval| &eval.files) {
            check_input("eval_file", Some(file))?;
        }
        let config = serde_json::to_value(&self.config).unwrap_or_default();
        let logps = config.get("ref_log_probs_dir").and_then(serde_json::Value::as_str);
        check_input("ref_log_probs_dir", logps.map(Path::new))
    }
}
