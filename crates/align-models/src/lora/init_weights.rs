use super::target::Target;
use crate::Result;
use align_base::random::generator;
use rand_chacha::rand_core::Rng;
use tch::{Device, Kind, Tensor};

/// Initialises the matrices of a new adapter: `A` from `U(-1/√in, 1/√in)`, which is `kaiming_uniform_(a=√5)` for a matrix with `in`
/// columns, and `B` with zeros, so that the outputs equal those of the base model.
///
/// The values of a layer depend on the seed and the layer, but not on which other layers have an adapter.
pub(super) fn init_matrices(
    targets: &[Target],
    seed: u64,
    kind: Kind,
    device: Device,
) -> Result<Vec<(String, Tensor)>> {
    let mut named = Vec::with_capacity(2 * targets.len());
    for target in targets {
        let [a, b] = target.matrices();
        let bound = (target.layer.inputs as f64).sqrt().recip();
        let mut generator = generator(seed, "lora", target.layer_index);
        let draws: Vec<f64> =
            (0..target.r * target.layer.inputs).map(|_| bound * (2.0 * uniform(generator.next_u64()) - 1.0)).collect();
        let drawn = Tensor::f_from_slice(&draws)?.f_view(a.shape.as_slice())?;
        named.push((a.name, drawn.f_to_kind(kind)?.f_to_device(device)?));
        named.push((b.name, Tensor::f_zeros(b.shape.as_slice(), (kind, device))?));
    }
    Ok(named)
}

/// Converts the upper 53 bits of a random number to a value from 0 to below 1.
fn uniform(draw: u64) -> f64 {
    (draw >> 11) as f64 / (1_u64 << 53) as f64
}
