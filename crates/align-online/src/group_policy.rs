//! GRPO and RLOO on the texts of a round.

use crate::{OnPolicyObjective, PairSelection, TextGroup};
use align_losses::GroupRewards;
use align_models::CausalLm;
use align_train::objective::{GroupPolicy, GroupPolicyRow};
use align_train::{GroupPolicyConfig, Result};

impl<C: GroupPolicyConfig> OnPolicyObjective for GroupPolicy<C> {
    const PROMPTS_STAY_TOGETHER: bool = true;

    fn has_reference(config: &C) -> bool {
        config.beta() != 0.0
    }

    /// Each text is a row, with its advantage.
    fn round_rows(_: &C, groups: &[TextGroup], _: PairSelection) -> Result<Vec<GroupPolicyRow>> {
        let rows_of = |(row, group): (usize, &TextGroup)| {
            let prompt_ids = group.prompt_ids.clone();
            let texts = group.texts.iter().filter(|text| !text.ids.is_empty());
            let row = move |text: &crate::JudgedText| GroupPolicyRow {
                advantage: text.advantage.unwrap_or_default(),
                old_logps: text.old_logps.clone(),
                reference_logps: text.reference_logps.clone(),
                truncated: !text.finished,
                ..GroupPolicyRow::new(prompt_ids.clone(), text.ids.clone(), row)
            };
            texts.map(row).collect::<Vec<_>>()
        };
        Ok(groups.iter().enumerate().flat_map(rows_of).collect())
    }

    fn rows_per_prompt(num_generations: usize, _: PairSelection) -> usize {
        num_generations
    }

    fn row_of_length(prompt: usize, completion: usize) -> GroupPolicyRow {
        GroupPolicyRow::new(vec![0; prompt], vec![0; completion], 0)
    }

    fn passes(config: &C) -> usize {
        config.num_iterations()
    }

    fn logps_temperature(sampling: f64) -> f64 {
        sampling
    }

    fn advantages(config: &C, groups: &[TextGroup], weights: &[(&str, f64)], kl: &[f64]) -> Result<Option<Vec<f64>>> {
        let group = groups.first().map_or(0, |group| group.texts.len());
        let scores = |place: usize| {
            let texts = groups.iter().flat_map(|group| &group.texts);
            texts.map(|text| text.scores.get(place).copied().flatten()).collect::<Vec<_>>()
        };
        let functions = weights.iter().enumerate();
        let functions = functions.map(|(place, (name, weight))| ((*name).to_owned(), *weight, scores(place))).collect();
        let kl = if config.needs_kl_in_rewards() { kl } else { &[] };
        Ok(Some(config.advantages(&GroupRewards::new(group, functions)?, kl)?))
    }

    fn begin_round(&mut self, temperature: f64) -> Result<()> {
        self.set_temperature(temperature)
    }

    fn needs_old_logps(_: &C, steps: u64) -> bool {
        steps > 1
    }

    fn takes_reference_logps(config: &C) -> bool {
        config.beta() != 0.0 && !config.needs_kl_in_rewards() && config.reference_sync().is_none()
    }

    fn reference(&self) -> Option<&dyn CausalLm> {
        GroupPolicy::reference(self)
    }

    fn beta(&self) -> f64 {
        GroupPolicy::beta(self)
    }

    fn set_beta(&mut self, beta: f64) -> Result<()> {
        GroupPolicy::set_beta(self, beta)
    }
}
