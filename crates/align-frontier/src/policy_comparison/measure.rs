//! Texts of each policy, and what they come to.

use super::{ComparedPolicy, ComparisonOptions, NamedPolicy, PolicyComparison, TrainedPolicy};
use crate::{Error, Result};
use align_data::ScoredText;
use align_inference::{GeneratedText, generate_texts};
use align_metrics::chao_wang_jost_entropy;
use align_metrics::{Bootstrap, Clusters, EvaluationReport, PairedComparison, SampleMean, SampledLogps};
use align_models::CausalLm;
use align_models::generation::{Generation, GenerationConfig};
use align_train::{Completion, completion_logps};

/// Writes, scores and measures texts of the model before training and of the trained ones, each with the same prompts and seeds.
///
/// # Errors
/// Prompts that a model cannot continue, texts that cannot be scored or are too few to measure.
pub fn compare_policies(
    reference: NamedPolicy,
    policies: &[NamedPolicy],
    options: &ComparisonOptions,
) -> Result<PolicyComparison> {
    let before = options.sample(reference.model)?;
    let plain = options.draw(reference.model)?;
    let prompts = options.prompt_of_each_text();
    let trained = policies.iter().map(|named| {
        let after = options.sample(named.model)?;
        let drawn = options.draw(named.model)?;
        let rewards = |wanted: &dyn Fn(&usize) -> bool| {
            let places: Vec<usize> = (0..prompts.len()).filter(wanted).collect();
            compare(&after.texts, &before.texts, &places)
        };
        let is_held_out = |place: &usize| prompts.get(*place).is_some_and(|prompt| options.held_out.contains(prompt));
        Ok(TrainedPolicy {
            rewards: rewards(&|_| true)?,
            held_out: if options.held_out.is_empty() { None } else { Some(rewards(&is_held_out)?) },
            kl: options.divergence(&drawn, named.model, reference.model)?,
            opposite_kl: options.divergence(&plain, reference.model, named.model)?,
            policy: options.measured(named.name, after)?,
        })
    });
    let policies = trained.collect::<Result<_>>()?;
    let reference = options.measured(reference.name, before)?;
    Ok(PolicyComparison { reference, policies, texts_per_prompt: options.texts_per_prompt })
}

/// A policy's texts with their rewards, and the tokens of each, prompt included, the end left out.
struct Sampled {
    texts: Vec<ScoredText>,
    ids: Vec<Vec<i64>>,
}

impl ComparisonOptions<'_> {
    /// The place of each text's prompt.
    fn prompt_of_each_text(&self) -> Vec<usize> {
        (0..self.prompts.len()).flat_map(|place| std::iter::repeat_n(place, self.texts_per_prompt)).collect()
    }

    fn write(&self, model: &dyn CausalLm, generation: GenerationConfig) -> Result<Vec<GeneratedText>> {
        let (tokenizer, generation) = (self.tokenizer, Generation::new(generation)?);
        let each = self.texts_per_prompt;
        Ok(generate_texts(model, tokenizer, self.prompts, each, &generation, Some(self.batch_size))?)
    }

    /// Texts as they are scored and shown.
    fn sample(&self, model: &dyn CausalLm) -> Result<Sampled> {
        let written = self.write(model, self.generation.clone())?;
        let scores = (self.score)(&written.iter().map(|text| text.text.as_str()).collect::<Vec<_>>());
        let scores = scores.map_err(Error::Score)?;
        let ids = written.iter().map(|text| [&text.prompt_ids[..], &text.completion.ids].concat()).collect();
        let prompt = |text: &GeneratedText| self.prompts.get(text.prompt).copied().unwrap_or_default();
        let scored = written.into_iter().zip(scores);
        let texts = scored.map(|(text, score)| ScoredText::new(prompt(&text), text.text, score)).collect();
        Ok(Sampled { texts, ids })
    }

    /// Texts from the model's own distribution, from which its divergence from another can be estimated.
    fn draw(&self, model: &dyn CausalLm) -> Result<Vec<GeneratedText>> {
        self.write(
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

    fn measured(&self, name: &str, sampled: Sampled) -> Result<ComparedPolicy> {
        let skip = self.tokenizer.eos_token_id();
        let scores: Vec<f64> = sampled.texts.iter().map(|text| text.score).collect();
        Ok(ComparedPolicy {
            name: name.to_owned(),
            report: EvaluationReport::of(&sampled.ids, skip, Some(&scores), &Bootstrap::default())?,
            chao_wang_jost: chao_wang_jost_entropy(&sampled.ids, skip)?,
            texts: sampled.texts,
        })
    }

    /// KL(writer‖other) from texts that the writer wrote, standard errors by prompt.
    fn divergence(&self, written: &[GeneratedText], writer: &dyn CausalLm, other: &dyn CausalLm) -> Result<SampleMean> {
        let completions: Vec<Vec<i64>> = written.iter().map(|text| text.completion.ids_with_eos()).collect();
        let both = written.iter().zip(&completions);
        let rows: Vec<Completion> =
            both.map(|(text, ids)| Completion { prompt_ids: &text.prompt_ids, completion_ids: ids }).collect();
        let summed = |model: &dyn CausalLm| -> Result<Vec<f64>> {
            let logps = completion_logps(model, &rows, self.batch_size)?;
            Ok(logps.iter().map(|text| text.iter().map(|logp| f64::from(*logp)).sum()).collect())
        };
        let prompts: Vec<&[i64]> = rows.iter().map(|row| row.prompt_ids).collect();
        let clusters = Clusters::by(&prompts);
        Ok(SampledLogps::new(&summed(writer)?, &summed(other)?, Some(&clusters))?.k1()?)
    }
}

/// Rewards of two models on some of the texts, which stand in the same order.
fn compare(after: &[ScoredText], before: &[ScoredText], places: &[usize]) -> Result<PairedComparison> {
    let both = || places.iter().filter_map(|place| Some((after.get(*place)?, before.get(*place)?)));
    let prompts: Vec<&str> = both().map(|(text, _)| text.prompt.as_str()).collect();
    let (first, second): (Vec<f64>, Vec<f64>) = both().map(|(after, before)| (after.score, before.score)).unzip();
    Ok(PairedComparison::of(&first, &second, Some(&Clusters::by(&prompts)), &Bootstrap::default())?)
}
