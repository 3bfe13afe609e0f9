//! The weights that a new model begins with.

use crate::checkpoint::{Layout, TensorSpec};
use crate::{Error, Result};
use align_base::random::generator;
use align_torch::available_memory;
use rand_chacha::rand_core::Rng;
use serde_json::Value;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

/// transformers' `initializer_range`, where a config does not name another.
const INITIALIZER_RANGE: f64 = 0.02;

/// What a new weight is filled with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Filling {
    Zeros,
    Ones,
    /// Draws of a normal distribution around 0 with this standard deviation.
    Normal(f64),
}

/// The weights of a layout whose names are `wanted`, drawn anew. A weight's draws depend on the seed and its place in the layout alone.
pub(crate) fn random_weights(
    layout: &Layout,
    seed: u64,
    wanted: impl Fn(&str) -> bool,
    filling: impl Fn(&str) -> Filling,
    (kind, device): (Kind, Device),
) -> Result<Vec<(String, Tensor)>> {
    let drawn = |(place, TensorSpec { name, shape }): (usize, &TensorSpec)| {
        let float = (Kind::Float, Device::Cpu);
        let tensor = match filling(name) {
            Filling::Zeros => Tensor::f_zeros(shape, float)?,
            Filling::Ones => Tensor::f_ones(shape, float)?,
            Filling::Normal(std) => {
                let mut rng = generator(seed, "weights", place as u64);
                let count: i64 = shape.iter().product();
                Tensor::f_from_slice(&normal(&mut rng, count as usize, std))?.f_view(shape.as_slice())?
            }
        };
        Ok((name.clone(), tensor.f_to_kind(kind)?.f_to_device(device)?))
    };
    let wanted = layout.tensors.iter().enumerate().filter(|(_, spec)| wanted(&spec.name));
    wanted.map(drawn).collect()
}

/// Whether a layout's weights, and the draws of the largest of them, fit into the memory that is left on `device`; what is not known
/// fits. `sizes` are the config's fields that they follow from.
///
/// # Errors
/// [`Error::ModelMemory`] where they do not.
pub(crate) fn check_memory(layout: &Layout, sizes: &[(&'static str, i64)], kind: Kind, device: Device) -> Result<()> {
    // Sizes come from a config or an option: their product may exceed 64 bits.
    let numel = |spec: &TensorSpec| spec.shape.iter().fold(1_u64, |all, size| all.saturating_mul(size.unsigned_abs()));
    let weights = layout.tensors.iter().map(numel).fold(0, u64::saturating_add);
    let largest = layout.tensors.iter().map(numel).max().unwrap_or(0);
    // A weight is drawn in float32 and copied to where it belongs.
    let bytes = weights.saturating_mul(kind.elt_size_in_bytes() as u64).saturating_add(largest.saturating_mul(8));
    match available_memory(device) {
        Some(available) if bytes > available => {
            let sizes = sizes.iter().map(|(field, size)| format!("{field} {size}")).collect::<Vec<_>>().join(", ");
            Err(Error::ModelMemory { sizes, weights, bytes, available })
        }
        _ => Ok(()),
    }
}

/// The standard deviation that a config's `initializer_range` asks for.
pub(crate) fn initializer_range(extra: &BTreeMap<String, Value>) -> f64 {
    extra.get("initializer_range").and_then(Value::as_f64).filter(|std| *std > 0.0).unwrap_or(INITIALIZER_RANGE)
}

/// Names the model in its config, so that transformers knows which class to build.
pub(crate) fn name_model(extra: &mut BTreeMap<String, Value>, model_type: &str, architecture: &str) {
    extra.entry("model_type".to_owned()).or_insert_with(|| model_type.into());
    extra.insert("architectures".to_owned(), vec![Value::from(architecture)].into());
}

/// Draws by Box and Muller's transform, two at a time.
fn normal(rng: &mut impl Rng, count: usize, std: f64) -> Vec<f32> {
    let mut uniform = || ((rng.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        let (radius, angle) = (std * (-2.0 * uniform().ln()).sqrt(), std::f64::consts::TAU * uniform());
        values.extend([(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]);
    }
    values.truncate(count);
    values
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn draws_are_normal() {
        let values = normal(&mut generator(1, "weights", 0), 200_001, 0.02);
        assert_eq!(values.len(), 200_001);
        let moment = |power: i32| values.iter().map(|x| (f64::from(*x) / 0.02).powi(power)).sum::<f64>() / 200_001.0;
        // Standard errors of these moments are 0.002, 0.003, 0.009 and 0.022.
        assert!(moment(1).abs() < 0.01 && (moment(2) - 1.0).abs() < 0.015, "{} {}", moment(1), moment(2));
        assert!(moment(3).abs() < 0.045 && (moment(4) - 3.0).abs() < 0.11, "{} {}", moment(3), moment(4));
        let lag: f64 = values.windows(2).map(|x| f64::from(x[0]) * f64::from(x[1]) / 4e-4).sum::<f64>() / 200_000.0;
        assert!(lag.abs() < 0.01, "neighbours hang together: {lag}");
    }
}
