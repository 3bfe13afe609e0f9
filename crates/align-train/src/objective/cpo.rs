use super::pair_micro_batch::predicted_tokens;
use super::preference_checks::check_pairs_differ;
use super::row::{check_rows, check_statistics, padding_id};
use super::row_statistics::{HISTOGRAMS, chosen_and_rejected, mean_over_pairs, to_f64s};
use super::sequence_counts::{SequenceCounts, sequences_of_pair};
use super::shared_prefixes::SharedPrefixes;
use super::{Batch, BatchOutput, Objective, SequenceTokens, Split, TokenLogps};
use crate::{BatchMetrics, CpoConfig, CpoLossType, PrefixSharing, Result, RunConfig};
use align_data::streaming::RowStatistics;
use align_data::{CompletionBatch, EncodedPair};
use align_distributed::ProcessGroup;
use align_losses::{CpoOutput, LinearLogpsOptions, Mean, Pair};
use align_models::{Attention, CausalLm};
use tch::{Kind, Tensor};

/// Rows whose logits are in memory at the same time.
const LOGITS_ROWS: i64 = 256;

/// Preference optimisation without a reference model: CPO (arXiv:2401.08417), SimPO (arXiv:2405.14734), ORPO (arXiv:2403.07691),
/// AlphaPO (arXiv:2501.03884) and SLiC-HF (arXiv:2305.10425). The loss includes the negative log-likelihood of the chosen completions
/// as a regulariser.
#[derive(Debug)]
pub struct Cpo {
    policy: Box<dyn CausalLm>,
    config: CpoConfig,
    sharing: PrefixSharing,
}

impl Cpo {
    /// Creates the objective.
    ///
    /// # Errors
    /// Invalid options.
    pub fn new(policy: impl CausalLm + 'static, config: CpoConfig) -> Result<Self> {
        config.validate()?;
        let policy: Box<dyn CausalLm> = Box::new(policy);
        let sharing = config.prefix_sharing.for_model(&policy, &config.training)?;
        Ok(Self { policy, config, sharing })
    }

    fn sequences(&self, pairs: &[&EncodedPair]) -> Result<Sequences> {
        let pad = padding_id(&self.policy);
        let batch = CompletionBatch::of_pairs(pairs, pad)?.to_device(self.policy.device())?;
        let tokens = if self.config.loss_type == CpoLossType::Orpo {
            // ORPO's likelihood term includes the chosen prompts. Their weight in a completion's log-probability is 0.
            let half = pairs.len() as i64;
            let chosen = batch.attention_mask.f_narrow(0, 0, half)?;
            let rejected = batch.completion_mask.f_narrow(0, half, half)?;
            let tokens = SequenceTokens::from_mask(&batch.input_ids, &Tensor::f_cat(&[chosen, rejected], 0)?)?;
            let completion = tokens.gather(&batch.completion_mask)?.f_to_kind(Kind::Float)?;
            tokens.with_weights(completion)
        } else {
            SequenceTokens::from_batch(&batch)?
        };
        // The logits that TRL reports are of padding too, where what is attended to matters.
        let counts = SequenceCounts::of(pairs.iter().flat_map(|pair| sequences_of_pair(pair)));
        let shares = counts.shares_with_padding(self.sharing);
        let shared = shares.then(|| SharedPrefixes::of_pairs(pairs, &batch, true)).transpose()?;
        let tokens = match &shared {
            None => tokens,
            Some(shared) => shared.locate(tokens)?,
        };
        Ok(Sequences { batch, tokens, shared })
    }

