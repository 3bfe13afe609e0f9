use crate::config::OPTIONS_WITHOUT_EFFECT_ON_WEIGHTS;
use crate::model_card_usage::{BaseModel, Usage};
use crate::{Error, EvaluationRecord, Metrics, Result, RunConfig, StepMean};
use align_base::printable_line;
use align_losses::Method;
use serde_json::Value;
use std::fmt;
use std::path::Path;

/// The model card of a trained model, the `README.md` that the hub shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCard<C> {
    /// The display name of the initial model.
    pub base_model: String,
    /// The repository of the initial model on the hub, if it has one. The hub links to it.
    pub base_model_id: Option<String>,
    /// Whether the folder contains an adapter for the base model, in PEFT's layout, instead of a full model.
    pub adapter: bool,
    /// The display name of the reference model, if the method has one.
    pub ref_model: Option<String>,
    /// The file or dataset of the training rows.
    pub train_data: String,
    /// The number of training rows after tokenisation.
    pub train_rows: usize,
    /// The options of the run.
    pub config: C,
    /// Completed optimiser steps.
    pub steps: u64,
    /// The mean of the last `logging_steps` steps, as in the metrics file.
    pub last_mean: Option<StepMean>,
    /// The file or dataset of the held-out rows, if there are any.
    pub eval_data: Option<String>,
    /// Their last evaluation. `None` also if it failed.
    pub evaluation: Option<EvaluationRecord>,
    /// The repository on the hub to which the model is uploaded.
    pub hub_model_id: Option<String>,
}

impl<C: RunConfig> ModelCard<C> {
    /// Writes `README.md` into the folder of the model, atomically.
    ///
    /// # Errors
    /// A file that exists already, unless `overwrite` is set, or that cannot be written.
    pub fn write(&self, dir: &Path, overwrite: bool) -> Result<()> {
        let path = dir.join("README.md");
        let fail = |reason: String| Error::Output { path: path.clone(), reason };
        align_base::files::write_file(&path, overwrite, |file| write!(file, "{self}")).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => fail("exists already: it is not overwritten".to_owned()),
            _ => fail(format!("cannot be written: {e}")),
        })
    }
}

/// Text as a YAML scalar. A JSON string is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Escapes text for one line of Markdown, so that it contains no markup, HTML or links.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in printable_line(value).chars() {
        match c {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '!' => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    text
}

impl<C: RunConfig> fmt::Display for ModelCard<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods = self.config.methods().iter().map(Method::to_string).collect::<Vec<_>>().join(", ");
        let task = self.config.task();
        let ((pipeline_tag, task_tag), (title_suffix, introduction)) = (task.hub_tags(), task.card_wording());
        let (library, layout) = if self.adapter { ("peft", "PEFT's") } else { ("transformers", "transformers'") };
        writeln!(f, "---")?;
        if let Some(id) = &self.base_model_id {
            writeln!(f, "base_model: {}", quoted(id))?;
        }
        writeln!(
            f,
            "library_name: {library}\npipeline_tag: {pipeline_tag}\ntags:\n- {}\n- {task_tag}",
            self.config.tag()
        )?;
        if self.adapter {
            writeln!(f, "- lora")?;
        }
        writeln!(f, "---\n")?;
        writeln!(f, "# {}, {title_suffix}\n", escaped(&self.base_model))?;
        let note = if self.adapter { " The folder contains a LoRA adapter, not the base model." } else { "" };
        writeln!(f, "{introduction} {methods}.{note}\n")?;
        let base = self.adapter.then_some(BaseModel(self.base_model_id.as_deref()));
        write!(f, "{}", Usage { task, hub_model_id: self.hub_model_id.as_deref(), base })?;
        writeln!(f, "## Training\n\n| | |\n| --- | --- |")?;
        let mut row = |name: &str, value: String| writeln!(f, "| {name} | {} |", escaped(&value));
        row("base model", self.base_model.clone())?;
        if let Some(reference) = &self.ref_model {
            row("reference model", reference.clone())?;
        }
        row("data", format!("{}, {} rows", self.train_data, self.train_rows))?;
        row("steps", self.steps.to_string())?;
        let options = serde_json::to_value(&self.config).map_err(|_| fmt::Error)?;
        option_rows(&options).into_iter().try_for_each(|(name, value)| row(name, value))?;
        self.metrics(f)?;
        match (&self.eval_data, &self.evaluation) {
            (Some(data), Some(_)) => writeln!(f, "\nHeld out: {}.", escaped(data))?,
            (Some(data), None) => writeln!(f, "\nHeld out: {}. Its evaluation failed.", escaped(data))?,
            (None, _) => writeln!(f, "\nNo held-out data was given.")?,
        }
        writeln!(f, "\nTrained with align on LibTorch; the files are in {layout} layout.")
    }
}

