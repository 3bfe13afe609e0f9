use super::along_texts::{HiddenStateOptions, TokenisedText};
use super::pair_indices;
use crate::Result;
use crate::token_divergence::not_finite;
use align_base::Progress;
use align_base::random::generator;
use align_metrics::{Clusters, Error, LinearPredictivity, Samples, debiased_linear_cka, linear_cka};
use align_models::{Attention, CausalLm};
use rand::seq::index;
use serde::Serialize;
use tch::{Kind, Tensor};

/// The similarity of the hidden states of two models on the same tokens.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HiddenSimilarity {
    /// Number of tokens whose states are compared.
    pub tokens: usize,
    /// Width of the states. With fewer tokens, R² is below 1 even for equal states.
    pub width: usize,
    /// Each layer: that of index 0 is the embeddings, that of index i the output of block i; the last is normed.
    pub layers: Vec<LayerSimilarity>,
}

/// The similarity of the states of one layer. `None` where the states of a model are all the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LayerSimilarity {
    /// Linear CKA, from 0 to 1.
    pub cka: Option<f64>,
    /// Debiased linear CKA, about 0 for unrelated states, at most about 1.
    pub debiased_cka: Option<f64>,
    /// Cross-validated R² of the second model's states as a linear function of the first's.
    pub first_predicts_second: Option<f64>,
    /// Cross-validated R² of the first model's states as a linear function of the second's.
    pub second_predicts_first: Option<f64>,
}

/// The tokens whose states are compared: a text and a position in it, in their order.
pub(super) struct TokenSample {
    tokens: Vec<(usize, usize)>,
    clusters: Clusters,
}

impl TokenSample {
    /// Draws at most `max_tokens` of all tokens but the first of each text.
    pub(super) fn draw(texts: &[TokenisedText], max_tokens: usize, seed: u64) -> Self {
        let positions = |(text, of): (usize, &TokenisedText)| (1..of.len()).map(move |position| (text, position));
        let mut tokens: Vec<(usize, usize)> = texts.iter().enumerate().flat_map(positions).collect();
        if tokens.len() > max_tokens {
            let mut rng = generator(seed, "tokens of hidden states", 0);
            let mut drawn = index::sample(&mut rng, tokens.len(), max_tokens).into_vec();
            drawn.sort_unstable();
            tokens = drawn.into_iter().filter_map(|at| tokens.get(at).copied()).collect();
        }
        let group = |(text, _): &(usize, usize)| texts.get(*text).map(|text| text.group);
        let clusters = Clusters::by(&tokens.iter().map(group).collect::<Vec<_>>());
        Self { tokens, clusters }
    }
}

/// The sampled states of a model, by layer.
pub(super) struct SampledStates {
    layers: Vec<LayerStates>,
}

/// The sampled states of a layer, row by row.
struct LayerStates {
    width: usize,
    values: Vec<f32>,
}

impl SampledStates {
    /// Computes the states of the sampled tokens of all layers, in float32 on the CPU.
    pub(super) fn of(
        model: &dyn CausalLm,
        texts: &[TokenisedText],
        sample: &TokenSample,
        batch_size: usize,
    ) -> Result<Self> {
        let mut layers: Vec<LayerStates> = Vec::new();
        let by_text: Vec<&[(usize, usize)]> = sample.tokens.chunk_by(|a, b| a.0 == b.0).collect();
        for batch in by_text.chunks(batch_size.max(1)) {
            let states = tch::no_grad(|| batch_states(model, texts, batch))?;
            for (at, state) in states.into_iter().enumerate() {
                let width = state.size2()?.1 as usize;
                let values = Vec::<f32>::try_from(state.f_contiguous()?.f_view(-1)?)?;
                if values.iter().any(|value| !value.is_finite()) {
                    let text = batch.iter().copied().flatten().next().map_or(0, |(text, _)| *text);
                    return Err(not_finite(
                        [model, model],
                        "the hidden states of the batch that begins with text",
                        text,
                    )?);
                }
                match layers.get_mut(at) {
                    Some(layer) => layer.values.extend(values),
                    None => layers.push(LayerStates { width, values }),
                }
            }
        }
        Ok(Self { layers })
    }
}

