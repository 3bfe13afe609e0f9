//! Objectives that a run can train: how to tokenise their examples, and how to create them.

use super::{RunModel, StreamedFiles, StreamedRows};
use crate::objective::{Classification, Cpo, Dpo, GroupPolicy, Kto, Reward, Sft, not_streamed};
use crate::{Error, GroupPolicyConfig, Objective, Result, RewardConfig};
use align_data::chat::Message;
use align_data::tables::ExampleBlocks;
use align_data::{
    CompletionExample, EncodeOptions, EncodeReport, Example, InvalidRows, LabelledText, PairExample, RewardExample,
    Tokenizer, UnpairedExample, encode_labelled_texts, encode_pairs, encode_reward_pairs, encode_unpaired,
};
use align_models::CausalLm;
use std::convert::Infallible;

/// An objective that a [`Run`](super::Run) can train. All built-in objectives implement it. Implement it to use a custom objective in a
/// run.
pub trait RunObjective: Objective<Model: RunModel> + Sized {
    /// An example before it is tokenised.
    type Example;

    /// Tokenises examples.
    ///
    /// # Errors
    /// Examples that cannot be tokenised, or invalid options.
    fn encode(
        config: &Self::Config,
        examples: &[Self::Example],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>>;

    /// Tokenises files into a cache on disk, or opens the cache that there is.
    ///
    /// # Errors
    /// Those of [`RunObjective::encode`], files that cannot be read in parts, a damaged cache, or an objective that needs all rows, which is
    /// the default.
    fn encode_streamed(
        config: &Self::Config,
        files: &StreamedFiles,
        context: &EncodeContext<'_>,
    ) -> Result<StreamedRows<Self::Row>> {
        let _ = (config, files, context);
        Err(not_streamed())
    }

    /// Creates the objective. `reference` is always `None` unless [`RunObjective::HAS_REFERENCE`].
    ///
    /// # Errors
    /// Options that contradict each other, or models that do not match.
    fn from_models(policy: Self::Model, reference: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self>;

    /// Whether the objective has a reference model.
    const HAS_REFERENCE: bool = false;

    /// The texts on which the tokeniser of a new model is trained. `None` if the objective cannot train a new model.
    fn tokenizer_training_texts(examples: &[Self::Example]) -> Option<Vec<String>> {
        let _ = examples;
        None
    }
}

/// How a run tokenises examples.
#[derive(Debug, Clone)]
pub struct EncodeContext<'a> {
    /// The model's tokeniser.
    pub tokenizer: &'a Tokenizer,
    /// The maximum tokens of a sequence, if the run sets it.
    pub max_length: Option<usize>,
    /// The maximum tokens of a sequence that the model takes.
    pub model_max_length: usize,
    /// Whether a prompt is removed from the beginning of completions that repeat it.
    pub strip_prompt: bool,
    /// What happens to rows that teach nothing.
    pub invalid_rows: InvalidRows,
}

impl EncodeContext<'_> {
    fn options(&self, max_length: Option<usize>) -> EncodeOptions {
        let max_length = Some(max_length.or(self.max_length).unwrap_or(self.model_max_length));
        let (strip_prompt, invalid_rows) = (self.strip_prompt, self.invalid_rows);
        EncodeOptions { max_length, strip_prompt, invalid_rows, ..EncodeOptions::default() }
    }
}

/// Tokenised examples.
#[derive(Debug, Clone)]
pub struct EncodedExamples<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// Which examples were changed or omitted, if the encoding reports it.
    pub report: Option<EncodeReport>,
    /// The maximum tokens of a row, if there is a limit.
    pub max_length: Option<usize>,
}

/// An example with a prompt, whose completions may repeat the prompt.
pub trait PromptedExample {}

impl PromptedExample for PairExample {}
impl PromptedExample for UnpairedExample {}
impl PromptedExample for RewardExample {}

/// Streams preference pairs.
fn stream_preference_pairs(
    files: &StreamedFiles,
    tokenizer: &Tokenizer,
    options: &EncodeOptions,
) -> Result<StreamedRows<align_data::EncodedPair>> {
    let blocks = ExampleBlocks::<PairExample>::open_with_numbers(&files.files, &files.columns, &options.pair_numbers)?;
    files.encode(blocks, (tokenizer, options), |rows| {
        encode_pairs(tokenizer, rows, options).map(|encoded| (encoded.pairs, encoded.report))
    })
}

fn encode_preference_pairs(
    examples: &[PairExample],
    tokenizer: &Tokenizer,
    options: &EncodeOptions,
) -> Result<EncodedExamples<align_data::EncodedPair>> {
    let encoded = encode_pairs(tokenizer, examples, options)?;
    Ok(EncodedExamples { rows: encoded.pairs, report: Some(encoded.report), max_length: options.max_length })
}

impl RunObjective for Dpo {
    type Example = PairExample;
    const HAS_REFERENCE: bool = true;

