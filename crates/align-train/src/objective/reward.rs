use super::pair_number_tensors::PairNumberTensors;
use super::preference_checks::check_numbers;
use super::row::check_statistics;
use super::row_statistics::{mean_over_pairs, to_f64s};
use super::{Batch, BatchOutput, Objective, Split};
use crate::{BatchMetrics, Error, Result, RewardConfig, RunConfig};
use align_data::streaming::RowStatistics;
use align_data::{EncodedRewardPair, PairNumber, right_pad};
use align_distributed::ProcessGroup;
use align_losses::{Mean, Pair, bradley_terry, reward_centering, soft_bradley_terry};
use align_models::SequenceClassifier;
use tch::{Kind, Tensor};

/// Training of a reward model on preference pairs by the Bradley-Terry loss ([`bradley_terry`]), optionally with a penalty that centres
/// the rewards ([`reward_centering`]). With soft labels the loss is a cross-entropy ([`soft_bradley_terry`]).
#[derive(Debug)]
pub struct Reward {
    policy: Box<dyn SequenceClassifier>,
    config: RewardConfig,
}

impl Reward {
    /// Creates the objective.
    ///
    /// # Errors
    /// Invalid options, or a model with several outputs.
    pub fn new(policy: Box<dyn SequenceClassifier>, config: RewardConfig) -> Result<Self> {
        config.validate()?;
        let outputs = policy.labels()?;
        if outputs.names().len() != 1 {
            return Err(Error::Data(format!(
                "the model has the outputs {outputs}, but a reward model has one: use a language model, which gets a new head, or a model \
                 with one output"
            )));
        }
        Ok(Self { policy, config })
    }

    /// Why the model cannot process a row, if it cannot.
    fn row_problem(&self, row: &EncodedRewardPair) -> Option<String> {
        let (vocab, max_tokens) = (self.policy.vocab_size(), self.policy.max_position_embeddings());
        [("chosen", &row.chosen_ids), ("rejected", &row.rejected_ids)].into_iter().find_map(|(side, ids)| {
            if ids.is_empty() {
                Some(format!("the {side} text has no tokens"))
            } else if ids.len() as i64 > max_tokens {
                Some(format!(
                    "the {side} text has {} tokens, but the model takes at most {max_tokens}: set max_length to {max_tokens} or less",
                    ids.len()
                ))
            } else {
                let id = ids.iter().find(|id| !(0..vocab).contains(*id))?;
                Some(format!(
                    "the {side} text: token id {id} is outside the model's vocabulary of {vocab}: use the model's own tokeniser"
                ))
            }
        })
    }

    /// The rewards of the texts of pairs, each `(pairs)`, in float32 or wider.
    fn rewards(&self, pairs: &[&EncodedRewardPair]) -> Result<Pair<Tensor>> {
        let chosen = pairs.iter().map(|pair| pair.chosen_ids.clone());
        let texts: Vec<Vec<i64>> = chosen.chain(pairs.iter().map(|pair| pair.rejected_ids.clone())).collect();
        let batch = right_pad(&texts, self.policy.pad_token_id())?;
        let rewards = self.policy.logits(&batch.input_ids, Some(&batch.attention_mask))?.f_squeeze_dim(1)?;
        let rewards = if rewards.kind() == Kind::Double { rewards } else { rewards.f_to_kind(Kind::Float)? };
        let count = pairs.len() as i64;
        Ok(Pair { chosen: rewards.f_narrow(0, 0, count)?, rejected: rewards.f_narrow(0, count, count)? })
    }
}

impl Objective for Reward {
    type Model = Box<dyn SequenceClassifier>;
    type Row = EncodedRewardPair;
    type Config = RewardConfig;

    fn config(&self) -> &RewardConfig {
        &self.config
    }

    fn policy(&self) -> &Self::Model {
        &self.policy
    }

    fn policy_mut(&mut self) -> &mut Self::Model {
        &mut self.policy
    }

    fn into_policy(self) -> Self::Model {
        self.policy
    }

