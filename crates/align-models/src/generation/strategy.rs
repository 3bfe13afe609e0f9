use super::GenerationConfig;

impl GenerationConfig {
    /// Changes the strategy and unsets the options that the new strategy does not use.
    ///
    /// Use it for options from a model's `generation_config.json`: this may set a temperature, which greedy search does not use.
    ///
    /// ```
    /// use align_models::generation::{Generation, GenerationConfig};
    ///
    /// let sampling = GenerationConfig { do_sample: true, temperature: Some(0.6), ..Default::default() };
    /// let beams = sampling.with_strategy(false, 4);
    /// assert_eq!((beams.num_beams, beams.temperature), (4, None));
    /// assert!(Generation::new(beams).is_ok());
    /// ```
    #[must_use]
    pub fn with_strategy(self, do_sample: bool, num_beams: usize) -> Self {
        let config = Self { do_sample, num_beams, ..self };
        let config = if do_sample { config } else { config.without_sampling() };
        if num_beams == 1 { Self { length_penalty: None, early_stopping: None, ..config } } else { config }
    }

    fn without_sampling(self) -> Self {
        Self {
            temperature: None,
            top_k: None,
            top_p: None,
            min_p: None,
            typical_p: None,
            epsilon_cutoff: None,
            eta_cutoff: None,
            ..self
        }
    }
}
