use crate::mean_over_prompts::mean_over_prompts;
use crate::{Result, Sample, TextDivergence, token_divergences};
use align_inference::PromptCompletion;
use align_metrics::{
    Bootstrap, Clusters, Diversity, Estimate, PairedComparison, SampleMean, SampledLogps, chao_wang_jost_entropy, mean,
    rao_blackwell_kl, token_entropy,
};
use align_models::CausalLm;
use serde::{Deserialize, Serialize};

/// Lengths of the n-grams for diversity.
const NGRAM_LENGTHS: [usize; 3] = [1, 2, 4];

/// The measurements of a policy. Intervals and standard errors are clustered by prompt, because texts of the same
/// prompt are not independent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Mean reward over all texts.
    pub reward: Estimate,
    /// Mean reward over the texts of held-out prompts, if there are any.
    pub held_out_reward: Option<Estimate>,
    /// Entropy of the token distribution of the completions without EOS, in nats.
    pub token_entropy: Estimate,
    /// The token entropy with the sample-size correction of Chao, Wang and Jost.
    pub corrected_token_entropy: f64,
    /// `KL(policy ‖ reference)` in nats per text, from the exact divergence at each token of the policy's texts.
    pub policy_reference_kl: SampleMean,
    /// The same divergence estimated by `log π(y) − log π_ref(y)` of whole texts (k1).
    pub policy_reference_k1: SampleMean,
    /// `KL(reference ‖ policy)` in nats per text, from the exact divergence at each token of the reference's texts.
    pub reference_policy_kl: SampleMean,
    /// Diversity and length of the completions.
    pub diversity: Diversity,
    /// The policy's rewards compared with the reference's on the same prompts and random draws; `None` for the
    /// reference itself.
    pub against_reference: Option<PairedComparison>,
}

/// Evaluates policies against a reference model and its texts.
#[derive(Debug, Clone, Copy)]
pub struct PolicyEvaluator<'a> {
    /// The reference.
    pub reference: &'a dyn CausalLm,
    /// The reference's texts.
    pub reference_samples: &'a [Sample],
    /// The token ids of the prompts.
    pub prompt_ids: &'a [Vec<i64>],
    /// Indices of the held-out prompts, which have no training pairs.
    pub held_out: &'a [usize],
    /// The id of EOS.
    pub eos_token_id: Option<i64>,
    /// Options of the bootstrap intervals.
    pub bootstrap: Bootstrap,
    /// Texts per batch.
    pub batch_size: usize,
}

