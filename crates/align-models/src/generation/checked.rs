use super::processors::LogitsProcessor;
use super::stopping::Stopping;
use super::{GenerationConfig, StopStrings, StoppingCriterion, validation};
use std::fmt;
use std::sync::Arc;

/// Generation options that fit each other, and processors and stopping criteria of one's own.
#[derive(Clone)]
pub struct Generation {
    config: GenerationConfig,
    processors: Vec<Arc<dyn LogitsProcessor>>,
    stopping: Stopping,
    /// Whether `stop_strings` are among the criteria.
    knows_stop_strings: bool,
}

impl Generation {
    /// Checks the options.
    ///
    /// # Errors
    /// A value outside its range, an option that contradicts another one, or one that would be ignored.
    pub fn new(config: GenerationConfig) -> crate::Result<Self> {
        validation::check(&config)?;
        Ok(Self { config, processors: Vec::new(), stopping: Stopping::default(), knows_stop_strings: false })
    }

    /// Adds a processor: it changes the scores of each next token, in every strategy.
    ///
    /// As in transformers it acts behind the processors that the options ask for, in the order of the calls, and before
    /// `temperature`, `top_k` and what else drawing asks for.
    ///
    /// ```
    /// use align_models::generation::{Generation, GenerationConfig};
    ///
    /// // No digit follows a digit, if the digits' tokens are 15 to 24.
    /// let digits = 15..25_i64;
    /// let processor = move |ids: &[i64], scores: &mut [f32]| {
    ///     if ids.last().is_some_and(|last| digits.contains(last)) {
    ///         scores[15..25].fill(f32::NEG_INFINITY);
    ///     }
    /// };
    /// let generation = Generation::new(GenerationConfig::default())?.with_processor(Box::new(processor));
    /// // generate_prompts(&model, &prompts, &generation, 16)?
    /// # Ok::<(), align_models::Error>(())
    /// ```
    #[must_use]
    pub fn with_processor(mut self, processor: Box<dyn LogitsProcessor>) -> Self {
        self.processors.push(Arc::from(processor));
        self
    }

    /// Adds a criterion that ends texts as an EOS does; the token that fulfils it is part of the text.
    ///
    /// ```
    /// use align_models::generation::{Generation, GenerationConfig};
    ///
    /// // A full stop, token 13, ends a text of ten new tokens or more.
    /// let sentence = |ids: &[i64], prompt: usize| ids.len() >= prompt + 10 && ids.ends_with(&[13]);
    /// let generation = Generation::new(GenerationConfig::default())?.with_stopping(Box::new(sentence));
    /// # Ok::<(), align_models::Error>(())
    /// ```
    #[must_use]
    pub fn with_stopping(mut self, criterion: Box<dyn StoppingCriterion>) -> Self {
        self.stopping.push(Arc::from(criterion));
        self
    }

    /// The bytes of each token of the vocabulary, from id 0 on, which `stop_strings` is compared with. Not read where that
    /// option is not set.
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
            self.knows_stop_strings = true;
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

    pub(super) fn stopping(&self) -> &Stopping {
        &self.stopping
    }

    /// Whether `stop_strings`, if there are any, can be compared with texts.
    pub(super) fn knows_stop_strings(&self) -> bool {
        self.knows_stop_strings || self.config.stop_strings.is_none()
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
