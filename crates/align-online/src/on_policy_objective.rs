use crate::{PairSelection, TextGroup};
use align_data::EncodedPair;
use align_losses::Pair;
use align_models::CausalLm;
use align_train::Result;
use align_train::objective::{Cpo, Dpo};
use align_train::run::RunObjective;

/// An objective that trains on texts that its policy has just written.
pub trait OnPolicyObjective: RunObjective<Model = Box<dyn CausalLm>, Row: Clone + std::fmt::Debug + 'static> {
    /// Whether the rows of a prompt stay side by side in the order of a round, so that a step computes the prompt once for them.
    const PROMPTS_STAY_TOGETHER: bool = false;

    /// Whether [`compute_reference_ahead`](Self::compute_reference_ahead) can give log-probabilities. The rows of such an objective do not depend
    /// on them.
    const COMPUTES_REFERENCE_AHEAD: bool = false;

    /// Checks that no option needs what texts by the policy do not have.
    ///
    /// # Errors
    /// Names the first option that does.
    fn check(config: &Self::Config) -> Result<()> {
        let _ = config;
        Ok(())
    }

    /// Whether these options need a reference model.
    fn has_reference(config: &Self::Config) -> bool {
        let _ = config;
        true
    }

    /// The training rows of a round. A row's index is that of its prompt in `groups`.
    ///
    /// # Errors
    /// Texts that cannot be used.
    fn round_rows(config: &Self::Config, groups: &[TextGroup], pairs: PairSelection) -> Result<Vec<Self::Row>>;

    /// The rows of a round if each is used once, of prompts with `num_generations` texts that can all be told apart.
    fn rows_per_prompt(num_generations: usize, pairs: PairSelection) -> usize;

    /// A row with a prompt of `prompt` tokens and completions of `completion` tokens: for estimates of memory.
    fn row_of_length(prompt: usize, completion: usize) -> Self::Row;

    /// How often the steps of a round use each row, if the number of steps is not given.
    fn passes(config: &Self::Config) -> usize {
        let _ = config;
        1
    }

    /// The temperature at which the texts' log-probabilities are computed, if they are sampled at `sampling`.
    fn logps_temperature(sampling: f64) -> f64 {
        let _ = sampling;
        1.0
    }

    /// The advantage of each text, in the order of the groups. `weights` are those of the judges, and `kl` is the divergence of each text
    /// from the reference model, `log π - log π_ref`. `None` for objectives on pairs.
    ///
    /// # Errors
    /// Rewards that cannot be used.
    fn advantages(
        config: &Self::Config,
        groups: &[TextGroup],
        weights: &[(&str, f64)],
        kl: &[f64],
    ) -> Result<Option<Vec<f64>>> {
        let _ = (config, groups, weights, kl);
        Ok(None)
    }

    /// Called before the first step of a round whose texts were sampled at this temperature, and again after a resume.
    ///
    /// # Errors
    /// A temperature that the objective cannot use.
    fn begin_round(&mut self, temperature: f64) -> Result<()> {
        let _ = temperature;
        Ok(())
    }

    /// Whether rows have the log-probabilities under the policy that wrote them ([`JudgedText::old_logps`](crate::JudgedText::old_logps)),
    /// if a round has `steps` steps.
    fn needs_old_logps(config: &Self::Config, steps: u64) -> bool {
        let _ = (config, steps);
        false
    }

    /// Whether rows have the log-probabilities under the reference model
    /// ([`JudgedText::reference_logps`](crate::JudgedText::reference_logps)), which measure the round, so that its steps need not compute
    /// them again.
    fn takes_reference_logps(config: &Self::Config) -> bool {
        let _ = config;
        false
    }

    /// Computes the reference model's log-probabilities of the rows of a round's steps, in their order, so that the steps need not compute
    /// them again. Returns those of each row's [completions](align_train::objective::Row::completions). `None` if it computes none.
    ///
    /// # Errors
    /// The errors of the reference model.
    fn compute_reference_ahead(&mut self, rows: &[Self::Row]) -> Result<Option<Vec<Vec<Vec<f32>>>>> {
        let _ = rows;
        Ok(None)
    }

    /// The reference model, if there is one.
    fn reference(&self) -> Option<&dyn CausalLm>;

    /// The weight of the divergence from the reference model.
    fn beta(&self) -> f64;

    /// Sets the weight of the divergence from the reference model.
    ///
    /// # Errors
    /// A beta that is out of range, or an objective that sets it itself.
    fn set_beta(&mut self, beta: f64) -> Result<()>;
}

impl OnPolicyObjective for Dpo {
    const COMPUTES_REFERENCE_AHEAD: bool = true;

    fn check(config: &Self::Config) -> Result<()> {
        if config.row_weights {
            let reason = "needs a weight of each pair, but judges give none: leave it out".to_owned();
            return Err(align_train::Error::Config { option: "row_weights", reason });
        }
        Ok(())
    }

    fn round_rows(config: &Self::Config, groups: &[TextGroup], pairs: PairSelection) -> Result<Vec<EncodedPair>> {
        Ok(pairs.pairs(groups, &config.pair_numbers()))
    }

    fn rows_per_prompt(num_generations: usize, pairs: PairSelection) -> usize {
        pairs.per_prompt(num_generations)
    }

    fn row_of_length(prompt: usize, completion: usize) -> EncodedPair {
        longest_pair(prompt, completion)
    }

    fn compute_reference_ahead(&mut self, rows: &[EncodedPair]) -> Result<Option<Vec<Vec<Vec<f32>>>>> {
        let logps = Dpo::compute_reference_ahead(self, rows)?;
        Ok(logps.map(|logps| logps.into_iter().map(|Pair { chosen, rejected }| vec![chosen, rejected]).collect()))
    }

    fn reference(&self) -> Option<&dyn CausalLm> {
        Dpo::reference(self).ok()
    }

    fn beta(&self) -> f64 {
        Dpo::beta(self)
    }

    fn set_beta(&mut self, beta: f64) -> Result<()> {
        Dpo::set_beta(self, beta)
    }
}

impl OnPolicyObjective for Cpo {
    fn has_reference(_: &Self::Config) -> bool {
        false
    }

    fn round_rows(_: &Self::Config, groups: &[TextGroup], pairs: PairSelection) -> Result<Vec<EncodedPair>> {
        Ok(pairs.pairs(groups, &[]))
    }

    fn rows_per_prompt(num_generations: usize, pairs: PairSelection) -> usize {
        pairs.per_prompt(num_generations)
    }

    fn row_of_length(prompt: usize, completion: usize) -> EncodedPair {
        longest_pair(prompt, completion)
    }

    fn reference(&self) -> Option<&dyn CausalLm> {
        None
    }

    fn beta(&self) -> f64 {
        align_train::Objective::config(self).beta
    }

    fn set_beta(&mut self, _: f64) -> Result<()> {
        let reason =
            "needs a reference model, which this loss does not have: leave it out, or use a loss of the DPO family";
        Err(align_train::Error::Config { option: "target_kl", reason: reason.into() })
    }
}

fn longest_pair(prompt: usize, completion: usize) -> EncodedPair {
    EncodedPair {
        prompt_ids: vec![0; prompt],
        chosen_ids: vec![0; completion],
        rejected_ids: vec![0; completion],
        ..EncodedPair::default()
    }
}
