use crate::{DpoConfig, Error, EvaluationRecord, Result, StepRecord};
use align_losses::LossType;
use std::fmt;
use std::io::Write;
use std::path::Path;

/// What a trained model was made of: the `README.md` that the hub shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCard {
    /// The model that training began from, in words.
    pub base_model: String,
    /// Its repository on the hub, where it has one: the hub links to it.
    pub base_model_id: Option<String>,
    /// The reference model where it was another one.
    pub ref_model: Option<String>,
    /// The training pairs' file or dataset.
    pub train_data: String,
    /// How many pairs there were after tokenising.
    pub train_pairs: usize,
    /// The run's options.
    pub config: DpoConfig,
    /// Optimiser steps done.
    pub steps: u64,
    /// The last step.
    pub last_step: Option<StepRecord>,
    /// The last evaluation, and the held-out pairs' file or dataset.
    pub evaluation: Option<(EvaluationRecord, String)>,
}

impl ModelCard {
    /// Writes `README.md` into the model's folder; the file appears whole or not at all.
    ///
    /// # Errors
    /// When it exists and `overwrite` is false, or cannot be written.
    pub fn write(&self, dir: &Path, overwrite: bool) -> Result<()> {
        let path = dir.join("README.md");
        let fail = |reason: String| Error::Output { path: path.clone(), reason };
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            write!(file, "{self}")?;
            file.as_file().sync_all()?;
            if overwrite { file.persist(&path) } else { file.persist_noclobber(&path) }?;
            Ok::<(), std::io::Error>(())
        };
        write().map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => fail("exists already: it is not overwritten".to_owned()),
            _ => fail(format!("cannot be written: {e}")),
        })
    }
}

/// The loss in words, and the paper that it comes from.
fn described(loss: LossType) -> (&'static str, &'static str) {
    match loss {
        LossType::Sigmoid => ("DPO", "https://arxiv.org/abs/2305.18290"),
        LossType::Hinge => ("SLiC's hinge loss on DPO's margin", "https://arxiv.org/abs/2309.06657"),
        LossType::Ipo | LossType::IpoSum => ("IPO", "https://arxiv.org/abs/2310.12036"),
        LossType::ExoPair => ("EXO", "https://arxiv.org/abs/2402.00856"),
        LossType::NcaPair => ("NCA", "https://arxiv.org/abs/2402.05369"),
        LossType::Robust => ("robust DPO", "https://arxiv.org/abs/2403.00409"),
        LossType::BcoPair => ("BCO on pairs", "https://arxiv.org/abs/2404.04656"),
        LossType::SppoHard => ("SPPO with hard labels", "https://arxiv.org/abs/2405.00675"),
        LossType::Aot | LossType::AotUnpaired => ("AOT", "https://arxiv.org/abs/2406.05882"),
        LossType::ApoZero | LossType::ApoDown => ("APO", "https://arxiv.org/abs/2408.06266"),
        LossType::Discopop => ("DiscoPOP", "https://arxiv.org/abs/2406.08414"),
        LossType::SigmoidNorm => ("length-normalised DPO", "https://arxiv.org/abs/2411.15124"),
        _ => ("a preference loss", "https://arxiv.org/abs/2305.18290"),
    }
}

/// Text as a scalar of YAML, of which a JSON string is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Text inside a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

