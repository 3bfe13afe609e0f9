//! Generates and evaluates texts of each policy.

use super::{ComparedPolicy, ComparisonOptions, NamedPolicy, PolicyComparison, PolicyPair, TrainedPolicy};
use crate::{Comparison, Error, Result};
use align_base::Progress;
use align_data::ScoredText;
use align_inference::{GeneratedText, generate_texts};
use align_inference::{PromptCompletion, completion_logps};
use align_metrics::chao_wang_jost_entropy;
use align_metrics::{Bootstrap, Clusters, EvaluationReport, PairedComparison, SampleMean, SampledLogps};
use align_models::CausalLm;
use align_models::generation::{Generation, GenerationConfig};

/// Generates, scores and evaluates texts of the reference and the trained policies, each with the same prompts and
/// seeds.
///
/// # Errors
/// When a model cannot continue a prompt, or the texts cannot be scored or are too few.
pub fn compare_policies(
    reference: NamedPolicy,
    policies: &[NamedPolicy],
    options: &ComparisonOptions,
) -> Result<PolicyComparison> {
    let mut progress = Progress::begin("comparing", "models", 1 + policies.len());
    let before = options.sample(reference.model)?;
    let reference_samples = options.sample_unmodified(reference.model)?;
    let prompts = options.prompt_of_each_text();
    progress.advance(1);
    let trained = policies.iter().map(|named| {
        let after = options.sample(named.model)?;
        let policy_samples = options.sample_unmodified(named.model)?;
        let rewards = |wanted: &dyn Fn(&usize) -> bool| {
            let indices: Vec<usize> = (0..prompts.len()).filter(wanted).collect();
            compare(&after.texts, &before.texts, &indices)
        };
        let is_held_out = |index: &usize| prompts.get(*index).is_some_and(|prompt| options.held_out.contains(prompt));
        let trained = TrainedPolicy {
            rewards: rewards(&|_| true)?,
            held_out: if options.held_out.is_empty() { None } else { Some(rewards(&is_held_out)?) },
            kl_policy_reference: options.divergence(&policy_samples, named.model, reference.model)?,
            kl_reference_policy: options.divergence(&reference_samples, reference.model, named.model)?,
            policy: options.evaluate(named.name, after)?,
        };
        progress.advance(1);
        Ok(trained)
    });
    let policies: Vec<TrainedPolicy> = trained.collect::<Result<_>>()?;
    let reference = options.evaluate(reference.name, before)?;
    let pairs = compare_pairs(&policies)?;
    Ok(PolicyComparison { reference, policies, pairs, texts_per_prompt: options.texts_per_prompt })
}

/// Compares each pair of trained policies.
fn compare_pairs(policies: &[TrainedPolicy]) -> Result<Vec<PolicyPair>> {
    let (mut names, mut compared) = (Vec::new(), Vec::new());
    for (index, TrainedPolicy { policy: first, .. }) in policies.iter().enumerate() {
        for TrainedPolicy { policy: second, .. } in policies.iter().skip(index + 1) {
            let total = |policy: &ComparedPolicy| policy.texts.iter().map(|text| text.score).sum::<f64>();
            let (above, below) = if total(first) >= total(second) { (first, second) } else { (second, first) };
            let all: Vec<usize> = (0..above.texts.len()).collect();
            compared.push(compare(&above.texts, &below.texts, &all)?);
            names.push((above.name.clone(), below.name.clone()));
        }
    }
    let pairs = names.into_iter().zip(Comparison::adjust_all(compared)?);
    Ok(pairs.map(|((above, below), rewards)| PolicyPair { above, below, rewards }).collect())
}

/// A policy's texts with their rewards, and their token ids including the prompt but without EOS.
struct SampledTexts {
    texts: Vec<ScoredText>,
    ids: Vec<Vec<i64>>,
}

