//! What is refused before a run's folder is touched.

use super::base_model::Origin;
use super::{ReferenceModel, Run, RunObjective};
use crate::{Error, Result, RunConfig, RunFolder, Strategy};
use align_models::ModelResolver;
use std::path::{Path, PathBuf};

fn refuse(option: &'static str, reason: impl Into<String>) -> Result<()> {
    Err(Error::Config { option, reason: reason.into() })
}

impl<O: RunObjective> Run<O> {
    /// Refuses options that contradict each other or would be ignored, and inputs that the run would write over. Gives the run's folder.
    pub(super) fn check(&self) -> Result<PathBuf> {
        let evaluates = self.config.training().eval_strategy != Strategy::No;
        if self.eval.is_none() && evaluates {
            refuse("eval_strategy", "asks for evaluations: give held-out rows (eval_file)")?;
        }
        if self.samples.is_some() && !evaluates {
            refuse("sample_prompts", "are written at evaluations: set eval_strategy")?;
        }
        self.check_models()?;
        let Some(output_dir) = self.output_dir.clone() else {
            return Err(Error::Config { option: "output_dir", reason: "is not given: a run needs a folder".into() });
        };
        self.check_inputs(&output_dir)?;
        Ok(output_dir)
    }

    fn check_models(&self) -> Result<()> {
        if self.reference.is_some() && !O::HAS_REFERENCE {
            refuse("ref_model", "would be ignored: this objective has no reference model")?;
        }
        if let Origin::Given(..) = &self.base.origin {
            let ignored = "would be ignored: the model is loaded already, and stays as it is";
            self.dtype.map_or(Ok(()), |_| refuse("dtype", ignored))?;
            self.device.map_or(Ok(()), |_| refuse("device", ignored))?;
        }
        if let (Origin::New(_), None) = (&self.base.origin, O::texts(&[])) {
            refuse(
                "model",
                "is new, and preference optimisation begins with a trained model: train it with SftRun first",
            )?;
        }
        let Some(peft) = &self.peft else { return Ok(()) };
        if self.reference.is_some() {
            refuse("ref_model", "would be ignored with peft, where the reference is the model without its adapter")?;
        }
        if self.config.training().disable_dropout && peft.lora_dropout > 0.0 {
            refuse("lora_dropout", "would be ignored, since disable_dropout is true: set disable_dropout to false")?;
        }
        Ok(())
    }

    /// Refuses an input that the run would write over, or a folder of inputs that it would write into.
    fn check_inputs(&self, run: &Path) -> Result<()> {
        let apart = |option: &str, input: Option<&Path>| match input {
            Some(input) => RunFolder::check_apart(run, option, input),
            None => Ok(()),
        };
        apart("model", self.base.name().and_then(ModelResolver::local_folder).as_deref())?;
        if let Some(ReferenceModel::Named(name)) = &self.reference {
            apart("ref_model", ModelResolver::local_folder(name).as_deref())?;
        }
        if let Origin::New(new) = &self.base.origin {
            apart("model_config", Some(&new.config))?;
        }
        apart("train_file", self.train.file.as_deref())?;
        apart("eval_file", self.eval.as_ref().and_then(|eval| eval.file.as_deref()))?;
        let config = serde_json::to_value(&self.config).unwrap_or_default();
        let logps = config.get("ref_log_probs_dir").and_then(serde_json::Value::as_str);
        apart("ref_log_probs_dir", logps.map(Path::new))
    }
}