impl<C> ModelCard<C> {
    fn metrics(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = self.last_mean.as_ref().map(|last| &last.mean);
        let steps = self.last_mean.as_ref().map_or("training".to_owned(), training_column);
        let held_out = self.evaluation.as_ref();
        let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.4}"));
        match held_out {
            Some(_) => writeln!(f, "\n## Metrics\n\n| | {steps} | held-out rows |\n| --- | --- | --- |")?,
            None => writeln!(f, "\n## Metrics\n\n| | {steps} |\n| --- | --- |")?,
        }
        let mut row = |name: &str, of_step: Option<f64>, of_held_out: Option<f64>| match held_out {
            Some(_) => writeln!(f, "| {name} | {} | {} |", number(of_step), number(of_held_out)),
            None => writeln!(f, "| {name} | {} |", number(of_step)),
        };
        row("loss", step.map(|record| record.loss), held_out.map(|record| record.eval_loss))?;
        let of_step = step.iter().flat_map(|record| record.metrics.iter());
        let of_held_out = held_out.iter().flat_map(|record| record.metrics.iter());
        let names: std::collections::BTreeSet<&str> = of_step.chain(of_held_out).map(|(name, _)| name).collect();
        for name in names {
            let value = |metrics: Option<&Metrics>| metrics.and_then(|metrics| metrics.get(name));
            row(name, value(step.map(|record| &record.metrics)), value(held_out.map(|record| &record.metrics)))?;
        }
        Ok(())
    }
}

/// The heading of the training metrics, which are means unless they are of one step.
pub(crate) fn training_column(last: &StepMean) -> String {
    let steps = last.describe_steps();
    if last.first_step == last.mean.step { steps } else { format!("mean of {steps}") }
}