    fn prepare(&mut self, split: Split, rows: &[EncodedRewardPair], _: &ProcessGroup) -> Result<()> {
        match rows.iter().find_map(|row| Some((row.row + 1, self.row_problem(row)?))) {
            None => check_numbers(split, rows, &self.config.pair_numbers()),
            Some((number, problem)) => Err(Error::Data(format!("{} row {number}: {problem}", split.name()))),
        }
    }

    fn prepare_streaming(&mut self, rows: RowStatistics, _: &ProcessGroup) -> Result<()> {
        check_statistics(rows, self.policy.vocab_size(), self.policy.max_position_embeddings())
    }

    fn compute_loss(
        &mut self,
        batch: &Batch<'_, EncodedRewardPair>,
        gradient_scale: Option<f64>,
    ) -> Result<BatchOutput> {
        let pairs = batch.rows();
        let rewards = self.rewards(&pairs)?;
        let margins = margins(&pairs, &rewards.chosen)?;
        let numbers = PairNumberTensors::of(&pairs, &self.config.pair_numbers())?;
        let losses = match numbers.get(PairNumber::ChosenProbability, &rewards.chosen)? {
            None => bradley_terry(&rewards, margins.as_ref())?,
            Some(right) => soft_bradley_terry(&rewards, margins.as_ref(), &right)?,
        };
        let weights = numbers.get(PairNumber::Weight, &rewards.chosen)?;
        let weighted = |x: Tensor| weights.as_ref().map_or(Ok(x.shallow_clone()), |weights| x.f_mul(weights));
        let losses = weighted(losses)?;
        let mut loss = losses.f_mean(losses.kind())?;
        let mut loss_terms = vec![Mean::of_pair_losses(&losses)?];
        if let Some(coefficient) = self.config.center_rewards_coefficient {
            let penalties = weighted(reward_centering(&rewards)?)?;
            loss = loss.f_add(&penalties.f_mean(penalties.kind())?.f_mul_scalar(coefficient)?)?;
            loss_terms.push(Mean::of_pair_losses(&penalties)?.times(coefficient));
        }
        if let Some(scale) = gradient_scale {
            batch.begin_last_backward();
            loss.f_mul_scalar(scale * batch.fraction())?.f_backward()?;
        }
        let tokens = pairs.iter().map(|pair| (pair.chosen_ids.len() + pair.rejected_ids.len()) as u64).sum();
        Ok(BatchOutput { loss_terms, metrics: metrics(&rewards)?, tokens })
    }
}

/// The margins of the pairs, like the rewards; `None` if no pair has one. A pair without a margin among others has the margin 0.
fn margins(pairs: &[&EncodedRewardPair], like: &Tensor) -> Result<Option<Tensor>> {
    if pairs.iter().all(|pair| pair.numbers.margin.is_none()) {
        return Ok(None);
    }
    let margins: Vec<f64> = pairs.iter().map(|pair| pair.numbers.margin.unwrap_or(0.0)).collect();
    Ok(Some(Tensor::f_from_slice(&margins)?.f_to_kind(like.kind())?.f_to_device(like.device())?))
}

/// The metrics of TRL's `RewardTrainer`. The margin is the difference of the rewards, without the column `margin`.
fn metrics(rewards: &Pair<Tensor>) -> Result<BatchMetrics> {
    let (chosen, rejected) = (to_f64s(&rewards.chosen)?, to_f64s(&rewards.rejected)?);
    let each =
        |of: fn(f64, f64) -> f64| -> Vec<f64> { chosen.iter().zip(&rejected).map(|(c, r)| of(*c, *r)).collect() };
    let all = [chosen.as_slice(), &rejected].concat();
    let mut metrics = BatchMetrics::default();
    metrics.set("accuracy", mean_over_pairs(&each(|chosen, rejected| f64::from(u8::from(chosen > rejected)))));
    metrics.set("margin", mean_over_pairs(&each(|chosen, rejected| chosen - rejected)));
    metrics.set("mean_reward", mean_over_pairs(&each(|chosen, rejected| (chosen + rejected) / 2.0)));
    metrics.set_min("min_reward", &all);
    metrics.set_max("max_reward", &all);
    metrics.set_row_values("rewards/margins", each(|chosen, rejected| chosen - rejected));
    metrics.set_row_values("rewards/chosen", chosen);
    metrics.set_row_values("rewards/rejected", rejected);
    Ok(metrics)
}
