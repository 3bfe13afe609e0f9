use super::GenerationConfig;

impl GenerationConfig {
    /// These options for another strategy: what it does not read is unset.
    ///
    /// For options that come out of a model's folder: a model made for sampling brings a temperature, which greedy search
    /// would ignore.
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
        let config = if do_sample { config } else { config.without_drawing() };
        if num_beams == 1 { Self { length_penalty: None, early_stopping: None, ..config } } else { config }
    }

    fn without_drawing(self) -> Self {
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
