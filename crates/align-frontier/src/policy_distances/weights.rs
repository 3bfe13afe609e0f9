use crate::Result;
use align_metrics::{Distance, DistanceSums, Error};
use align_models::CausalLm;
use serde::Serialize;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

/// The distance of the weights of two models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WeightDistances {
    /// Of all weights.
    #[serde(flatten)]
    pub all: LayerDistance,
    /// By layer: the embeddings, the blocks from 1, the final norm and head.
    pub layers: Vec<LayerDistance>,
}

/// The distance of the weights of a layer, or of all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerDistance {
    /// The layer: `embeddings`, `block 1`, …, `final norm and head`; `all` for all weights.
    pub layer: String,
    /// Number of weights.
    pub elements: usize,
    /// `‖b - a‖²`.
    pub squared_l2: f64,
    /// `‖b - a‖ / ‖a‖`, where `a` is the first model.
    pub relative_l2: Option<f64>,
    /// `1 - a·b / (‖a‖ ‖b‖)`.
    pub cosine_distance: Option<f64>,
}

/// The distance of the weights of two models, as a whole and by layer. An adapter must be merged into its model.
///
/// # Errors
/// Other tensors or sizes in the second model, a weight that is not finite, or not enough memory.
pub fn weight_distances(first: &dyn CausalLm, second: &dyn CausalLm) -> Result<WeightDistances> {
    let (first, second) = (first.parameters(), second.parameters());
    let missing = |name: &str, side: &'static str| Error::TensorMissing { name: name.to_owned(), side };
    let (mut all, mut layers) = (DistanceSums::default(), BTreeMap::<Layer, DistanceSums>::new());
    // One tensor at a time, so that no copies of the models are in memory.
    for (name, tensor) in first.iter() {
        let other = second.get(name).ok_or_else(|| missing(name, "first"))?;
        let sums = DistanceSums::of(name, &floats(tensor)?, &floats(other)?)?;
        all.add(&sums);
        layers.entry(Layer::of(name)).or_default().add(&sums);
    }
    if let Some((name, _)) = second.iter().find(|(name, _)| first.get(name).is_none()) {
        return Err(missing(name, "second").into());
    }
    let layers = layers.into_iter().map(|(layer, sums)| LayerDistance::of(layer.name(), sums.distance())).collect();
    Ok(WeightDistances { all: LayerDistance::of("all".to_owned(), all.distance()), layers })
}

impl LayerDistance {
    fn of(layer: String, distance: Distance) -> Self {
        let Distance { elements, l2, relative_l2, cosine_distance } = distance;
        Self { layer, elements, squared_l2: l2 * l2, relative_l2, cosine_distance }
    }
}

fn floats(tensor: &Tensor) -> Result<Vec<f32>> {
    let tensor = tensor.f_detach()?.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?;
    Ok(Vec::try_from(tensor.f_contiguous()?.f_view(-1)?)?)
}

/// The layer of a tensor, by its name in transformers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Embeddings,
    /// Counted from 1, so that its number is that of the hidden states that it returns.
    Block(usize),
    Rest,
}

impl Layer {
    fn of(name: &str) -> Self {
        let block = name.split('.').find_map(|part| part.parse::<usize>().ok());
        let is_embedding = ["embed", "wte", "wpe"].iter().any(|part| name.contains(part));
        match block {
            Some(block) => Self::Block(block + 1),
            None if is_embedding => Self::Embeddings,
            None => Self::Rest,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Embeddings => "embeddings".to_owned(),
            Self::Block(block) => format!("block {block}"),
            Self::Rest => "final norm and head".to_owned(),
        }
    }
}
