//! Options for device, dtype and matmul precision.

use crate::Failure;
use align_torch::{DeviceChoice, MatmulPrecision, MatmulPrecisionGuard};
use align_train::run::{Run, RunObjective};
use tch::{Device, Kind};

/// The device and number formats that models run with.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct RuntimeOptions {
    /// cpu, cuda, cuda:N, or auto (the GPU if there is one).
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
    /// Data type of the model's weights: float32 or bfloat16.
    #[arg(long, default_value = "float32", value_parser = parse_kind)]
    #[serde(serialize_with = "kind_name")]
    pub dtype: Kind,
    /// Precision of float32 matrix products, as in PyTorch: highest, high, medium, or auto (the fastest one that is as exact as
    /// float32 on this machine).
    #[arg(long, default_value = "auto", value_parser = parse_precision)]
    pub matmul_precision: MatmulPrecisionChoice,
}

/// A named matmul precision, or automatic choice.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatmulPrecisionChoice {
    Auto,
    #[serde(untagged)]
    Named(MatmulPrecision),
}

impl RuntimeOptions {
    /// The selected device.
    pub fn device(&self) -> Result<Device, Failure> {
        Ok(self.device.resolve()?)
    }

    /// Applies these options to a run.
    pub fn apply_to<O: RunObjective>(&self, run: Run<O>) -> Run<O> {
        let run = run.device(self.device).dtype(self.dtype);
        match self.matmul_precision {
            MatmulPrecisionChoice::Auto => run,
            MatmulPrecisionChoice::Named(precision) => run.matmul_precision(precision),
        }
    }

    /// Sets the matmul precision until the guard is dropped. Warns if the dtype is slow on this device.
    pub fn set_matmul_precision(&self) -> Result<MatmulPrecisionGuard, Failure> {
        align_torch::warn_if_bfloat16_is_slow(self.dtype, self.device()?);
        Ok(match self.matmul_precision {
            MatmulPrecisionChoice::Auto => MatmulPrecision::fastest_exact(self.device()?),
            MatmulPrecisionChoice::Named(precision) => precision,
        }
        .set())
    }
}

fn parse_precision(name: &str) -> Result<MatmulPrecisionChoice, String> {
    serde_json::from_value(name.into()).map_err(|_| "expected auto, highest, high or medium".into())
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    match name {
        "float32" => Ok(Kind::Float),
        "bfloat16" => Ok(Kind::BFloat16),
        _ => Err("expected float32 or bfloat16".into()),
    }
}

fn kind_name<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(align_models::dtype_name(*kind).unwrap_or_default())
}
