//! Device, dtype and matmul precision on the command line.

use crate::Failure;
use align_torch::{DeviceChoice, MatmulPrecision, MatmulPrecisionGuard};
use align_train::run::{Run, RunObjective};
use tch::{Device, Kind};

/// Where and how models run.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct RuntimeOptions {
    /// cpu, cuda, cuda:N, or auto: the GPU if there is one.
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
    /// float32 or bfloat16.
    #[arg(long, default_value = "float32", value_parser = kind)]
    #[serde(serialize_with = "kind_name")]
    pub dtype: Kind,
    /// How float32 matrices are multiplied: highest, high, medium, or auto, the fastest that is as exact as float32 here.
    #[arg(long, default_value = "auto", value_parser = precision)]
    pub matmul_precision: Precision,
}

/// A matmul precision by name, or the one that suits the machine.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    Auto,
    #[serde(untagged)]
    Named(MatmulPrecision),
}

impl RuntimeOptions {
    /// The device that was asked for.
    pub fn device(&self) -> Result<Device, Failure> {
        Ok(self.device.resolve()?)
    }

    /// Gives a run these options.
    pub fn place<O: RunObjective>(&self, run: Run<O>) -> Run<O> {
        let run = run.device(self.device).dtype(self.dtype);
        match self.matmul_precision {
            Precision::Auto => run,
            Precision::Named(precision) => run.matmul_precision(precision),
        }
    }

    /// Sets the matmul precision while the guard lives. Warns of a dtype that is slow here.
    pub fn precision(&self) -> Result<MatmulPrecisionGuard, Failure> {
        align_torch::warn_if_bfloat16_is_slow(self.dtype, self.device()?);
        Ok(match self.matmul_precision {
            Precision::Auto => MatmulPrecision::fastest_exact(self.device()?),
            Precision::Named(precision) => precision,
        }
        .set())
    }
}

fn precision(name: &str) -> Result<Precision, String> {
    serde_json::from_value(name.into()).map_err(|_| "expected auto, highest, high or medium".into())
}

fn kind(name: &str) -> Result<Kind, String> {
    match name {
        "float32" => Ok(Kind::Float),
        "bfloat16" => Ok(Kind::BFloat16),
        _ => Err("expected float32 or bfloat16".into()),
    }
}

fn kind_name<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(align_models::dtype_name(*kind).unwrap_or_default())
}
