use crate::Result;
use align_metrics::{Distance, WeightDistance};
use align_models::{CausalLm, Parameters};
use serde::Serialize;
use tch::{Device, Kind};

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
    let found = WeightDistance::of(by_layer(first.parameters())?, by_layer(second.parameters())?)?;
    let of = |layer: &str, distance: Distance| LayerDistance {
        layer: layer.to_owned(),
        elements: distance.elements,
        squared_l2: distance.l2 * distance.l2,
        relative_l2: distance.relative_l2,
        cosine_distance: distance.cosine_distance,
    };
    let layers = found.tensors.iter().map(|tensor| of(&tensor.name, tensor.distance)).collect();
    Ok(WeightDistances { all: of("all", found.all), layers })
}

/// The weights of each layer as one vector, in the order of the layers.
fn by_layer(parameters: &Parameters) -> Result<Vec<(String, Vec<f32>)>> {
    let mut layers: Vec<(Layer, Vec<f32>)> = Vec::new();
    for (name, tensor) in parameters.iter() {
        let layer = Layer::of(name);
        let weights = Vec::<f32>::try_from(
            tensor.f_detach()?.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?.f_contiguous()?.f_view(-1)?,
        )?;
        match layers.iter_mut().find(|(of, _)| *of == layer) {
            Some((_, all)) => all.extend(weights),
            None => layers.push((layer, weights)),
        }
    }
    layers.sort_by_key(|(layer, _)| *layer);
    Ok(layers.into_iter().map(|(layer, weights)| (layer.name(), weights)).collect())
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
