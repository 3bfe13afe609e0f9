//! Measures whether bfloat16 matrix products are fast on this machine.

use std::time::{Duration, Instant};
use tch::{Device, Kind, TchError, Tensor};

/// Slowdown from which on a warning is logged.
const SLOW: f64 = 2.0;

/// Measures the time of a small bfloat16 matrix product on this CPU relative to float32.
///
/// Processors with AVX512-BF16 or AMX are faster in bfloat16 than in float32. Others may be 50 times slower.
///
/// # Errors
/// The product fails in LibTorch.
pub fn bfloat16_slowdown() -> Result<f64, TchError> {
    Ok(product_time(Kind::BFloat16)?.as_secs_f64() / product_time(Kind::Float)?.as_secs_f64().max(1e-9))
}

/// Logs a warning if `kind` is bfloat16 and bfloat16 products are slow on `device`. Does not measure GPUs.
pub fn warn_if_bfloat16_is_slow(kind: Kind, device: Device) {
    if kind != Kind::BFloat16 || device != Device::Cpu {
        return;
    }
    match bfloat16_slowdown() {
        Ok(times) if times > SLOW => tracing::warn!(
            "bfloat16 is slow on this processor: a matrix product takes {times:.0} times as long as in float32. Use float32 unless \
             there is not enough memory"
        ),
        Ok(times) => tracing::debug!(times, "bfloat16 product against float32"),
        Err(error) => tracing::warn!(%error, "bfloat16 products fail on this processor: use float32"),
    }
}

/// The shortest time of a few products of 32 rows.
fn product_time(kind: Kind) -> Result<Duration, TchError> {
    tch::no_grad(|| {
        let (x, w) =
            (Tensor::f_ones([32, 512], (kind, Device::Cpu))?, Tensor::f_ones([512, 512], (kind, Device::Cpu))?);
        let mut shortest = Duration::MAX;
        for _ in 0..4 {
            let start = Instant::now();
            let _ = x.f_linear(&w, None::<&Tensor>)?;
            shortest = shortest.min(start.elapsed());
        }
        Ok(shortest)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_processor_with_bfloat16_products_is_not_slow() {
        let times = bfloat16_slowdown().unwrap();
        assert!(times.is_finite() && times > 0.0);
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512bf16") && std::env::var_os("ONEDNN_MAX_CPU_ISA").is_none() {
            assert!(times < 10.0, "{times}");
        }
    }
}