impl ComparisonOptions<'_> {
    /// The prompt index of each text.
    fn prompt_of_each_text(&self) -> Vec<usize> {
        (0..self.prompts.len()).flat_map(|index| std::iter::repeat_n(index, self.texts_per_prompt)).collect()
    }

    fn generate(&self, model: &dyn CausalLm, generation: GenerationConfig) -> Result<Vec<GeneratedText>> {
        let (tokenizer, generation) = (self.tokenizer, Generation::new(generation)?);
        let each = self.texts_per_prompt;
        Ok(generate_texts(model, tokenizer, self.prompts, each, &generation, Some(self.batch_size))?)
    }

    /// Generates and scores the texts that are reported.
    fn sample(&self, model: &dyn CausalLm) -> Result<SampledTexts> {
        let written = self.generate(model, self.generation.clone())?;
        let scores = (self.score)(&written.iter().map(|text| text.text.as_str()).collect::<Vec<_>>());
        let scores = scores.map_err(Error::Score)?;
        let ids = written.iter().map(|text| [&text.prompt_ids[..], &text.completion.ids].concat()).collect();
        let prompt = |text: &GeneratedText| self.prompts.get(text.prompt).copied().unwrap_or_default();
        let scored = written.into_iter().zip(scores);
        let texts = scored.map(|(text, score)| ScoredText::new(prompt(&text), text.text, score)).collect();
        Ok(SampledTexts { texts, ids })
    }

    /// Samples texts from the model's unmodified distribution, for estimating divergences.
    fn sample_unmodified(&self, model: &dyn CausalLm) -> Result<Vec<GeneratedText>> {
        self.generate(
            model,
            GenerationConfig {
                do_sample: true,
                top_k: Some(0),
                max_length: self.generation.max_length,
                max_new_tokens: self.generation.max_new_tokens,
                seed: self.generation.seed.wrapping_add(1),
                ..GenerationConfig::default()
            },
        )
    }

    fn evaluate(&self, name: &str, sampled: SampledTexts) -> Result<ComparedPolicy> {
        let skip = self.tokenizer.eos_token_id();
        let scores: Vec<f64> = sampled.texts.iter().map(|text| text.score).collect();
        Ok(ComparedPolicy {
            name: name.to_owned(),
            report: EvaluationReport::of(&sampled.ids, skip, Some(&scores), &Bootstrap::default())?,
            chao_wang_jost: chao_wang_jost_entropy(&sampled.ids, skip)?,
            texts: sampled.texts,
        })
    }

    /// Estimates KL(model‖other) from texts sampled from the model. Standard errors are clustered by prompt.
    fn divergence(&self, written: &[GeneratedText], model: &dyn CausalLm, other: &dyn CausalLm) -> Result<SampleMean> {
        let completions: Vec<Vec<i64>> = written.iter().map(|text| text.completion.ids_with_eos()).collect();
        let both = written.iter().zip(&completions);
        let rows: Vec<PromptCompletion> =
            both.map(|(text, ids)| PromptCompletion { prompt_ids: &text.prompt_ids, completion_ids: ids }).collect();
        let summed = |model: &dyn CausalLm| -> Result<Vec<f64>> {
            let logps = completion_logps(model, &rows, self.batch_size)?;
            Ok(logps.iter().map(|text| text.iter().map(|logp| f64::from(*logp)).sum()).collect())
        };
        let prompts: Vec<&[i64]> = rows.iter().map(|row| row.prompt_ids).collect();
        let clusters = Clusters::by(&prompts);
        Ok(SampledLogps::new(&summed(model)?, &summed(other)?, Some(&clusters))?.k1()?)
    }
}

/// Compares the rewards of two models on some of the texts, which are in the same order.
fn compare(after: &[ScoredText], before: &[ScoredText], indices: &[usize]) -> Result<PairedComparison> {
    let both = || indices.iter().filter_map(|index| Some((after.get(*index)?, before.get(*index)?)));
    let prompts: Vec<&str> = both().map(|(text, _)| text.prompt.as_str()).collect();
    let (first, second): (Vec<f64>, Vec<f64>) = both().map(|(after, before)| (after.score, before.score)).unzip();
    Ok(PairedComparison::of(&first, &second, Some(&Clusters::by(&prompts)), &Bootstrap::default())?)
}
