use crate::Result;
use tch::{Device, Kind, Tensor};

/// Sinusoidal position embeddings, `(positions, dim)`, float32: in column `j`, the sine (even `j`) or cosine (odd `j`) of the position
/// divided by `10000^(2 ⌊j/2⌋ / dim)`.
pub(super) fn sinusoidal(positions: i64, dim: i64) -> Result<Tensor> {
    let row = |position: i64| {
        (0..dim).map(move |column| {
            let angle = position as f64 / 10_000_f64.powf((2 * (column / 2)) as f64 / dim as f64);
            (if column % 2 == 0 { angle.sin() } else { angle.cos() }) as f32
        })
    };
    let values: Vec<f32> = (0..positions).flat_map(row).collect();
    Ok(Tensor::f_from_slice(&values)?.f_view([positions, dim])?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?)
}
