use super::{SamplingStrategy, TrainingConfig, require};
use crate::{Method, Result, RunConfig, TrainingTask, metric_names};
use align_base::random::generator;
use align_data::{
    EncodeOptions, EncodeReport, EncodedText, InvalidRows, PromptedRow, Tokenizer, TruncationMode, encode_texts,
    pack_wrapped,
};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// How texts are packed into rows of equal length, under TRL's name. TRL's other strategies, bfd (its default) and bfd_split, are not
/// implemented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum PackingStrategy {
    /// One stream of tokens: a text that does not fit continues in the next row.
    #[default]
    Wrapped,
}

/// Options of supervised fine-tuning, with the names and defaults of TRL's `SFTConfig`, except for `packing_strategy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "clap", command(mut_arg("learning_rate", |arg| arg.default_value("2e-5"))))]
#[cfg_attr(feature = "clap", command(mut_arg("disable_dropout", |arg| arg.default_value("false"))))]
pub struct SftConfig {
    /// Maximum tokens of a text; longer texts are truncated. With packing: tokens of a packed row.
    #[cfg_attr(feature = "clap", arg(long, default_value = "1024"))]
    pub max_length: Option<usize>,
    /// Concatenate the texts and cut them into rows of `max_length` tokens, which avoids padding.
    #[cfg_attr(feature = "clap", arg(long))]
    pub packing: bool,
    /// How texts are packed into rows.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value = "wrapped"))]
    pub packing_strategy: PackingStrategy,
    /// Shuffle the texts with the seed before packing.
    #[cfg_attr(feature = "clap", arg(long))]
    pub shuffle_dataset: bool,
    /// Compute the loss on completions only, not on prompts [default: true for examples that have a prompt].
    #[cfg_attr(feature = "clap", arg(long))]
    pub completion_only_loss: Option<bool>,
    /// Compute the loss only on what the assistant says in conversations, as the chat template marks it with {% generation %}.
    #[cfg_attr(feature = "clap", arg(long))]
    pub assistant_only_loss: bool,
    /// Which end of a text is kept if it is longer than max_length.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value = "keep_start"))]
    pub truncation_mode: TruncationMode,
    /// Options common to all objectives.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub training: TrainingConfig,
}

impl Default for SftConfig {
    fn default() -> Self {
        Self {
            max_length: Some(1024),
            packing: false,
            packing_strategy: PackingStrategy::Wrapped,
            shuffle_dataset: false,
            completion_only_loss: None,
            assistant_only_loss: false,
            truncation_mode: TruncationMode::KeepStart,
            training: TrainingConfig { learning_rate: 2e-5, disable_dropout: false, ..TrainingConfig::default() },
        }
    }
}

impl SftConfig {
    /// Tokenises rows of a prompt and a completion according to the options. EOS is appended to plain texts; conversations are rendered
    /// with the chat template. Texts without a prompt have an empty prompt.
    ///
    /// # Errors
    /// Those of [`SftConfig::validate`](RunConfig::validate) and [`encode_texts`].
    pub fn encode<R: PromptedRow<1>>(
        &self,
        tokenizer: &Tokenizer,
        rows: &[R],
        invalid_rows: InvalidRows,
    ) -> Result<(Vec<EncodedText>, EncodeReport)> {
        self.validate()?;
        let packed = self.max_length.filter(|_| self.packing);
        let options = EncodeOptions {
            max_length: if packed.is_some() { None } else { self.max_length },
            truncation_mode: self.truncation_mode,
            assistant_only_loss: self.assistant_only_loss,
            invalid_rows,
            ..EncodeOptions::default()
        };
        let encoded = encode_texts(tokenizer, rows, &options)?;
        let mut texts = encoded.rows;
        if self.shuffle_dataset {
            texts.shuffle(&mut generator(self.training.seed, "dataset", 0));
        }
        match packed {
            Some(max_length) => Ok((pack_wrapped(&texts, max_length)?, encoded.report)),
            None => Ok((texts, encoded.report)),
        }
    }
}

impl RunConfig for SftConfig {
    fn training(&self) -> &TrainingConfig {
        &self.training
    }

    fn training_mut(&mut self) -> &mut TrainingConfig {
        &mut self.training
    }

    fn validate(&self) -> Result<()> {
        let max_length = self.max_length;
        require("max_length", max_length.is_none_or(|length| length > 1), || {
            format!(
                "is {}, expected at least 2: the first token of a text has no prediction to learn from",
                max_length.unwrap_or_default()
            )
        })?;
        require("max_length", !self.packing || max_length.is_some(), || {
            "is not set, but packing needs the length of a row: set max_length".into()
        })?;
        require("completion_only_loss", !self.packing || self.completion_only_loss != Some(true), || {
            "is true, but packed rows do not record which tokens are prompts: remove packing or this option".into()
        })?;
        require("truncation_mode", !self.packing || self.truncation_mode == TruncationMode::KeepStart, || {
            "is keep_end, but packing cuts no text: remove one of the two".into()
        })?;
        let grouped = self.training.train_sampling_strategy == SamplingStrategy::GroupByLength;
        require("train_sampling_strategy", !self.packing || !grouped, || {
            "is group_by_length, but packed rows all have the same length: remove one of the two".into()
        })?;
        self.training.validate()?;
        metric_names::check(self)
    }

    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        Some(metric_names::sft())
    }

    fn tag(&self) -> &'static str {
        "sft"
    }

    fn methods(&self) -> Vec<Method> {
        vec![Method { name: "supervised fine-tuning", paper: "https://arxiv.org/abs/2203.02155" }]
    }

    fn task(&self) -> TrainingTask {
        TrainingTask::LanguageModelling
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn error(change: impl FnOnce(&mut SftConfig)) -> String {
        let mut config = SftConfig::default();
        change(&mut config);
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn contradicting_options_are_named_in_the_error() {
        SftConfig::default().validate().unwrap();
        assert!(error(|c| c.max_length = Some(1)).contains("max_length"));
        assert!(error(|c| (c.packing, c.max_length) = (true, None)).contains("max_length"));
        assert!(error(|c| (c.packing, c.completion_only_loss) = (true, Some(true))).contains("completion_only_loss"));
        let grouped = error(|c| {
            (c.packing, c.training.train_sampling_strategy) = (true, SamplingStrategy::GroupByLength);
        });
        assert!(grouped.contains("group_by_length"), "{grouped}");
    }

    #[cfg(feature = "clap")]
    #[test]
    fn the_command_line_has_the_same_defaults() {
        #[derive(clap::Parser)]
        struct Options {
            #[command(flatten)]
            sft: SftConfig,
        }
        let parsed = <Options as clap::Parser>::try_parse_from(["sft"]).unwrap();
        assert_eq!(parsed.sft, SftConfig::default());
    }
}
