use super::{SamplingStrategy, TrainingConfig, require};
use crate::{Method, Purpose, Result, RunConfig, metric_names};
use align_base::random::generator;
use align_data::{EncodeOptions, EncodeReport, EncodedText, Tokenizer, encode_texts, pack_wrapped};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// How several texts become rows of one length, under TRL's name. TRL's others, bfd (its default) and bfd_split, are not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackingStrategy {
    /// One stream of tokens, cut wherever a row is full: see [`pack_wrapped`].
    #[default]
    Wrapped,
}

/// Everything a run of supervised fine-tuning depends on, under the option names of TRL's `SFTConfig` and with its defaults, but for
/// `packing_strategy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "clap", command(mut_arg("learning_rate", |arg| arg.default_value("2e-5"))))]
#[cfg_attr(feature = "clap", command(mut_arg("disable_dropout", |arg| arg.default_value("false"))))]
pub struct SftConfig {
    /// Most tokens of a text, which is cut behind them; with packing the tokens of a row.
    #[cfg_attr(feature = "clap", arg(long, default_value = "1024"))]
    pub max_length: Option<usize>,
    /// Whether texts are put one behind the other and cut into rows of max_length, so that no row is padded.
    #[cfg_attr(feature = "clap", arg(long))]
    pub packing: bool,
    /// How they are cut: wrapped, wherever a row is full.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::parse::<PackingStrategy>, default_value = "wrapped"))]
    pub packing_strategy: PackingStrategy,
    /// Whether the texts are shuffled, by the seed, before they are packed.
    #[cfg_attr(feature = "clap", arg(long))]
    pub shuffle_dataset: bool,
    /// Whether prompts are only given and not learnt: true where there are prompts, unless this is false.
    #[cfg_attr(feature = "clap", arg(long))]
    pub completion_only_loss: Option<bool>,
    /// How it is trained.
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
            training: TrainingConfig { learning_rate: 2e-5, disable_dropout: false, ..TrainingConfig::default() },
        }
    }
}

impl SftConfig {
    /// Tokenises `(prompt, completion)` rows as the options say, EOS behind each; a text without a prompt has an empty one.
    ///
    /// # Errors
    /// As [`SftConfig::validate`](RunConfig::validate) and [`encode_texts`].
    pub fn encode<P: AsRef<str>, C: AsRef<str>>(
        &self,
        tokenizer: &Tokenizer,
        rows: &[(P, C)],
    ) -> Result<(Vec<EncodedText>, EncodeReport)> {
        self.validate()?;
        let packed = self.max_length.filter(|_| self.packing);
        let max_length = if packed.is_some() { None } else { self.max_length };
        let encoded = encode_texts(tokenizer, rows, &EncodeOptions { max_length, ..EncodeOptions::default() })?;
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

    fn validate(&self) -> Result<()> {
        let max_length = self.max_length;
        require("max_length", max_length.is_none_or(|length| length > 1), || {
            format!(
                "is {}, expected at least 2: the first token is predicted by nothing",
                max_length.unwrap_or_default()
            )
        })?;
        require("max_length", !self.packing || max_length.is_some(), || {
            "is not given, but packing needs to know a row's length".into()
        })?;
        require("completion_only_loss", !self.packing || self.completion_only_loss != Some(true), || {
            "is true, but packed rows do not say what was a prompt: leave packing or this option out".into()
        })?;
        let grouped = self.training.train_sampling_strategy == SamplingStrategy::GroupByLength;
        require("train_sampling_strategy", !self.packing || !grouped, || {
            "is group_by_length, but packed rows are of one length: leave one of the two out".into()
        })?;
        self.training.validate()?;
        metric_names::check(self)
    }

    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        Some(metric_names::of_sft())
    }

    fn tag(&self) -> &'static str {
        "sft"
    }

    fn methods(&self) -> Vec<Method> {
        vec![Method { name: "supervised fine-tuning", paper: "https://arxiv.org/abs/2203.02155" }]
    }

    fn purpose(&self) -> Purpose {
        Purpose::LanguageModelling
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(change: impl FnOnce(&mut SftConfig)) -> String {
        let mut config = SftConfig::default();
        change(&mut config);
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn contradictions_are_refused_by_name() {
        SftConfig::default().validate().unwrap();
        assert!(refused(|c| c.max_length = Some(1)).contains("max_length"));
        assert!(refused(|c| (c.packing, c.max_length) = (true, None)).contains("max_length"));
        assert!(refused(|c| (c.packing, c.completion_only_loss) = (true, Some(true))).contains("completion_only_loss"));
        let grouped = refused(|c| {
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
