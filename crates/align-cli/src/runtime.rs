//! Options for device, dtype and matmul precision.

use crate::{Failure, processes};
use align_torch::{DeviceChoice, MatmulPrecision, MatmulPrecisionGuard};
use align_train::run::{Run, RunObjective};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use tch::{Device, Kind};

/// The device and number formats that models run with.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct RuntimeOptions {
    /// Where to compute: cpu, cuda, cuda:N (GPU number N), or auto (the GPU if there is one).
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
    /// Data type of the model's weights.
    #[arg(long, default_value = "float32", value_parser = kind())]
    #[serde(serialize_with = "kind_name")]
    pub dtype: Kind,
    /// Precision of float32 matrix products, as in PyTorch. auto is the fastest one that is as exact as float32 on this machine.
    #[arg(long, default_value = "auto", value_parser = precision())]
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
        Ok(self.device_of_process().resolve()?)
    }

    /// The choice of the device, of which several processes of a machine may take different ones.
    fn device_of_process(&self) -> DeviceChoice {
        self.device.for_process(processes::local_rank())
    }

    /// Applies these options to a run.
    pub fn apply_to<O: RunObjective>(&self, run: Run<O>) -> Run<O> {
        let run = run.device(self.device_of_process()).dtype(self.dtype);
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

fn precision() -> impl TypedValueParser<Value = MatmulPrecisionChoice> {
    PossibleValuesParser::new(["auto", "highest", "high", "medium"])
        .try_map(|name| serde_json::from_value::<MatmulPrecisionChoice>(name.into()))
}

fn kind() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(["float32", "bfloat16"])
        .map(|name| if name == "float32" { Kind::Float } else { Kind::BFloat16 })
}

fn kind_name<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(align_models::dtype_name(*kind).unwrap_or_default())
}
