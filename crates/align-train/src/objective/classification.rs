use super::{Batch, BatchOutput, Objective, Split};
use crate::{BatchMetrics, ClassificationConfig, Error, Result, RunConfig};
use align_data::{EncodedLabelledText, right_pad};
use align_distributed::ProcessGroup;
use align_losses::Mean;
use align_models::score::ProblemType;
use align_models::{DistilBert, SequenceClassifier};
use tch::{Kind, Reduction, Tensor};

/// Training of a text classifier: the cross-entropy of the labels, `-1/B Σ log softmax(logits)[label]`.
#[derive(Debug)]
pub struct Classification {
    policy: DistilBert,
    config: ClassificationConfig,
}

impl Classification {
    /// Creates the objective.
    ///
    /// # Errors
    /// Invalid options, or a model that is not a single-label classifier: it has a single output or another `problem_type`.
    pub fn new(policy: DistilBert, config: ClassificationConfig) -> Result<Self> {
        config.validate()?;
        let labels = policy.config().labels()?;
        let problem = match labels.problem_type() {
            _ if labels.names().len() < 2 => Some("has a single output".to_owned()),
            None | Some(ProblemType::SingleLabelClassification) => None,
            Some(other) => Some(format!("has the problem_type {other:?}")),
        };
        if let Some(problem) = problem {
            return Err(Error::Data(format!(
                "the model {problem}, expected a single-label classifier with at least two classes: use another model, or change its config"
            )));
        }
        Ok(Self { policy, config })
    }

    /// Why the model cannot process a row, if it cannot.
    fn row_problem(&self, row: &EncodedLabelledText) -> Option<String> {
        let config = self.policy.config();
        let (tokens, max_tokens) = (row.input_ids.len() as i64, config.max_position_embeddings);
        let (classes, vocab, label) = (config.num_labels(), config.vocab_size, row.label);
        if tokens == 0 {
            Some("has no tokens: encode it with the tokeniser's special tokens".into())
        } else if tokens > max_tokens {
            Some(format!(
                "has {tokens} tokens, but the model takes at most {max_tokens}: set max_length to {max_tokens} or less"
            ))
        } else if let Some(id) = row.input_ids.iter().find(|id| !(0..vocab).contains(*id)) {
            Some(format!("token id {id} is outside the model's vocabulary of {vocab}: use the model's own tokeniser"))
        } else if !(0..classes).contains(&label) {
            Some(format!("label {label} is not one of the model's {classes} classes, 0 to {}", classes - 1))
        } else {
            None
        }
    }
}

impl Objective for Classification {
    type Model = DistilBert;
    type Row = EncodedLabelledText;
    type Config = ClassificationConfig;

    fn config(&self) -> &ClassificationConfig {
        &self.config
    }

    fn policy(&self) -> &DistilBert {
        &self.policy
    }

    fn policy_mut(&mut self) -> &mut DistilBert {
        &mut self.policy
    }

    fn into_policy(self) -> DistilBert {
        self.policy
    }

    fn prepare(&mut self, split: Split, rows: &[EncodedLabelledText], _: &ProcessGroup) -> Result<()> {
        match rows.iter().find_map(|row| Some((row.row + 1, self.row_problem(row)?))) {
            None => Ok(()),
            Some((number, problem)) => Err(Error::Data(format!("{} row {number}: {problem}", split.name()))),
        }
    }

    /// The number of rows.
    fn batch_weight(&self, batch: &Batch<'_, EncodedLabelledText>) -> f64 {
        batch.all_indices.len() as f64
    }

    fn compute_loss(
        &mut self,
        batch: &Batch<'_, EncodedLabelledText>,
        gradient_scale: Option<f64>,
    ) -> Result<BatchOutput> {
        let rows = batch.rows();
        let ids: Vec<Vec<i64>> = rows.iter().map(|row| row.input_ids.clone()).collect();
        let labels: Vec<i64> = rows.iter().map(|row| row.label).collect();
        let (device, tokens) = (self.policy.device(), ids.iter().map(Vec::len).sum::<usize>());
        let padded = right_pad(&ids, self.policy.config().pad_token_id.unwrap_or(0))?;
        let drops_tokens = gradient_scale.is_some() && self.config.token_dropout > 0.0;
        let mask = match drops_tokens {
            true => Some(drop_tokens(&padded.attention_mask, self.config.token_dropout)?),
            false => (tokens < padded.input_ids.numel()).then_some(padded.attention_mask),
        };
        let logits = self.policy.logits(&padded.input_ids, mask.as_ref())?;
        let logits = logits.f_to_kind(Kind::Float)?;
        let labels = Tensor::f_from_slice(&labels)?.f_to_device(device)?;
        let loss = logits.f_cross_entropy_loss::<Tensor>(&labels, None, Reduction::Mean, -100, 0.0)?;
        let correct = logits.f_argmax(-1, false)?.f_eq_tensor(&labels)?;
        let mean = |value: f64| Mean::over_rows(value, rows.len());
        let mut metrics = BatchMetrics::default();
        metrics.set("accuracy", mean(correct.f_to_kind(Kind::Double)?.f_mean(Kind::Double)?.f_double_value(&[])?));
        if let Some(scale) = gradient_scale {
            batch.begin_last_backward();
            loss.f_mul_scalar(scale * batch.fraction())?.f_backward()?;
        }
        Ok(BatchOutput { loss_terms: vec![mean(loss.f_double_value(&[])?)], metrics, tokens: tokens as u64 })
    }
}

/// Masks a random `fraction` of the tokens in an attention mask `(batch, seq)`. The first token, which the classifier reads, is kept.
fn drop_tokens(attention_mask: &Tensor, fraction: f64) -> Result<Tensor> {
    let kept = Tensor::f_rand(attention_mask.size(), (Kind::Float, attention_mask.device()))?.f_ge(fraction)?;
    let _ = kept.f_narrow(1, 0, 1)?.f_fill_(1)?;
    Ok(attention_mask.f_mul(&kept.f_to_kind(attention_mask.kind())?)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tch::Device;

    #[test]
    fn a_fraction_of_the_tokens_is_masked_except_the_first() {
        tch::manual_seed(1);
        let mask = Tensor::ones([100, 101], (Kind::Int64, Device::Cpu));
        let _ = mask.narrow(1, 51, 50).fill_(0);
        let kept = drop_tokens(&mask, 0.3).unwrap();
        let sum = |part: Tensor| part.sum(Kind::Int64).int64_value(&[]);
        assert_eq!(sum(kept.narrow(1, 0, 1)), 100);
        assert_eq!(sum(kept.narrow(1, 51, 50)), 0);
        // 5,000 draws: four standard deviations are 130.
        let rest = sum(kept.narrow(1, 1, 50));
        assert!((3370..3630).contains(&rest), "{rest}");
    }
}
