use super::target::Target;
use crate::Result;
use align_base::random::generator;
use rand_chacha::rand_core::Rng;
use tch::{Device, Kind, Tensor};

/// An untrained adapter's matrices: `A` is drawn from `U(-1/√in, 1/√in)`, which is `kaiming_uniform_(a=√5)` of a matrix of
/// `in` columns, and `B` is zero, so that the model is the base model yet.
///
/// What a layer gets depends on the seed and the layer, not on which others are adapted.
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

/// At least 0 and below 1, from a draw's upper 53 bits.
fn uniform(draw: u64) -> f64 {
    (draw >> 11) as f64 / (1_u64 << 53) as f64
}