impl fmt::Display for ModelCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, paper) = described(self.config.loss_type);
        writeln!(f, "---")?;
        if let Some(id) = &self.base_model_id {
            writeln!(f, "base_model: {}", quoted(id))?;
        }
        writeln!(
            f,
            "library_name: transformers\npipeline_tag: text-generation\ntags:\n- dpo\n- preference-optimisation"
        )?;
        writeln!(f, "---\n")?;
        writeln!(f, "# {}, aligned\n", cell(&self.base_model))?;
        writeln!(f, "A language model trained on preference pairs with {method} ([paper]({paper})).\n")?;
        writeln!(f, "## Training\n\n| | |\n| --- | --- |")?;
        let mut row = |name: &str, value: String| writeln!(f, "| {name} | {} |", cell(&value));
        row("base model", self.base_model.clone())?;
        row("reference model", self.ref_model.clone().unwrap_or_else(|| "the base model".to_owned()))?;
        row("data", format!("{}, {} pairs", self.train_data, self.train_pairs))?;
        let options = serde_json::to_value(&self.config).map_err(|_| fmt::Error)?;
        row("loss", plain(&options["loss_type"]))?;
        row("beta", self.config.beta.to_string())?;
        row("steps", self.steps.to_string())?;
        // The rest of what the weights depend on, but for what was left out.
        const SHOWN: [&str; 13] = [
            "label_smoothing",
            "f_divergence_type",
            "f_alpha_divergence_coef",
            "discopop_tau",
            "per_device_train_batch_size",
            "gradient_accumulation_steps",
            "learning_rate",
            "lr_scheduler_type",
            "warmup_steps",
            "warmup_ratio",
            "weight_decay",
            "max_grad_norm",
            "seed",
        ];
        for name in SHOWN {
            match options.get(name) {
                None | Some(serde_json::Value::Null) => {}
                Some(value) => row(name, plain(value))?,
            }
        }
        writeln!(f, "\n## Metrics\n\n| | last training step | held-out pairs |\n| --- | --- | --- |")?;
        self.metrics(f)?;
        if let Some((_, data)) = &self.evaluation {
            writeln!(f, "\nHeld out: {}.", cell(data))?;
        }
        writeln!(f, "\nTrained with align on LibTorch; the files are in transformers' layout.")
    }
}

impl ModelCard {
    fn metrics(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = self.last_step.as_ref();
        let held_out = self.evaluation.as_ref().map(|(record, _)| record);
        let both = |of_step: fn(&StepRecord) -> f64, of_held_out: fn(&EvaluationRecord) -> f64| {
            [step.map(of_step), held_out.map(of_held_out)].map(|v| v.map_or("–".to_owned(), |v| format!("{v:.4}")))
        };
        let rows = [
            ("loss", both(|r| r.loss, |r| r.eval_loss)),
            ("rewards/accuracies", both(|r| r.pairs.rewards_accuracies, |r| r.pairs.rewards_accuracies)),
            ("rewards/margins", both(|r| r.pairs.rewards_margins, |r| r.pairs.rewards_margins)),
            ("rewards/chosen", both(|r| r.pairs.rewards_chosen, |r| r.pairs.rewards_chosen)),
            ("rewards/rejected", both(|r| r.pairs.rewards_rejected, |r| r.pairs.rewards_rejected)),
            ("logps/chosen", both(|r| r.pairs.logps_chosen, |r| r.pairs.logps_chosen)),
            ("logps/rejected", both(|r| r.pairs.logps_rejected, |r| r.pairs.logps_rejected)),
            ("entropy", both(|r| r.pairs.entropy, |r| r.pairs.entropy)),
        ];
        for (name, [training, held_out]) in rows {
            writeln!(f, "| {name} | {training} | {held_out} |")?;
        }
        Ok(())
    }
}

/// An option's value without the quotes of JSON.
fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::PairMetrics;

    fn card() -> ModelCard {
        let pairs = PairMetrics { rewards_accuracies: 0.75, ..PairMetrics::default() };
        let record = EvaluationRecord { eval_loss: 0.5, pairs, eval_runtime: 1.0, epoch: 3.0, step: 12 };
        ModelCard {
            base_model: "lvwerra/gpt2-imdb@main".into(),
            base_model_id: Some("lvwerra/gpt2-imdb".into()),
            ref_model: None,
            train_data: "pairs|1.jsonl".into(),
            train_pairs: 1840,
            config: DpoConfig { loss_type: LossType::Hinge, beta: 0.3, ..DpoConfig::default() },
            steps: 12,
            last_step: None,
            evaluation: Some((record, "held-out.jsonl".into())),
        }
    }

    #[test]
    fn it_says_what_the_model_was_made_of() {
        let text = card().to_string();
        assert!(text.starts_with("---\nbase_model: \"lvwerra/gpt2-imdb\"\nlibrary_name: transformers\n"), "{text}");
        for line in [
            "| data | pairs\\|1.jsonl, 1840 pairs |",
            "| loss | hinge |",
            "| beta | 0.3 |",
            "| steps | 12 |",
            "| loss | – | 0.5000 |",
            "| rewards/accuracies | – | 0.7500 |",
            "Held out: held-out.jsonl.",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn it_is_not_overwritten_unasked() {
        let dir = tempfile::tempdir().unwrap();
        card().write(dir.path(), false).unwrap();
        let refusal = card().write(dir.path(), false).unwrap_err().to_string();
        assert!(refusal.contains("README.md") && refusal.contains("exists already"), "{refusal}");
        card().write(dir.path(), true).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
