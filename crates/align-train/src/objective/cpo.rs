use super::equal_sides::check_sides;
use super::pair_length::PairLength;
use super::row::check_rows;
use super::sequences::{SequenceTokens, halves, mean_over_pairs, numbers};
use super::shared_prefixes::SharedPrefixes;
use super::two_phases::{backward, forward};
use super::{Batch, BatchOutcome, Objective, Split, reference};
use crate::{BatchMetrics, CpoConfig, CpoLossType, PrefixSharing, Result, RunConfig};
use align_data::{CompletionBatch, EncodedPair};
use align_losses::{LinearLogpsOptions, Mean};
use align_models::{Attention, CausalLm};
use tch::{Kind, Tensor};

/// Preference optimisation without a reference: CPO (arXiv:2401.08417), SimPO (arXiv:2405.14734), ORPO (arXiv:2403.07691),
/// AlphaPO (arXiv:2501.03884) and SLiC-HF (arXiv:2305.10425). The chosen text's likelihood, as a term of the loss, keeps the
/// policy a language model.
#[derive(Debug)]
pub struct Cpo {
    policy: Box<dyn CausalLm>,
    config: CpoConfig,
    sharing: PrefixSharing,
}

impl Cpo {
    /// The objective of a configuration.
    ///
    /// # Errors
    /// Options that contradict each other.
    pub fn new(policy: impl CausalLm + 'static, config: CpoConfig) -> Result<Self> {
        config.validate()?;
        let policy: Box<dyn CausalLm> = Box::new(policy);
        let sharing = config.prefix_sharing.for_model(&policy, &config.training)?;
        Ok(Self { policy, config, sharing })
    }

    /// The mean over positions and the vocabulary of some rows' logits, whose final states are `hidden` `(rows, seq, n_embd)`: that of
    /// the hidden states, times the mean of the head's rows. Over every position, as TRL has it, or those of `mask` `(rows, seq)` alone.
    fn mean_logit(&self, hidden: &Tensor, mask: Option<&Tensor>) -> Result<Mean> {
        // ORPO's last position, which predicts nothing, is left out, as in TRL.
        let left_out = i64::from(self.config.loss_type == CpoLossType::Orpo);
        let (rows, seq, _) = hidden.size3()?;
        let hidden = hidden.f_narrow(1, 0, seq - left_out)?;
        let (sum, count) = match mask {
            None => {
                (hidden.f_sum_dim_intlist([0i64, 1].as_slice(), false, Kind::Double)?, (rows * (seq - left_out)) as f64)
            }
            Some(mask) => {
                // A row's last position is where the mask of the next one ends.
                let mask = mask.f_narrow(1, left_out, seq - left_out)?.f_to_kind(hidden.kind())?;
                let count = mask.f_sum(Kind::Double)?.f_double_value(&[])?;
                let hidden = hidden.f_mul(&mask.f_unsqueeze(-1)?)?;
                (hidden.f_sum_dim_intlist([0i64, 1].as_slice(), false, Kind::Double)?, count)
            }
        };
        let head = self.policy.head().f_mean_dim([0i64].as_slice(), false, Kind::Double)?;
        Ok(Mean::over_tokens(sum.f_dot(&head)?.f_double_value(&[])? / count, count))
    }
}

impl Objective for Cpo {
    type Model = Box<dyn CausalLm>;
    type Row = EncodedPair;
    type Config = CpoConfig;

    fn config(&self) -> &CpoConfig {
        &self.config
    }

    fn policy(&self) -> &Self::Model {
        &self.policy
    }

    fn policy_mut(&mut self) -> &mut Self::Model {
        &mut self.policy
    }

    fn into_policy(self) -> Box<dyn CausalLm> {
        self.policy
    }

    fn prepare(&mut self, split: Split, rows: &[EncodedPair]) -> Result<()> {
        check_rows(rows, &self.policy, reference::what(split))?;
        check_sides(split, rows)
    }

