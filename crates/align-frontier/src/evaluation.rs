use crate::{Result, Sample, TextDivergence, token_divergences};
use align_metrics::{
    Bootstrap, Clusters, Diversity, Estimate, PairedComparison, SampleMean, SampledLogps, chao_wang_jost_entropy, mean,
    rao_blackwell_kl, token_entropy,
};
use align_models::CausalLm;
use align_train::Completion;
use serde::{Deserialize, Serialize};

/// Lengths of the n-grams that variety is measured by.
const NGRAMS: [usize; 3] = [1, 2, 4];

/// A policy in numbers. Intervals and standard errors go by prompts: the texts of one are not independent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Mean reward over all texts.
    pub reward: Estimate,
    /// Mean reward over the texts of prompts that no pair was of; none where there are none.
    pub held_out_reward: Option<Estimate>,
    /// Entropy of the distribution of the tokens behind the prompts, the end left out, in nats.
    pub token_entropy: Estimate,
    /// The same, corrected for the sample's size after Chao, Wang and Jost.
    pub corrected_token_entropy: f64,
    /// `KL(policy ‖ reference)` in nats a text, from the exact divergence at each token of the policy's texts.
    pub policy_reference_kl: SampleMean,
    /// The same by `log π(y) − log π_ref(y)` of whole texts.
    pub policy_reference_k1: SampleMean,
    /// `KL(reference ‖ policy)` in nats a text, from the exact divergence at each token of the reference's texts.
    pub reference_policy_kl: SampleMean,
    /// Variety and length of the tokens behind the prompts.
    pub diversity: Diversity,
    /// The policy's rewards beside the reference's on the same prompts and draws; none for the reference itself.
    pub against_reference: Option<PairedComparison>,
}

/// The texts of the reference and what they were written behind: what every policy of a sweep is held against.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The reference.
    pub reference: &'a dyn CausalLm,
    /// Its texts.
    pub samples: &'a [Sample],
    /// The prompts' tokens.
    pub prompts: &'a [Vec<i64>],
    /// The places of prompts that no pair was of.
    pub held_out: &'a [usize],
    /// The id that ends a text.
    pub end: Option<i64>,
    /// How intervals are made.
    pub bootstrap: Bootstrap,
    /// Texts that go through the models at once.
    pub batch_size: usize,
}

impl Ground<'_> {
    /// Measures the reference itself, whose divergence from itself is 0 by definition.
    ///
    /// # Errors
    /// As [`policy`](Self::policy).
    pub fn reference(&self) -> Result<Evaluation> {
        let clusters = clusters(self.samples).count();
        let none = SampleMean { value: 0.0, standard_error: 0.0, n: self.samples.len(), clusters };
        self.evaluation(self.samples, [none; 3], None)
    }

    /// Measures a policy by its texts on the same prompts, as many a prompt.
    ///
    /// # Errors
    /// Texts of fewer than two prompts, none with a token, or as long as no n-gram that is counted; another number of
    /// texts than the reference has.
    pub fn policy(&self, policy: &dyn CausalLm, samples: &[Sample]) -> Result<Evaluation> {
        let of_policy = token_divergences(policy, self.reference, &self.completions(samples), self.batch_size)?;
        let of_reference = token_divergences(self.reference, policy, &self.completions(self.samples), self.batch_size)?;
        let (own, others) = (clusters(samples), clusters(self.samples));
        let writer: Vec<f64> = of_policy.iter().map(|text| text.writer_logp).collect();
        let other: Vec<f64> = of_policy.iter().map(|text| text.other_logp).collect();
        let kls = [
            rao_blackwell_kl(&token_kls(&of_policy), Some(&own))?,
            SampledLogps::new(&writer, &other, Some(&own))?.k1()?,
            rao_blackwell_kl(&token_kls(&of_reference), Some(&others))?,
        ];
        let comparison = PairedComparison::of(&rewards(samples), &rewards(self.samples), Some(&own), &self.bootstrap)?;
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
            corrected_token_entropy: chao_wang_jost_entropy(&ids, self.end)?,
            policy_reference_kl,
            policy_reference_k1,
            reference_policy_kl,
            diversity: Diversity::of(&ids, &NGRAMS, self.end)?,
            against_reference,
        })
    }

    /// The mean reward, and its interval over prompts drawn with replacement, each with all its texts.
    fn mean_reward(&self, samples: &[&Sample]) -> Result<Estimate> {
        let by_prompt: Vec<Vec<f64>> = by_prompt(samples).iter().map(|texts| rewards_of(texts)).collect();
        let drawn_mean = |drawn: &[usize]| {
            let texts = || drawn.iter().filter_map(|prompt| by_prompt.get(*prompt)).flatten();
            texts().sum::<f64>() / texts().count() as f64
        };
        let interval = self.bootstrap.interval(by_prompt.len(), drawn_mean)?;
        Ok(Estimate { value: mean(&rewards_of(samples))?, interval })
    }

    /// The entropy, and its interval over prompts drawn with replacement, moved to have the number in its middle: a
    /// resample repeats texts, so its entropy is lower for this reason alone.
    fn token_entropy(&self, samples: &[Sample]) -> Result<Estimate> {
        let by_prompt = by_prompt(&samples.iter().collect::<Vec<_>>());
        let entropy = |drawn: &[usize]| {
            let texts = drawn.iter().filter_map(|prompt| by_prompt.get(*prompt)).flatten();
            token_entropy(&texts.map(|sample| sample.ids.as_slice()).collect::<Vec<_>>(), self.end)
        };
        let value = entropy(&(0..by_prompt.len()).collect::<Vec<_>>())?;
        let mut drawn_values = Vec::with_capacity(self.bootstrap.resamples);
        let mut interval = self.bootstrap.interval(by_prompt.len(), |drawn| {
            // Texts that are nothing but ends have nothing to vary.
            let drawn = entropy(drawn).unwrap_or(0.0);
            drawn_values.push(drawn);
            drawn
        })?;
        let shift = value - mean(&drawn_values)?;
        interval.low += shift;
        interval.high += shift;
        Ok(Estimate { value, interval })
    }

    fn completions<'a>(&'a self, samples: &'a [Sample]) -> Vec<Completion<'a>> {
        let row = |sample: &'a Sample| Completion {
            prompt_ids: self.prompts.get(sample.prompt).map_or(&[][..], Vec::as_slice),
            completion_ids: &sample.ids,
        };
        samples.iter().map(row).collect()
    }
}

/// Which texts share a prompt.
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