    /// The number of tokens of the pairs in the likelihood term: those of the chosen completions, in ORPO with their prompts.
    fn likelihood_tokens<'a>(&self, pairs: impl Iterator<Item = &'a EncodedPair>) -> f64 {
        let tokens = |pair: &EncodedPair| match self.config.loss_type {
            CpoLossType::Orpo => (pair.prompt_ids.len() + pair.chosen_ids.len()).saturating_sub(1) as f64,
            _ => predicted_tokens(pair).chosen as f64,
        };
        pairs.map(tokens).sum()
    }

    /// The mean logit over positions and the vocabulary, for final hidden states `(rows, seq, hidden_size)`. Computed without the logits:
    /// the mean hidden state times the mean row of the head. Averages over all positions, as TRL does, or over those in `mask`
    /// `(rows, seq)`.
    fn mean_logit(&self, hidden: &Tensor, mask: Option<&Tensor>) -> Result<Mean> {
        // ORPO omits the last position, which predicts nothing, as in TRL.
        let omitted = i64::from(self.config.loss_type == CpoLossType::Orpo);
        let (rows, seq, _) = hidden.size3()?;
        let hidden = hidden.f_narrow(1, 0, seq - omitted)?;
        if self.policy.logit_softcap().is_some() {
            let mask = mask.map(|mask| mask.f_narrow(1, omitted, seq - omitted)).transpose()?;
            return self.mean_capped_logit(&hidden, mask.as_ref());
        }
        let (sum, count) = match mask {
            None => {
                (hidden.f_sum_dim_intlist([0i64, 1].as_slice(), false, Kind::Double)?, (rows * (seq - omitted)) as f64)
            }
            Some(mask) => {
                // Shifting the mask by one position omits the last position of each row.
                let mask = mask.f_narrow(1, omitted, seq - omitted)?.f_to_kind(hidden.kind())?;
                let count = mask.f_sum(Kind::Double)?.f_double_value(&[])?;
                let hidden = hidden.f_mul(&mask.f_unsqueeze(-1)?)?;
                (hidden.f_sum_dim_intlist([0i64, 1].as_slice(), false, Kind::Double)?, count)
            }
        };
        let head = self.policy.head().f_mean_dim([0i64].as_slice(), false, Kind::Double)?;
        Ok(Mean::over_tokens(sum.f_dot(&head)?.f_double_value(&[])? / count, count))
    }

    /// The mean logit of hidden states `(rows, seq, hidden_size)` for a model that caps its logits, so that they are needed one by one.
    fn mean_capped_logit(&self, hidden: &Tensor, mask: Option<&Tensor>) -> Result<Mean> {
        let mut hidden = hidden.f_reshape([-1, hidden.size3()?.2])?;
        if let Some(mask) = mask {
            hidden = hidden.f_index_select(0, &mask.f_reshape([-1])?.f_nonzero()?.f_view([-1])?)?;
        }
        let (count, mut sum) = (hidden.size2()?.0, 0.0);
        for start in (0..count).step_by(LOGITS_ROWS as usize) {
            let rows = hidden.f_narrow(0, start, LOGITS_ROWS.min(count - start))?;
            let logits = tch::no_grad(|| self.policy.logits(&rows))?;
            sum +=
                logits.f_mean_dim([-1i64].as_slice(), false, Kind::Double)?.f_sum(Kind::Double)?.f_double_value(&[])?;
        }
        Ok(Mean::over_tokens(sum / count as f64, count as f64))
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

    fn prepare(&mut self, split: Split, rows: &[EncodedPair], _: &ProcessGroup) -> Result<()> {
        check_rows(rows, &self.policy, split.name())?;
        check_pairs_differ(split, rows)
    }

    fn prepare_streaming(&mut self, rows: RowStatistics, _: &ProcessGroup) -> Result<()> {
        check_statistics(rows, self.policy.vocab_size(), self.policy.max_position_embeddings())
    }

    fn compute_loss(&mut self, batch: &Batch<'_, EncodedPair>, gradient_scale: Option<f64>) -> Result<BatchOutput> {
        let pairs = batch.rows();
        let sequences = self.sequences(&pairs)?;
        let hidden = sequences.hidden(&self.policy)?;
        let options = LinearLogpsOptions::default();
        let TokenLogps { logps: token_logps, .. } =
            TokenLogps::new(&self.policy, &hidden, &sequences.tokens, &options)?;
        let logps = chosen_and_rejected(&sequences.tokens.sequence_logps(&token_logps)?)?;
        let output = self.config.loss_type.evaluate(&logps, &sequences.counts()?, &self.config.options())?;
        let likelihood = ChosenLikelihood::new(&token_logps, &sequences.tokens)?;

        let nll_weight = self.config.nll_weight();
        if let Some(scale) = gradient_scale {
            let mut loss = output.losses.f_mean(output.losses.kind())?.f_mul_scalar(batch.fraction())?;
            if nll_weight > 0.0 {
                let fraction = self.likelihood_tokens(pairs.iter().copied()) / self.likelihood_tokens(batch.all_rows());
                loss = loss.f_add(&likelihood.mean()?.f_mul_scalar(-nll_weight * fraction)?)?;
            }
            batch.begin_last_backward();
            loss.f_mul_scalar(scale)?.f_backward()?;
        }

        let mut loss_terms = vec![Mean::of_pair_losses(&output.losses)?];
        let mut nll = Mean::over_tokens(0.0, likelihood.count.f_double_value(&[])?);
        if nll_weight > 0.0 {
            nll.value = -likelihood.sum.f_to_kind(Kind::Double)?.f_double_value(&[])? / nll.count;
            loss_terms.push(nll.times(nll_weight));
        }
        let mut metrics = metrics(&output)?;
        metrics.set("nll_loss", nll);
        // With padding, the result of an evaluation would depend on its batch size.
        let mask = gradient_scale.is_none().then_some(&sequences.batch.attention_mask);
        let (hidden, pairs) = (sequences.to_batch_layout(&hidden.f_detach()?)?, pairs.len() as i64);
        for (name, start) in [("logits/chosen", 0), ("logits/rejected", pairs)] {
            let mask = mask.map(|mask| mask.f_narrow(0, start, pairs)).transpose()?;
            metrics.set(name, self.mean_logit(&hidden.f_narrow(0, start, pairs)?, mask.as_ref())?);
        }
        let tokens = sequences.batch.attention_mask.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        Ok(BatchOutput { loss_terms, metrics, tokens: tokens as u64 })
    }
}

