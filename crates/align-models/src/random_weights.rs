//! Random initialisation of new models.

use crate::checkpoint::{Layout, TensorSpec};
use crate::{Error, Result};
use align_base::random::generator;
use align_torch::available_memory;
use rand_chacha::rand_core::Rng;
use serde_json::Value;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

/// The default `initializer_range` of transformers.
const INITIALIZER_RANGE: f64 = 0.02;

/// How a new weight is initialised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Init {
    Zeros,
    Ones,
    /// From a normal distribution with mean 0 and this standard deviation.
    Normal(f64),
}

/// Initialises the weights of a layout whose names are `wanted`. The values of a weight depend only on the seed and its index in the
/// layout.
pub(crate) fn random_weights(
    layout: &Layout,
    seed: u64,
    wanted: impl Fn(&str) -> bool,
    init: impl Fn(&str) -> Init,
    (kind, device): (Kind, Device),
) -> Result<Vec<(String, Tensor)>> {
    let drawn = |(place, TensorSpec { name, shape }): (usize, &TensorSpec)| {
        let float = (Kind::Float, Device::Cpu);
        let tensor = match init(name) {
            Init::Zeros => Tensor::f_zeros(shape, float)?,
            Init::Ones => Tensor::f_ones(shape, float)?,
            Init::Normal(std) => {
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

/// Checks that the weights of a layout fit into the available memory of `device`, together with the random values of the largest one.
/// Passes if the available memory is unknown. `sizes` are the fields of the config that determine the size.
///
/// # Errors
/// [`Error::ModelMemory`] if they do not fit.
pub(crate) fn check_memory(layout: &Layout, sizes: &[(&'static str, i64)], kind: Kind, device: Device) -> Result<()> {
    // Sizes come from a config or an option: their product may exceed 64 bits.
    let numel = |spec: &TensorSpec| spec.shape.iter().fold(1_u64, |all, size| all.saturating_mul(size.unsigned_abs()));
    let weights = layout.tensors.iter().map(numel).fold(0, u64::saturating_add);
    let largest = layout.tensors.iter().map(numel).max().unwrap_or(0);
    // A weight is drawn in float32, then converted and moved to the device.
    let bytes = weights.saturating_mul(kind.elt_size_in_bytes() as u64).saturating_add(largest.saturating_mul(8));
    match available_memory(device) {
        Some(available) if bytes > available => {
            let sizes = sizes.iter().map(|(field, size)| format!("{field} {size}")).collect::<Vec<_>>().join(", ");
            Err(Error::ModelMemory { sizes, weights, bytes, available })
        }
        _ => Ok(()),
    }
}

/// The `initializer_range` in the field of a config, or the default.
pub(crate) fn initializer_range(field: Option<&Value>) -> f64 {
    field.and_then(Value::as_f64).filter(|std| *std > 0.0).unwrap_or(INITIALIZER_RANGE)
}

/// Sets `model_type` and `architectures` in a config, by which transformers selects the class.
pub(crate) fn set_model_type(extra: &mut BTreeMap<String, Value>, model_type: &str, architecture: &str) {
    extra.entry("model_type".to_owned()).or_insert_with(|| model_type.into());
    extra.insert("architectures".to_owned(), vec![Value::from(architecture)].into());
}

/// Draws from a normal distribution by the Box-Muller transform, two values at a time.
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
        assert!(lag.abs() < 0.01, "neighbours are correlated: {lag}");
    }
}
