//! What a run needs of an objective: how examples become its rows, and how it is made of models and options.

use super::RunModel;
use crate::objective::{Classification, Cpo, Dpo, Kto, Sft};
use crate::{Objective, Result};
use align_data::{
    EncodeOptions, EncodeReport, LabelledText, PreferencePair, Tokenizer, UnpairedPreference, encode_labelled_texts,
    encode_pairs, encode_unpaired,
};
use align_models::CausalLm;

/// An objective that a [`Run`](super::Run) can make. The built-in ones are; one's own becomes one by these few functions.
pub trait RunObjective: Objective<Model: RunModel> + Sized {
    /// An example as a user has it, before it is tokenised.
    type Example;

    /// Tokenises examples.
    ///
    /// # Errors
    /// Examples or options that cannot be honoured.
    fn encode(
        config: &Self::Config,
        examples: &[Self::Example],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>>;

    /// The objective of a run's models. A `reference` is given only where [`RunObjective::HAS_REFERENCE`].
    ///
    /// # Errors
    /// Options that contradict each other, or models that do not go together.
    fn of_models(policy: Self::Model, reference: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self>;

    /// Whether the policy is compared with a reference model.
    const HAS_REFERENCE: bool = false;

    /// The texts that a new model's tokeniser is trained on; `None` where training begins with a trained model.
    fn texts(examples: &[Self::Example]) -> Option<Vec<String>> {
        let _ = examples;
        None
    }
}

/// By what examples are tokenised.
#[derive(Debug, Clone)]
pub struct EncodeContext<'a> {
    /// The model's tokeniser.
    pub tokenizer: &'a Tokenizer,
    /// Most tokens of a sequence, as the run was told.
    pub max_length: Option<usize>,
    /// Most tokens of a sequence that the model takes.
    pub longest: usize,
    /// Whether a prompt that stands in front of its completions is taken off them.
    pub strip_prompt: bool,
}

impl EncodeContext<'_> {
    fn options(&self, max_length: Option<usize>) -> EncodeOptions {
        let max_length = Some(max_length.or(self.max_length).unwrap_or(self.longest));
        EncodeOptions { max_length, strip_prompt: self.strip_prompt, ..EncodeOptions::default() }
    }
}

/// Examples as rows of token ids.
#[derive(Debug, Clone)]
pub struct EncodedExamples<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// What was changed or left out, where anything could be.
    pub report: Option<EncodeReport>,
    /// Most tokens of a row, where there is a limit.
    pub max_length: Option<usize>,
}

/// An example whose completions may repeat the prompt.
pub trait PromptedExample {}

impl PromptedExample for PreferencePair {}
impl PromptedExample for UnpairedPreference {}

fn pairs(
    examples: &[PreferencePair],
    tokenizer: &Tokenizer,
    options: &EncodeOptions,
) -> Result<EncodedExamples<align_data::EncodedPair>> {
    let encoded = encode_pairs(tokenizer, examples, options)?;
    Ok(EncodedExamples { rows: encoded.pairs, report: Some(encoded.report), max_length: options.max_length })
}

impl RunObjective for Dpo {
    type Example = PreferencePair;
    const HAS_REFERENCE: bool = true;

    fn encode(
        _: &Self::Config,
        examples: &[PreferencePair],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>> {
        pairs(examples, context.tokenizer, &context.options(None))
    }

    fn of_models(policy: Self::Model, reference: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self> {
        Self::new(policy, reference, config)
    }
}

impl RunObjective for Cpo {
    type Example = PreferencePair;

    /// With BOS before each prompt, as TRL's trainers without a reference have it.
    fn encode(
        _: &Self::Config,
        examples: &[PreferencePair],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>> {
        pairs(examples, context.tokenizer, &EncodeOptions { prepend_bos: true, ..context.options(None) })
    }

    fn of_models(policy: Self::Model, _: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self> {
        Self::new(policy, config)
    }
}

impl RunObjective for Kto {
    type Example = UnpairedPreference;
    const HAS_REFERENCE: bool = true;

    fn encode(
        config: &Self::Config,
        examples: &[UnpairedPreference],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>> {
        let options = context.options(config.max_length);
        let encoded = encode_unpaired(context.tokenizer, examples, &options)?;
        Ok(EncodedExamples { rows: encoded.rows, report: Some(encoded.report), max_length: options.max_length })
    }

    fn of_models(policy: Self::Model, reference: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self> {
        Self::new(policy, reference, config)
    }
}

impl RunObjective for Sft {
    /// A prompt, which may be empty, and a completion.
    type Example = (String, String);

    fn encode(
        config: &Self::Config,
        examples: &[Self::Example],
        context: &EncodeContext<'_>,
    ) -> Result<EncodedExamples<Self::Row>> {
        let (rows, report) = config.encode(context.tokenizer, examples)?;
        Ok(EncodedExamples { rows, report: Some(report), max_length: config.max_length })
    }

    fn of_models(policy: Self::Model, _: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self> {
        Self::new(policy, config)
    }

    fn texts(examples: &[Self::Example]) -> Option<Vec<String>> {
        Some(examples.iter().map(|(prompt, completion)| [prompt.as_str(), completion].concat()).collect())
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
        let max_length = Some(config.max_length.unwrap_or(context.longest));
        let rows = encode_labelled_texts(context.tokenizer, &texts, &labels, max_length)?;
        Ok(EncodedExamples { rows, report: None, max_length })
    }

    fn of_models(policy: Self::Model, _: Option<Box<dyn CausalLm>>, config: Self::Config) -> Result<Self> {
        Self::new(policy, config)
    }

    fn texts(examples: &[Self::Example]) -> Option<Vec<String>> {
        Some(examples.iter().map(|example| example.text.clone()).collect())
    }
}
