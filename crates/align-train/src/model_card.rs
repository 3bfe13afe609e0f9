use crate::config::BOOKKEEPING;
use crate::{Error, EvaluationRecord, Metrics, Result, RunConfig, StepRecord};
use align_base::printable_line;
use align_losses::Method;
use serde_json::Value;
use std::fmt;
use std::path::Path;

/// What a trained model was made of: the `README.md` that the hub shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCard<C> {
    /// The model that training began from, in words.
    pub base_model: String,
    /// Its repository on the hub, where it has one: the hub links to it.
    pub base_model_id: Option<String>,
    /// Whether the folder holds an adapter of the base model, in PEFT's layout, and not a whole model.
    pub adapter: bool,
    /// The reference model, in words; none where the method has none.
    pub ref_model: Option<String>,
    /// The training rows' file or dataset.
    pub train_data: String,
    /// How many rows there were after tokenising.
    pub train_rows: usize,
    /// The run's options.
    pub config: C,
    /// Optimiser steps done.
    pub steps: u64,
    /// The last step.
    pub last_step: Option<StepRecord>,
    /// The last evaluation, and the held-out rows' file or dataset.
    pub evaluation: Option<(EvaluationRecord, String)>,
}

impl<C: RunConfig> ModelCard<C> {
    /// Writes `README.md` into the model's folder; the file appears whole or not at all.
    ///
    /// # Errors
    /// When it exists and `overwrite` is false, or cannot be written.
    pub fn write(&self, dir: &Path, overwrite: bool) -> Result<()> {
        let path = dir.join("README.md");
        let fail = |reason: String| Error::Output { path: path.clone(), reason };
        align_base::files::write_file(&path, overwrite, |file| write!(file, "{self}")).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => fail("exists already: it is not overwritten".to_owned()),
            _ => fail(format!("cannot be written: {e}")),
        })
    }
}

/// Text as a scalar of YAML, of which a JSON string is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Words as they stand inside Markdown, on one line: no markup, no HTML and no link comes out of them.
fn plain(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for c in printable_line(words).chars() {
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
        let purpose = self.config.purpose();
        let ((pipeline_tag, purpose_tag), (trained, by)) = (purpose.tags(), purpose.words());
        let (library, layout) = if self.adapter { ("peft", "PEFT's") } else { ("transformers", "transformers'") };
        writeln!(f, "---")?;
        if let Some(id) = &self.base_model_id {
            writeln!(f, "base_model: {}", quoted(id))?;
        }
        writeln!(
            f,
            "library_name: {library}\npipeline_tag: {pipeline_tag}\ntags:\n- {}\n- {purpose_tag}",
            self.config.tag()
        )?;
        if self.adapter {
            writeln!(f, "- lora")?;
        }
        writeln!(f, "---\n")?;
        writeln!(f, "# {}, {trained}\n", plain(&self.base_model))?;
        let what = if self.adapter { " The folder holds a LoRA adapter of it, not the base model." } else { "" };
        writeln!(f, "{by} {methods}.{what}\n")?;
        writeln!(f, "## Training\n\n| | |\n| --- | --- |")?;
        let mut row = |name: &str, value: String| writeln!(f, "| {name} | {} |", plain(&value));
        row("base model", self.base_model.clone())?;
        if let Some(reference) = &self.ref_model {
            row("reference model", reference.clone())?;
        }
        row("data", format!("{}, {} rows", self.train_data, self.train_rows))?;
        row("steps", self.steps.to_string())?;
        let options = serde_json::to_value(&self.config).map_err(|_| fmt::Error)?;
        shown(&options).into_iter().try_for_each(|(name, value)| row(name, value))?;
        writeln!(f, "\n## Metrics\n\n| | last training step | held-out rows |\n| --- | --- | --- |")?;
        self.metrics(f)?;
        if let Some((_, data)) = &self.evaluation {
            writeln!(f, "\nHeld out: {}.", plain(data))?;
        }
        writeln!(f, "\nTrained with align on LibTorch; the files are in {layout} layout.")
    }
}

impl<C> ModelCard<C> {
    fn metrics(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = self.last_step.as_ref();
        let held_out = self.evaluation.as_ref().map(|(record, _)| record);
        let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.4}"));
        let mut row = |name: &str, of_step: Option<f64>, of_held_out: Option<f64>| {
            writeln!(f, "| {name} | {} | {} |", number(of_step), number(of_held_out))
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

/// What the weights depend on, but for what was left out: each option's name and value.
fn shown(options: &Value) -> Vec<(&str, String)> {
    let words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |(name, value): (&'_ String, &Value)| match value {
        Value::Null | Value::Bool(false) => None,
        Value::Array(values) => Some(values.iter().map(words).collect::<Vec<_>>().join(", ")),
        _ if BOOKKEEPING.contains(&name.as_str()) => None,
        value => Some(words(value)),
    };
    let mut rows = Vec::new();
    for (name, value) in options.as_object().into_iter().flatten() {
        match value {
            Value::Object(_) => rows.extend(shown(value)),
            _ => rows.extend(row((name, value)).map(|value| (name.as_str(), value))),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::DpoConfig;
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
            last_step: None,
            evaluation: Some((record, "held-out.jsonl".into())),
        }
    }

    #[test]
    fn it_says_what_the_model_was_made_of() {
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
    fn names_are_no_markup() {
        let hostile = "<script>alert(1)</script> [x](javascript:alert(1)) ![x](http://a/b)\n# `h` \u{1b}[31m & *b*";
        let (record, _) = card().evaluation.unwrap();
        let text = ModelCard {
            base_model: hostile.into(),
            ref_model: Some(hostile.into()),
            train_data: hostile.into(),
            evaluation: Some((record, hostile.into())),
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
    fn an_adapter_is_told_from_a_model() {
        let text = ModelCard { adapter: true, ..card() }.to_string();
        for part in ["\nlibrary_name: peft\n", "\n- lora\n---\n", "LoRA adapter", "in PEFT's layout."] {
            assert!(text.contains(part), "{part} is not in\n{text}");
            assert!(!card().to_string().contains(part), "{part} is said of a whole model");
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