/// The sequences of a batch of pairs, as input for the policy: `(2 · pairs, seq)`, the chosen ones first.
struct Sequences {
    batch: CompletionBatch,
    tokens: SequenceTokens,
    shared: Option<SharedPrefixes>,
}

impl Sequences {
    /// The final hidden states, which predict the tokens.
    fn hidden(&self, policy: &dyn CausalLm) -> Result<Tensor> {
        let mask = &self.batch.attention_mask;
        match &self.shared {
            None => Ok(policy.hidden(&self.batch.input_ids, None, &Attention::Padded(mask), None)?),
            Some(shared) => shared.hidden(policy, Some(mask)),
        }
    }

    /// Hidden states in the layout of the batch, `(2 · pairs, seq, hidden_size)`.
    fn to_batch_layout(&self, hidden: &Tensor) -> Result<Tensor> {
        self.shared.as_ref().map_or_else(|| Ok(hidden.shallow_clone()), |shared| shared.to_batch_layout(hidden))
    }

    /// The number of predicted tokens of each completion, each `(pairs)`.
    fn counts(&self) -> Result<Pair<Tensor>> {
        let mask = &self.batch.completion_mask;
        let predicted = mask.f_narrow(1, 1, mask.size2()?.1 - 1)?;
        chosen_and_rejected(&predicted.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Float)?)
    }
}

/// The log-likelihood of the tokens of the chosen sequences.
struct ChosenLikelihood {
    /// The sum of their log-probabilities, one number; differentiable.
    sum: Tensor,
    /// The number of tokens.
    count: Tensor,
}

impl ChosenLikelihood {
    fn new(token_logps: &Tensor, tokens: &SequenceTokens) -> Result<Self> {
        let first = tokens.in_first_half()?.f_to_kind(Kind::Float)?;
        Ok(Self { sum: token_logps.f_mul(&first)?.f_sum(Kind::Double)?, count: first.f_sum(Kind::Float)? })
    }

    /// The mean log-probability of a token.
    fn mean(&self) -> Result<Tensor> {
        Ok(self.sum.f_to_kind(self.count.kind())?.f_div(&self.count)?)
    }
}

fn metrics(output: &CpoOutput) -> Result<BatchMetrics> {
    let mut metrics = BatchMetrics::default();
    for (name, values) in &output.metrics {
        metrics.set(name, mean_over_pairs(&to_f64s(values)?));
    }
    let rewards = output.rewards.as_ref().try_map(to_f64s)?;
    let logps = output.logps.as_ref().try_map(to_f64s)?;
    let each = |of: fn(f64, f64) -> f64| {
        rewards.chosen.iter().zip(&rewards.rejected).map(|(c, r)| of(*c, *r)).collect::<Vec<f64>>()
    };
    for (name, values) in [
        ("rewards/accuracies", each(|chosen, rejected| f64::from(u8::from(chosen > rejected)))),
        ("rewards/margins", each(|chosen, rejected| chosen - rejected)),
        ("rewards/chosen", rewards.chosen),
        ("rewards/rejected", rewards.rejected),
        ("logps/chosen", logps.chosen),
        ("logps/rejected", logps.rejected),
    ] {
        metrics.set(name, mean_over_pairs(&values));
        if HISTOGRAMS.contains(&name) {
            metrics.set_row_values(name, values);
        }
    }
    Ok(metrics)
}