impl PolicyEvaluator<'_> {
    /// Evaluates the reference itself. Its divergence from itself is 0.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_reference(&self) -> Result<Evaluation> {
        let clusters = clusters(self.reference_samples).count();
        let none = SampleMean { value: 0.0, standard_error: 0.0, n: self.reference_samples.len(), clusters };
        self.evaluation(self.reference_samples, [none; 3], None)
    }

    /// Evaluates a policy by its texts on the same prompts, with as many texts per prompt as the reference has.
    ///
    /// # Errors
    /// When there are texts of fewer than two prompts, the texts have no tokens or are too short for every counted
    /// n-gram, or their number differs from the reference's.
    pub fn evaluate(&self, policy: &dyn CausalLm, samples: &[Sample]) -> Result<Evaluation> {
        let of_policy = token_divergences(policy, self.reference, &self.completions(samples), self.batch_size)?;
        let of_reference =
            token_divergences(self.reference, policy, &self.completions(self.reference_samples), self.batch_size)?;
        let (clusters_of_policy, reference_clusters) = (clusters(samples), clusters(self.reference_samples));
        let model_logps: Vec<f64> = of_policy.iter().map(|text| text.model_logp).collect();
        let other_logps: Vec<f64> = of_policy.iter().map(|text| text.other_logp).collect();
        let kls = [
            rao_blackwell_kl(&token_kls(&of_policy), Some(&clusters_of_policy))?,
            SampledLogps::new(&model_logps, &other_logps, Some(&clusters_of_policy))?.k1()?,
            rao_blackwell_kl(&token_kls(&of_reference), Some(&reference_clusters))?,
        ];
        let comparison = PairedComparison::of(
            &rewards(samples),
            &rewards(self.reference_samples),
            Some(&clusters_of_policy),
            &self.bootstrap,
        )?;
        self.evaluation(samples, kls, Some(comparison))
    }

    fn evaluation(
        &self,
        samples: &[Sample],
        [policy_reference_kl, policy_reference_k1, reference_policy_kl]: [SampleMean; 3],
        against_reference: Option<PairedComparison>,
    ) -> Result<Evaluation> {
        let ids: Vec<&[i64]> = samples.iter().map(|sample| sample.ids.as_slice()).collect();
        let held_out: Vec<&Sample> = samples.iter().filter(|s| self.held_out.contains(&s.prompt)).collect();
        let held_out_reward = (!held_out.is_empty()).then(|| self.mean_reward(&held_out)).transpose()?;
        Ok(Evaluation {
            reward: self.mean_reward(&samples.iter().collect::<Vec<_>>())?,
            held_out_reward,
            token_entropy: self.token_entropy(samples)?,
            corrected_token_entropy: chao_wang_jost_entropy(&ids, self.eos_token_id)?,
            policy_reference_kl,
            policy_reference_k1,
            reference_policy_kl,
            diversity: Diversity::of(&ids, &NGRAM_LENGTHS, self.eos_token_id)?,
            against_reference,
        })
    }

    fn mean_reward(&self, samples: &[&Sample]) -> Result<Estimate> {
        let prompts: Vec<usize> = samples.iter().map(|sample| sample.prompt).collect();
        mean_over_prompts(&rewards_of(samples), &prompts, &self.bootstrap)
    }

    /// The token entropy. Its interval resamples prompts and is centred on the estimate, because resamples repeat texts
    /// and thus have lower entropy.
    fn token_entropy(&self, samples: &[Sample]) -> Result<Estimate> {
        let by_prompt = by_prompt(&samples.iter().collect::<Vec<_>>());
        let entropy = |drawn: &[usize]| {
            let texts = drawn.iter().filter_map(|prompt| by_prompt.get(*prompt)).flatten();
            token_entropy(&texts.map(|sample| sample.ids.as_slice()).collect::<Vec<_>>(), self.eos_token_id)
        };
        let value = entropy(&(0..by_prompt.len()).collect::<Vec<_>>())?;
        let mut drawn_values = Vec::with_capacity(self.bootstrap.resamples);
        let mut interval = self.bootstrap.interval(by_prompt.len(), |drawn| {
            // Texts that consist of EOS only have no entropy.
            let drawn = entropy(drawn).unwrap_or(0.0);
            drawn_values.push(drawn);
            drawn
        })?;
        let shift = value - mean(&drawn_values)?;
        interval.low += shift;
        interval.high += shift;
        Ok(Estimate { value, interval })
    }

    fn completions<'a>(&'a self, samples: &'a [Sample]) -> Vec<PromptCompletion<'a>> {
        let row = |sample: &'a Sample| PromptCompletion {
            prompt_ids: self.prompt_ids.get(sample.prompt).map_or(&[][..], Vec::as_slice),
            completion_ids: &sample.ids,
        };
        samples.iter().map(row).collect()
    }
}

/// Groups texts by prompt.
fn clusters(samples: &[Sample]) -> Clusters {
    Clusters::by(&samples.iter().map(|sample| sample.prompt).collect::<Vec<_>>())
}

fn by_prompt<'a>(samples: &[&'a Sample]) -> Vec<Vec<&'a Sample>> {
    samples.chunk_by(|a, b| a.prompt == b.prompt).map(<[&Sample]>::to_vec).collect()
}

fn rewards(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.reward).collect()
}

fn rewards_of(samples: &[&Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.reward).collect()
}

fn token_kls(texts: &[TextDivergence]) -> Vec<&[f64]> {
    texts.iter().map(|text| text.token_kls.as_slice()).collect()
}