    fn batch(&mut self, batch: &Batch<'_, EncodedPair>, share: Option<f64>) -> Result<BatchOutcome> {
        let pad = self.policy.eos_token_ids().first().copied().unwrap_or(0);
        let batch = batch.rows();
        let sequences = CompletionBatch::of_pairs(&batch, pad)?.to_device(self.policy.device())?;
        let (rows, pairs) = (sequences.input_ids.size2()?.0, sequences.input_ids.size2()?.0 / 2);
        // ORPO's likelihood is of the chosen prompts too; these count for nothing in a completion's log-probability.
        let orpo = self.config.loss_type == CpoLossType::Orpo;
        let tokens = if orpo {
            let chosen = sequences.attention_mask.f_narrow(0, 0, pairs)?;
            let rejected = sequences.completion_mask.f_narrow(0, pairs, pairs)?;
            let tokens = SequenceTokens::of_mask(&sequences.input_ids, &Tensor::f_cat(&[chosen, rejected], 0)?)?;
            let completion = tokens.of_each(&sequences.completion_mask)?.f_to_kind(Kind::Float)?;
            tokens.with_weights(completion)
        } else {
            SequenceTokens::of(&sequences)?
        };
        // The logits that TRL reports are of padding too, where what is attended to matters.
        let length = batch.iter().fold(PairLength::default(), |all, pair| all.and(PairLength::of(pair)));
        let shares = length.shares_with_padding(self.sharing);
        let shared = shares.then(|| SharedPrefixes::of(&batch, &sequences, true)).transpose()?;
        let mask = &sequences.attention_mask;
        let (hidden, tokens) = match &shared {
            None => (self.policy.hidden(&sequences.input_ids, None, &Attention::Padded(mask), None)?, tokens),
            Some(shared) => (shared.hidden(&self.policy, Some(mask))?, shared.find(tokens)?),
        };
        let forward = forward(&self.policy, &hidden, &tokens, &LinearLogpsOptions::default())?;

        let mut metrics = BatchMetrics::default();
        let counts = halves(
            &sequences.completion_mask.f_narrow(1, 1, sequences.completion_mask.size2()?.1 - 1)?.f_sum_dim_intlist(
                [1i64].as_slice(),
                false,
                Kind::Float,
            )?,
        )?;
        let leaves = halves(&forward.logps)?.try_map(|x| x.f_detach()?.f_requires_grad_(true))?;
        let (judged, by_logps) = tch::with_grad(|| {
            let judged = self.config.loss_type.evaluate(&leaves, &counts, &self.config.options())?;
            let mean = judged.losses.f_mean(judged.losses.kind())?;
            let by_logps = Tensor::f_run_backward(&[mean], &[&leaves.chosen, &leaves.rejected], false, false)?;
            Ok::<_, crate::Error>((judged, by_logps))
        })?;
        for (name, values) in &judged.metrics {
            metrics.set(name, mean_over_pairs(&numbers(values)?));
        }
        let preference = judged.losses.f_mean(Kind::Double)?.f_double_value(&[])?;
        let mut losses = vec![Mean::over_pairs(preference, batch.len())];

        let nll_weight = self.config.nll_weight();
        let first = tokens.in_first_half()?.f_to_kind(Kind::Float)?;
        let chosen_tokens = first.f_sum(Kind::Float)?;
        let learnt = chosen_tokens.f_double_value(&[])?;
        let mut nll = Mean::over_tokens(0.0, learnt);
        if nll_weight > 0.0 {
            let sum = forward.token_logps().f_mul(&first)?.f_sum(Kind::Double)?;
            nll.value = -sum.f_double_value(&[])? / learnt;
            losses.push(nll.times(nll_weight));
        }
        metrics.set("nll_loss", nll);
        let (rewards, logps) = (judged.rewards.try_map(|x| numbers(&x))?, judged.logps.try_map(|x| numbers(&x))?);
        let each = |of: fn(f64, f64) -> f64| {
            rewards.chosen.iter().zip(&rewards.rejected).map(|(c, r)| of(*c, *r)).collect::<Vec<f64>>()
        };
        for (name, values) in [
            ("rewards/chosen", &rewards.chosen),
            ("rewards/rejected", &rewards.rejected),
            ("rewards/accuracies", &each(|chosen, rejected| f64::from(u8::from(chosen > rejected)))),
            ("rewards/margins", &each(|chosen, rejected| chosen - rejected)),
            ("logps/chosen", &logps.chosen),
            ("logps/rejected", &logps.rejected),
        ] {
            metrics.set(name, mean_over_pairs(values));
        }
        let hidden = match &shared {
            None => forward.hidden.shallow_clone(),
            Some(shared) => shared.spread(&forward.hidden)?,
        };
        // Padding would make an evaluation depend on how its rows are split into batches.
        let mask = share.is_none().then_some(&sequences.attention_mask);
        for (name, first, count) in [("logits/chosen", 0, pairs), ("logits/rejected", pairs, rows - pairs)] {
            let mask = mask.map(|mask| mask.f_narrow(0, first, count)).transpose()?;
            metrics.set(name, self.mean_logit(&hidden.f_narrow(0, first, count)?, mask.as_ref())?);
        }

        if let Some(share) = share {
            let by_row = Tensor::f_cat(&by_logps, 0)?.f_mul_scalar(share)?;
            let by_likelihood = first.f_mul_scalar(-share * nll_weight)?.f_div(&chosen_tokens)?;
            backward(&self.policy, forward, &tokens.by_token(&by_row)?.f_add(&by_likelihood)?)?;
        }
        let seen = sequences.attention_mask.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        Ok(BatchOutcome { losses, metrics, tokens: seen as u64 })
    }
}
