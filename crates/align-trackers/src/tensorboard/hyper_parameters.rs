//! Hyper-parameters, which TensorBoard shows as a table of runs on its page HPARAMS.

use super::event_file::now;
use super::messages::{
    Experiment, HParamInfo, HParamsData, HParamsPluginData, MetricInfo, MetricName, ProtobufValue, SessionEnd,
    SessionStart, Tensor, TensorShape, ValueKind,
};
use super::{EventFile, Value};
use prost::Message;
use std::collections::BTreeMap;
use std::io;

/// The value of a hyper-parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum HyperParameter {
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Any other value as text.
    Text(String),
}

/// TensorFlow's number for float32.
const DT_FLOAT: i32 = 1;

impl HyperParameter {
    fn data_type(&self) -> i32 {
        match self {
            Self::Text(_) => 1,
            Self::Bool(_) => 2,
            Self::Number(_) => 3,
        }
    }

    fn to_protobuf(&self) -> ProtobufValue {
        let kind = match self {
            Self::Bool(value) => ValueKind::Bool(*value),
            Self::Number(value) => ValueKind::Number(*value),
            Self::Text(value) => ValueKind::String(value.clone()),
        };
        ProtobufValue { kind: Some(kind) }
    }
}

impl From<&serde_json::Value> for HyperParameter {
    fn from(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::String(text) => Self::Text(text.clone()),
            value => value.as_f64().map_or_else(|| Self::Text(value.to_string()), Self::Number),
        }
    }
}

impl EventFile {
    /// Writes the hyper-parameters of a run, and the tags of the metrics that TensorBoard shows beside them.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_hyper_parameters(
        &mut self,
        parameters: &BTreeMap<String, HyperParameter>,
        metric_tags: &[String],
    ) -> io::Result<()> {
        let info =
            |(name, value): (&String, &HyperParameter)| HParamInfo { name: name.clone(), data_type: value.data_type() };
        let metric = |tag: &String| MetricInfo { name: Some(MetricName { tag: tag.clone() }) };
        let experiment = Experiment {
            hparam_infos: parameters.iter().map(info).collect(),
            metric_infos: metric_tags.iter().map(metric).collect(),
        };
        let start = SessionStart {
            hparams: parameters.iter().map(|(name, value)| (name.clone(), value.to_protobuf())).collect(),
            start_time_secs: now(),
        };
        self.write(
            0,
            [
                plugin_value("experiment", HParamsData::Experiment(experiment)),
                plugin_value("session_start_info", HParamsData::SessionStart(start)),
            ],
        )
    }

    /// Says in the table of hyper-parameters that the run is finished, and flushes the file to disk. A run that was stopped or has failed says
    /// nothing, because TensorBoard keeps the first end of a run, but the run may be resumed.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        const SUCCESS: i32 = 1;
        let end = SessionEnd { status: SUCCESS, end_time_secs: now() };
        self.write(self.last_step(), [plugin_value("session_end_info", HParamsData::SessionEnd(end))])?;
        self.sync()
    }
}

/// A value whose data are those of the plugin. Its tensor means nothing, but must exist.
fn plugin_value(name: &str, data: HParamsData) -> Value {
    let data = HParamsPluginData { version: 0, data: Some(data) };
    let tensor = Tensor { dtype: DT_FLOAT, tensor_shape: Some(TensorShape::default()), string_val: Vec::new() };
    Value::of_plugin(format!("_hparams_/{name}"), "hparams", data.encode_to_vec(), tensor)
}
