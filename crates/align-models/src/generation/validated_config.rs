use super::processors::LogitsProcessor;
use super::stopping_criteria::StoppingCriteria;
use super::{GenerationConfig, StopStrings, StoppingCriterion, validation};
use std::fmt;
use std::sync::Arc;

/// Validated generation options, with custom logits processors and stopping criteria.
#[derive(Clone)]
pub struct Generation {
    config: GenerationConfig,
    processors: Vec<Arc<dyn LogitsProcessor>>,
    stopping: StoppingCriteria,
    /// Whether the criteria include `stop_strings`.
    has_stop_strings: bool,
}

impl Generation {
    /// Validates the options.
    ///
    /// # Errors
    /// A value is out of range, two options contradict each other, or an option would have no effect.
    pub fn new(config: GenerationConfig) -> crate::Result<Self> {
        validation::check(&config)?;
        Ok(Self { config, processors: Vec::new(), stopping: StoppingCriteria::default(), has_stop_strings: false })
    }

    /// Adds a custom logits processor, which changes the scores of each next token in every strategy.
    ///
    /// As in transformers, custom processors run after the processors of the options, in the order in which they were added, and before
    /// those that only sampling uses, such as `temperature` and `top_k`.
    ///
    /// ```
    /// use align_models::generation::{Generation, GenerationConfig};
    ///
    /// // Prevents a digit after a digit, if the tokens of digits are 15 to 24.
    /// let digits = 15..25_i64;
    /// let processor = move |ids: &[i64], scores: &mut [f32]| {
    ///     if ids.last().is_some_and(|last| digits.contains(last)) {
    ///         scores[15..25].fill(f32::NEG_INFINITY);
    ///     }
    /// };
    /// let generation = Generation::new(GenerationConfig::default())?.with_processor(Box::new(processor));
    /// // generate_completions(&model, &prompts, &generation, 16)?
    /// # Ok::<(), align_models::Error>(())
    /// ```
    #[must_use]
    pub fn with_processor(mut self, processor: Box<dyn LogitsProcessor>) -> Self {
        self.processors.push(Arc::from(processor));
        self
    }

    /// Adds a stopping criterion. The token at which it stops is part of the text.
    ///
    /// ```
    /// use align_models::generation::{Generation, GenerationConfig};
    ///
    /// // Stops at a full stop (token 13) after at least ten new tokens.
    /// let sentence = |ids: &[i64], prompt: usize| ids.len() >= prompt + 10 && ids.ends_with(&[13]);
    /// let generation = Generation::new(GenerationConfig::default())?.with_stopping_criterion(Box::new(sentence));
    /// # Ok::<(), align_models::Error>(())
    /// ```
    #[must_use]
    pub fn with_stopping_criterion(mut self, criterion: Box<dyn StoppingCriterion>) -> Self {
        self.stopping.push(Arc::from(criterion));
        self
    }

    /// Sets the bytes of each token in the vocabulary, starting with id 0, which `stop_strings` needs. Ignored if that option is not set.
    ///
    /// ```
    /// use align_models::generation::{Generation, GenerationConfig};
    ///
    /// let config = GenerationConfig { stop_strings: Some(vec!["\n\n".into()]), ..Default::default() };
    /// let generation = Generation::new(config)?.with_token_bytes(["a", "b", "\n"]);
    /// # Ok::<(), align_models::Error>(())
    /// ```
    #[must_use]
    pub fn with_token_bytes<B: AsRef<[u8]>>(mut self, tokens: impl IntoIterator<Item = B>) -> Self {
        if let Some(stop_strings) = &self.config.stop_strings {
            self.stopping.push(Arc::new(StopStrings::new(stop_strings, tokens)));
            self.has_stop_strings = true;
        }
        self
    }

    /// The options.
    #[must_use]
    pub fn config(&self) -> &GenerationConfig {
        &self.config
    }

    pub(super) fn processors(&self) -> &[Arc<dyn LogitsProcessor>] {
        &self.processors
    }

    pub(super) fn stopping(&self) -> &StoppingCriteria {
        &self.stopping
    }

    /// Whether `stop_strings` can be applied, or is not set.
    pub(super) fn has_stop_strings(&self) -> bool {
        self.has_stop_strings || self.config.stop_strings.is_none()
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generation")
            .field("config", &self.config)
            .field("processors", &self.processors.len())
            .field("stopping", &self.stopping)
            .finish()
    }
}