/// The names and values of all options that affect the weights and are set.
fn option_rows(options: &Value) -> Vec<(&str, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |(name, value): (&'_ String, &Value)| match value {
        Value::Null | Value::Bool(false) => None,
        Value::Array(values) => Some(values.iter().map(text).collect::<Vec<_>>().join(", ")),
        _ if OPTIONS_WITHOUT_EFFECT_ON_WEIGHTS.contains(&name.as_str()) => None,
        value => Some(text(value)),
    };
    let mut rows = Vec::new();
    for (name, value) in options.as_object().into_iter().flatten() {
        match value {
            Value::Object(_) => rows.extend(option_rows(value)),
            _ => rows.extend(row((name, value)).map(|value| (name.as_str(), value))),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::{ClassificationConfig, DpoConfig, StepRecord};
    use align_losses::LossType;

    fn card() -> ModelCard<DpoConfig> {
        let mut metrics = Metrics::default();
        metrics.set("rewards/accuracies", 0.75);
        let record = EvaluationRecord {
            eval_loss: 0.5,
            metrics,
            eval_batch_size: None,
            eval_runtime: 1.0,
            epoch: 3.0,
            step: 12,
        };
        ModelCard {
            base_model: "lvwerra/gpt2-imdb@main".into(),
            base_model_id: Some("lvwerra/gpt2-imdb".into()),
            adapter: false,
            ref_model: None,
            train_data: "pairs|1.jsonl".into(),
            train_rows: 1840,
            config: DpoConfig { loss_type: vec![LossType::Hinge], beta: 0.3, ..DpoConfig::default() },
            steps: 12,
            last_mean: None,
            eval_data: Some("held-out.jsonl".into()),
            evaluation: Some(record),
            hub_model_id: None,
        }
    }

    #[test]
    fn the_card_lists_data_options_and_metrics() {
        let text = card().to_string();
        assert!(text.starts_with("---\nbase_model: \"lvwerra/gpt2-imdb\"\nlibrary_name: transformers\n"), "{text}");
        for line in [
            "| data | pairs\\|1.jsonl, 1840 rows |",
            "| loss_type | hinge |",
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
    fn training_metrics_are_means_and_the_card_says_of_which_steps() {
        let step = |step: u64, loss: f64| StepRecord {
            loss,
            grad_norm: 1.0,
            learning_rate: 1e-5,
            num_tokens: 10 * step,
            metrics: Metrics::default(),
            epoch: 1.0,
            step,
        };
        let last_mean = StepMean::of(&[step(11, 0.5), step(12, 1.0)]);
        let text = ModelCard { last_mean: last_mean.clone(), ..card() }.to_string();
        for line in ["| | mean of steps 11 to 12 | held-out rows |", "| loss | 0.7500 | 0.5000 |"] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        let text = ModelCard { last_mean, eval_data: None, evaluation: None, ..card() }.to_string();
        for part in ["| | mean of steps 11 to 12 |\n", "| loss | 0.7500 |\n", "No held-out data was given."] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert_eq!(StepMean::of(&[step(12, 1.0)]).unwrap().describe_steps(), "step 12");
        assert_eq!(StepMean::of(&[]), None);
    }

    #[test]
    fn the_card_shows_how_to_use_the_model() {
        let folder = card().to_string();
        for part in [
            "`path/to/model` is the folder of this file.",
            "AutoModelForCausalLM.from_pretrained(\"path/to/model\")",
            "align generate --model path/to/model",
            "ModelResolver::default().folder(\"path/to/model\")",
        ] {
            assert!(folder.contains(part), "{part} is not in\n{folder}");
        }
        let uploaded = ModelCard { hub_model_id: Some("user/tuned".into()), ..card() }.to_string();
        assert!(!uploaded.contains("path/to") && uploaded.contains("align generate --model user/tuned"), "{uploaded}");
        // An adapter names its base model only if that is on the hub.
        let adapter = ModelCard { adapter: true, ..card() };
        let named = adapter.to_string();
        assert!(named.contains("AutoModelForCausalLM.from_pretrained(\"lvwerra/gpt2-imdb\")"), "{named}");
        assert!(named.contains("align generate --model path/to/model"), "{named}");
        let local = ModelCard { base_model_id: None, ..adapter }.to_string();
        assert!(local.contains("align merge-adapter --model path/to/base-model --adapter path/to/model"), "{local}");
        let config = ClassificationConfig::default();
        let ModelCard { base_model, base_model_id, adapter, ref_model, train_data, train_rows, steps, .. } = card();
        let classifier = ModelCard {
            base_model,
            base_model_id,
            adapter,
            ref_model,
            train_data,
            train_rows,
            steps,
            config,
            last_mean: None,
            eval_data: None,
            evaluation: None,
            hub_model_id: None,
        };
        let classifier = classifier.to_string();
        for part in [
            "pipeline(\"text-classification\", model=\"path/to/model\")",
            "align classify --model path/to/model",
            "RewardModel::load",
        ] {
            assert!(classifier.contains(part), "{part} is not in\n{classifier}");
        }
    }

    #[test]
    fn markup_in_names_is_escaped() {
        let hostile = "<script>alert(1)</script> [x](javascript:alert(1)) ![x](http://a/b)\n# `h` \u{1b}[31m & *b*";
        let text = ModelCard {
            base_model: hostile.into(),
            ref_model: Some(hostile.into()),
            train_data: hostile.into(),
            eval_data: Some(hostile.into()),
            ..card()
        }
        .to_string();
        let harmless = r"&lt;script&gt;alert(1)&lt;/script&gt; \[x\](javascript:alert(1)) \!\[x\](http://a/b)\\n# \`h\` \\u{1b}\[31m &amp; \*b\*";
        assert_eq!(text.matches(harmless).count(), 5, "{text}");
        for markup in ["<script", "[x](", "\n# `", "\u{1b}"] {
            assert!(!text.contains(markup), "{markup:?} is in\n{text}");
        }
    }

    #[test]
    fn the_card_of_an_adapter_differs_from_that_of_a_full_model() {
        let text = ModelCard { adapter: true, ..card() }.to_string();
        for part in ["\nlibrary_name: peft\n", "\n- lora\n---\n", "LoRA adapter", "in PEFT's layout."] {
            assert!(text.contains(part), "{part} is not in\n{text}");
            assert!(!card().to_string().contains(part), "{part} is in the card of a full model");
        }
    }

    #[test]
    fn an_existing_card_is_not_overwritten_by_default() {
        let dir = tempfile::tempdir().unwrap();
        card().write(dir.path(), false).unwrap();
        let message = card().write(dir.path(), false).unwrap_err().to_string();
        assert!(message.contains("README.md") && message.contains("exists already"), "{message}");
        card().write(dir.path(), true).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
