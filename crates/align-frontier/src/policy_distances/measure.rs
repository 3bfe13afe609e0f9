use super::hidden_states::{HiddenSimilarity, SampledStates, TokenSample};
use super::judges::JudgeComparison;
use super::{DistanceOptions, NextTokenDivergences, PolicyDistances, WeightDistances, named_pairs, weight_distances};
use crate::error::option_error;
use crate::{Error, Result};
use align_base::Progress;
use align_metrics::Clusters;
use align_models::{CausalLm, architecture_differences};
use serde_json::Value;

/// Measures the distances between each two models.
///
/// # Errors
/// Fewer than two models, models of different architectures, too few texts or prompts, options out of range, or models whose weights or
/// outputs are not finite.
pub fn policy_distances(options: &DistanceOptions) -> Result<PolicyDistances> {
    options.check()?;
    let groups = options.along_texts.map(|along| along.groups());
    let mut pass = Pass { options, config: None, groups, found: Found::default() };
    pass.run()?;
    let Found { weights, divergences, states, texts } = pass.found;
    let names = options.names;
    let along = options.along_texts.as_ref();
    let hidden = match (along.and_then(|along| along.hidden), states) {
        (Some(hidden), Some((sample, states))) => Some(HiddenSimilarity::of_pairs(&states, &sample, &hidden)?),
        _ => None,
    };
    let (embeddings, judges) = options.compare_texts(&texts)?;
    Ok(PolicyDistances {
        models: names.to_vec(),
        weights: options.weights.then(|| named_pairs(names, weights)),
        hidden: hidden.map(|found| named_pairs(names, found)),
        divergence: along.is_some_and(|along| along.divergence).then(|| named_pairs(names, divergences)),
        texts: embeddings.map(|found| named_pairs(names, found)),
        judges,
    })
}

/// What is found while models are loaded.
#[derive(Default)]
struct Found {
    weights: Vec<WeightDistances>,
    divergences: Vec<NextTokenDivergences>,
    states: Option<(TokenSample, Vec<SampledStates>)>,
    /// The texts of each model.
    texts: Vec<Vec<String>>,
}

/// The pass over all models and pairs, in which at most two models are loaded.
struct Pass<'a> {
    options: &'a DistanceOptions<'a>,
    /// The hyper-parameters of the first model.
    config: Option<Value>,
    /// The groups of the input texts.
    groups: Option<Clusters>,
    found: Found,
}

impl Pass<'_> {
    fn run(&mut self) -> Result<()> {
        let (options, count) = (self.options, self.options.names.len());
        let along = options.along_texts;
        let needs_pairs = options.weights || along.is_some_and(|along| along.divergence);
        let hidden = along.and_then(|along| Some((along, along.hidden?)));
        if let Some((along, hidden)) = hidden {
            let sample = TokenSample::draw(along.texts, hidden.max_tokens, options.seed);
            self.found.states = Some((sample, Vec::new()));
        }
        let needs_each = hidden.is_some() || options.generated.is_some();
        let mut progress = Progress::begin("comparing", "models", count);
        for first in 0..count {
            if !needs_each && first + 1 == count {
                break;
            }
            let model = self.load(first)?;
            if let (Some((along, _)), Some((sample, states))) = (hidden, &mut self.found.states) {
                states.push(SampledStates::of(model.as_ref(), along.texts, sample, options.batch_size)?);
            }
            for second in (first + 1..count).filter(|_| needs_pairs) {
                let other = self.load(second)?;
                let name = |index: usize| options.names.get(index).cloned().unwrap_or_default();
                self.compare(model.as_ref(), other.as_ref()).map_err(|problem| Error::Pair {
                    first: name(first),
                    second: name(second),
                    problem: Box::new(problem),
                })?;
            }
            if let Some(generated) = &options.generated {
                let seed = options.seed.wrapping_add(first as u64);
                self.found.texts.push(generated.generate(model, seed, options.batch_size)?);
            }
            progress.advance(1);
        }
        Ok(())
    }

    /// Loads a model and checks that it has the architecture of the first.
    fn load(&mut self, index: usize) -> Result<Box<dyn CausalLm>> {
        let model = (self.options.load)(index).map_err(Error::Load)?;
        let config = model.hyper_parameters()?;
        let first = self.config.get_or_insert_with(|| config.clone());
        let different = architecture_differences(first, &config);
        match different.is_empty() {
            true => Ok(model),
            false => {
                let name = |index: usize| self.options.names.get(index).map_or("", String::as_str);
                let problem = format!(
                    "must have one architecture, but from {} to {}, {}",
                    name(0),
                    name(index),
                    different.join(", ")
                );
                Err(option_error("models", problem))
            }
        }
    }

    fn compare(&mut self, first: &dyn CausalLm, second: &dyn CausalLm) -> Result<()> {
        let options = self.options;
        if options.weights {
            self.found.weights.push(weight_distances(first, second)?);
        }
        if let (Some(along), Some(groups)) = (options.along_texts.filter(|along| along.divergence), &self.groups) {
            let how = (&options.bootstrap, options.batch_size);
            let found = NextTokenDivergences::of([first, second], along.texts, groups, how)?;
            self.found.divergences.push(found);
        }
        Ok(())
    }
}

/// Embedding distances per pair, and scores by judge.
type TextComparisons = (Option<Vec<super::EmbeddingDistances>>, Option<Vec<JudgeComparison>>);

impl DistanceOptions<'_> {
    fn check(&self) -> Result<()> {
        self.bootstrap.validate()?;
        if self.names.len() < 2 {
            return Err(option_error("models", format!("are {}, expected at least 2", self.names.len())));
        }
        if self.batch_size == 0 {
            return Err(option_error("batch_size", "is 0, expected at least 1"));
        }
        self.along_texts.as_ref().map_or(Ok(()), super::AlongTexts::check)?;
        self.generated.as_ref().map_or(Ok(()), super::GeneratedTexts::check)
    }

    fn compare_texts(&self, texts: &[Vec<String>]) -> Result<TextComparisons> {
        let Some(generated) = &self.generated else { return Ok((None, None)) };
        let prompts = generated.prompt_of_each_text();
        let how = (self.seed, self.batch_size);
        let embeddings =
            generated.embeddings.as_ref().map(|options| options.compare(texts, &prompts, how)).transpose()?;
        let all: Vec<&str> = texts.iter().flatten().map(String::as_str).collect();
        let judge = |(index, name): (usize, &String)| {
            let scores = (generated.score)(index, &all).map_err(|e| Error::Score(format!("{name}: {e}")))?;
            JudgeComparison::of(name, self.names, &scores, &prompts, &self.bootstrap)
        };
        let judges = generated.judges.iter().enumerate().map(judge).collect::<Result<Vec<_>>>()?;
        Ok((embeddings, (!judges.is_empty()).then_some(judges)))
    }
}