    fn encode(
        config: &Self::Config,
        examples: &[PairExample],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>> {
        let options = EncodeOptions { pair_numbers: config.pair_numbers(), ..context.options(None) };
        encode_preference_pairs(examples, context.tokenizer, &options)
    }

    fn encode_streamed(
        config: &Self::Config,
        files: &StreamedFiles,
        context: &EncodeContext<'_>,
    ) -> Result<StreamedRows<Self::Row>> {
        let options = EncodeOptions { pair_numbers: config.pair_numbers(), ..context.options(None) };
        stream_preference_pairs(files, context.tokenizer, &options)
    }

    fn from_models(policy: Self::Model, reference: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self> {
        Self::new(policy, reference, config)
    }
}

impl RunObjective for Cpo {
    type Example = PairExample;

    /// Prepends BOS to each prompt, as TRL does for objectives without a reference model.
    fn encode(
        _: &Self::Config,
        examples: &[PairExample],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>> {
        encode_preference_pairs(
            examples,
            context.tokenizer,
            &EncodeOptions { prepend_bos: true, ..context.options(None) },
        )
    }

    fn encode_streamed(
        _: &Self::Config,
        files: &StreamedFiles,
        context: &EncodeContext<'_>,
    ) -> Result<StreamedRows<Self::Row>> {
        let options = EncodeOptions { prepend_bos: true, ..context.options(None) };
        stream_preference_pairs(files, context.tokenizer, &options)
    }

    fn from_models(policy: Self::Model, _: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self> {
        Self::new(policy, config)
    }
}

impl RunObjective for Kto {
    type Example = UnpairedExample;
    const HAS_REFERENCE: bool = true;

    fn encode(
        config: &Self::Config,
        examples: &[UnpairedExample],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>> {
        let options = context.options(config.max_length);
        let encoded = encode_unpaired(context.tokenizer, examples, &options)?;
        Ok(EncodedExamples { rows: encoded.rows, report: Some(encoded.report), max_length: options.max_length })
    }

    fn from_models(policy: Self::Model, reference: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self> {
        Self::new(policy, reference, config)
    }
}

impl RunObjective for Sft {
    type Example = CompletionExample;

    fn encode(
        config: &Self::Config,
        examples: &[Self::Example],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>> {
        let (rows, report) = config.encode(context.tokenizer, examples, context.invalid_rows)?;
        Ok(EncodedExamples { rows, report: Some(report), max_length: config.max_length })
    }

    fn from_models(policy: Self::Model, _: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self> {
        Self::new(policy, config)
    }

    fn tokenizer_training_texts(examples: &[Self::Example]) -> Option<Vec<String>> {
        let text = |example: &CompletionExample| match example {
            Example::Plain((prompt, completion)) => [prompt.as_str(), completion].concat(),
            Example::Conversation(row) => {
                row.prompt.iter().chain(&row.completion).filter_map(Message::content).collect::<Vec<_>>().join("\n")
            }
        };
        Some(examples.iter().map(text).collect())
    }
}

fn reward_options(config: &RewardConfig, context: &EncodeContext<'_>) -> EncodeOptions {
    // An encoder marks the end of a text itself.
    let append_eos = context.tokenizer.special_tokens().eos.is_some();
    EncodeOptions { append_eos, pair_numbers: config.pair_numbers(), ..context.options(config.max_length) }
}

impl RunObjective for Reward {
    type Example = RewardExample;

    fn encode(
        config: &Self::Config,
        examples: &[RewardExample],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>> {
        let options = reward_options(config, context);
        let encoded = encode_reward_pairs(context.tokenizer, examples, &options)?;
        Ok(EncodedExamples { rows: encoded.pairs, report: Some(encoded.report), max_length: options.max_length })
    }

    fn encode_streamed(
        config: &Self::Config,
        files: &StreamedFiles,
        context: &EncodeContext<'_>,
    ) -> Result<StreamedRows<Self::Row>> {
        let (tokenizer, options) = (context.tokenizer, reward_options(config, context));
        let (names, numbers) = (&files.columns, &options.pair_numbers);
        let blocks = ExampleBlocks::<RewardExample>::open_with_numbers(&files.files, names, numbers)?;
        files.encode(blocks, (tokenizer, &options), |rows| {
            encode_reward_pairs(tokenizer, rows, &options).map(|encoded| (encoded.pairs, encoded.report))
        })
    }

    fn from_models(policy: Self::Model, _: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self> {
        Self::new(policy, config)
    }
}

impl RunObjective for Classification {
    type Example = LabelledText;

    fn encode(
        config: &Self::Config,
        examples: &[Self::Example],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>> {
        let (texts, labels): (Vec<&str>, Vec<i64>) =
            examples.iter().map(|example| (example.text.as_str(), example.label)).unzip();
        let max_length = Some(config.max_length.unwrap_or(context.model_max_length));
        let rows = encode_labelled_texts(context.tokenizer, &texts, &labels, max_length)?;
        Ok(EncodedExamples { rows, report: None, max_length })
    }

    fn from_models(policy: Self::Model, _: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self> {
        Self::new(policy, config)
    }

    fn tokenizer_training_texts(examples: &[Self::Example]) -> Option<Vec<String>> {
        Some(examples.iter().map(|example| example.text.clone()).collect())
    }
}

/// GRPO and RLOO train on texts that the policy writes: see [`Run::on_policy`](super::Run::on_policy). There are no examples.
impl<C: GroupPolicyConfig> RunObjective for GroupPolicy<C> {
    type Example = Infallible;
    const HAS_REFERENCE: bool = true;

    fn encode(_: &C, _: &[Infallible], _: &EncodeContext<'_>) -> Result<EncodedExamples<Self::Row>> {
        Err(Error::Data("this objective trains on texts that the policy writes itself: use Run::on_policy".into()))
    }

    fn from_models(policy: Self::Model, reference: Option<Box<dyn CausalLm>>, config: C) -> Result<Self> {
        Self::new(policy, reference, config)
    }
}