fn batch_states(model: &dyn CausalLm, texts: &[TokenisedText], batch: &[&[(usize, usize)]]) -> Result<Vec<Tensor>> {
    let rows: Vec<Vec<i64>> =
        batch.iter().filter_map(|tokens| Some(texts.get(tokens.first()?.0)?.ids().collect())).collect();
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    // A causal model is not affected by padding on the right, so any id can be used.
    let padded =
        |row: &Vec<i64>| row.iter().copied().chain(std::iter::repeat_n(0, width - row.len())).collect::<Vec<_>>();
    let ids = Tensor::f_from_slice(&rows.iter().flat_map(padded).collect::<Vec<_>>())?;
    let ids = ids.f_view([rows.len() as i64, width as i64])?;
    let place = |(row, tokens): (usize, &&[(usize, usize)])| {
        tokens.iter().map(|(_, position)| (row * width + position) as i64).collect::<Vec<_>>()
    };
    let places: Vec<i64> = batch.iter().enumerate().flat_map(place).collect();
    let places = Tensor::f_from_slice(&places)?.f_to_device(model.device())?;
    let states = model.hidden_states(&ids, None, &Attention::Causal)?;
    let selected = |layer: Tensor| {
        let columns = layer.size3()?.2;
        let rows = layer.f_view([-1, columns])?.f_index_select(0, &places)?;
        Ok(rows.f_to_kind(Kind::Float)?.f_to_device(tch::Device::Cpu)?)
    };
    states.into_iter().map(selected).collect()
}

impl HiddenSimilarity {
    /// Compares the states of each two models.
    pub(super) fn of_pairs(
        models: &[SampledStates],
        sample: &TokenSample,
        options: &HiddenStateOptions,
    ) -> Result<Vec<Self>> {
        let Some(first) = models.first() else { return Ok(Vec::new()) };
        let width = first.layers.first().map_or(0, |layer| layer.width);
        let pair = Self { tokens: sample.tokens.len(), width, layers: Vec::new() };
        let mut pairs = vec![pair; pair_indices(models.len()).count()];
        let mut progress = Progress::begin("comparing hidden states", "layers", first.layers.len());
        for layer in 0..first.layers.len() {
            let states: Vec<&LayerStates> = models.iter().filter_map(|model| model.layers.get(layer)).collect();
            for (pair, found) in pairs.iter_mut().zip(layer_similarities(&states, sample, options)?) {
                pair.layers.push(found);
            }
            progress.advance(1);
        }
        Ok(pairs)
    }

    /// The mean over layers of one of the similarities, of those that are known.
    pub(super) fn mean(&self, of: impl Fn(&LayerSimilarity) -> Option<f64>) -> Option<f64> {
        let known: Vec<f64> = self.layers.iter().filter_map(of).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    }
}

/// The similarity of the states of each two models in one layer.
fn layer_similarities(
    models: &[&LayerStates],
    sample: &TokenSample,
    options: &HiddenStateOptions,
) -> Result<Vec<LayerSimilarity>> {
    let folds = options.predictivity.folds.min(sample.clusters.count());
    let predictivity = LinearPredictivity { folds, ..options.predictivity };
    let samples = models.iter().map(|states| Samples::new(states.width, &states.values));
    let samples: Vec<Samples> = samples.collect::<align_metrics::Result<_>>()?;
    // One predictor takes much memory, so it is made for all partners of a model before the next model's.
    let r_squared_from = |(number, from): (usize, &Samples)| {
        let predictor = predictivity.predictor(from, Some(&sample.clusters))?;
        let of = |(other, to): (usize, &Samples)| match other == number {
            true => Ok(None),
            false => known(predictor.r_squared(to)),
        };
        samples.iter().enumerate().map(of).collect::<Result<Vec<_>>>()
    };
    let r_squared: Vec<Vec<Option<f64>>> = samples.iter().enumerate().map(r_squared_from).collect::<Result<_>>()?;
    let predicts = |from: usize, to: usize| r_squared.get(from).and_then(|row| row.get(to)).copied().flatten();
    let rows = sample.tokens.len();
    let pairs = pair_indices(models.len()).filter_map(|(a, b)| Some(((a, b), models.get(a)?, models.get(b)?)));
    let similarity = |((first, second), a, b): ((usize, usize), &&LayerStates, &&LayerStates)| {
        Ok(LayerSimilarity {
            cka: known(linear_cka(rows, &a.values, &b.values))?,
            debiased_cka: known(debiased_linear_cka(rows, &a.values, &b.values))?,
            first_predicts_second: predicts(first, second),
            second_predicts_first: predicts(second, first),
        })
    };
    pairs.map(similarity).collect()
}

/// No value if states are constant.
fn known(found: align_metrics::Result<f64>) -> Result<Option<f64>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(Error::Constant(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
