//! Rotary embeddings in a config: `rope_parameters` of transformers 5, `rope_theta` and `rope_scaling` of transformers 4.

use super::fields::Fields;
use crate::decoder::RopeScaling;
use crate::json_field;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The default base.
const THETA: f64 = 10_000.0;

/// A rotary embedding: its base and its scaling.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Rope {
    pub theta: f64,
    pub scaling: RopeScaling,
}

/// The rotary embeddings of a decoder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Ropes {
    /// Of blocks with full attention, and of all blocks where there is no other.
    pub full: Rope,
    /// Of blocks with a sliding window, where it differs (Gemma 3).
    pub sliding: Option<Rope>,
}

/// The parameters of one rotary embedding.
#[derive(Debug, Default, Deserialize)]
struct Parameters {
    rope_theta: Option<f64>,
    rope_type: Option<String>,
    /// The older name of `rope_type`.
    #[serde(rename = "type")]
    old_type: Option<String>,
    factor: Option<f64>,
    original_max_position_embeddings: Option<i64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    attention_factor: Option<f64>,
    beta_fast: Option<f64>,
    beta_slow: Option<f64>,
    mscale: Option<f64>,
    mscale_all_dim: Option<f64>,
    truncate: Option<bool>,
    partial_rotary_factor: Option<f64>,
}

/// Fields that only describe the text lengths, or belong to another component.
const WITHOUT_EFFECT: [&str; 1] = ["finetuned"];

impl Ropes {
    /// One rotary embedding for all blocks.
    pub fn one(fields: &Fields) -> Result<Self, String> {
        let full = match (&fields.rope_parameters, &fields.rope_scaling) {
            (Some(_), Some(_)) => {
                return Err("has both rope_parameters and rope_scaling: remove one of them".into());
            }
            (Some(parameters), None) => Rope::read("rope_parameters", parameters, fields, fields.rope_theta, THETA)?,
            (None, Some(scaling)) => Rope::read("rope_scaling", scaling, fields, fields.rope_theta, THETA)?,
            (None, None) => Rope::plain(fields.rope_theta.unwrap_or(THETA))?,
        };
        Ok(Self { full, sliding: None })
    }

    /// Two rotary embeddings, for blocks with full attention and with a sliding window, with these default bases.
    pub fn by_layer_type(fields: &Fields, [full_theta, sliding_theta]: [f64; 2]) -> Result<Self, String> {
        let [mut full, mut sliding] = [Map::new(), Map::new()];
        for (name, value) in fields.rope_parameters.iter().flatten() {
            let target = match name.as_str() {
                "full_attention" => &mut full,
                "sliding_attention" => &mut sliding,
                _ => {
                    return Err(format!(
                        "rope_parameters has the field {name}, expected full_attention and sliding_attention"
                    ));
                }
            };
            *target = value.as_object().cloned().ok_or_else(|| format!("rope_parameters.{name} is not an object"))?;
        }
        if let Some(scaling) = &fields.rope_scaling {
            if !full.is_empty() {
                return Err("has both rope_parameters and rope_scaling: remove one of them".into());
            }
            full.clone_from(scaling);
        }
        let read = |name: &str, parameters: &Map<String, Value>, given: Option<f64>, default: f64| {
            Rope::read(name, parameters, fields, given, default)
        };
        Ok(Self {
            full: read("rope_parameters.full_attention", &full, fields.rope_theta, full_theta)?,
            sliding: Some(read(
                "rope_parameters.sliding_attention",
                &sliding,
                fields.rope_local_base_freq,
                sliding_theta,
            )?),
        })
    }
}

impl Rope {
    fn plain(theta: f64) -> Result<Self, String> {
        Self { theta, scaling: RopeScaling::Default }.checked("rope_theta")
    }

    /// Reads the parameters in `field`. `given` is the base beside them.
    fn read(
        field: &str,
        parameters: &Map<String, Value>,
        fields: &Fields,
        given: Option<f64>,
        default: f64,
    ) -> Result<Self, String> {
        let fail = |reason: String| format!("{field}: {reason}");
        let unknown =
            parameters.keys().find(|name| !KNOWN.contains(&name.as_str()) && !WITHOUT_EFFECT.contains(&name.as_str()));
        if let Some(name) = unknown {
            return Err(fail(format!("{name} is not supported")));
        }
        let found: Parameters = json_field::deserialize(Value::Object(parameters.clone())).map_err(fail)?;
        if found.partial_rotary_factor.is_some_and(|share| share != 1.0) {
            return Err(fail("partial_rotary_factor is not 1: rotating a part of each head is not supported".into()));
        }
        let theta = match (found.rope_theta, given) {
            (Some(inner), Some(outer)) if inner != outer => {
                return Err(fail(format!("rope_theta is {inner}, but {outer} beside it: remove one of them")));
            }
            (inner, outer) => inner.or(outer).unwrap_or(default),
        };
        let kind = match (&found.rope_type, &found.old_type) {
            (Some(new), Some(old)) if new != old => {
                return Err(fail(format!("rope_type is \"{new}\", but type is \"{old}\": remove one of them")));
            }
            (new, old) => new.as_deref().or(old.as_deref()).unwrap_or("default"),
        };
        let scaling = found.scaling(kind, fields).map_err(fail)?;
        Self { theta, scaling }.checked(field)
    }

    fn checked(self, field: &str) -> Result<Self, String> {
        match self.theta.is_finite() && self.theta > 1.0 {
            true => Ok(self),
            false => Err(format!("{field}: rope_theta is {}, expected a number above 1", self.theta)),
        }
    }
}

/// The parameters that are read.
const KNOWN: [&str; 14] = [
    "rope_theta",
    "rope_type",
    "type",
    "factor",
    "original_max_position_embeddings",
    "low_freq_factor",
    "high_freq_factor",
    "attention_factor",
    "beta_fast",
    "beta_slow",
    "mscale",
    "mscale_all_dim",
    "truncate",
    "partial_rotary_factor",
];

impl Parameters {
    fn scaling(&self, kind: &str, fields: &Fields) -> Result<RopeScaling, String> {
        let original_max_position_embeddings = self
            .original_max_position_embeddings
            .or(fields.original_max_position_embeddings)
            .unwrap_or(fields.max_position_embeddings);
        if !(1..=1 << 24).contains(&original_max_position_embeddings) {
            return Err(format!(
                "original_max_position_embeddings is {original_max_position_embeddings}, expected 1 to {}",
                1 << 24
            ));
        }
        match kind {
            "default" => Ok(RopeScaling::Default),
            "linear" => Ok(RopeScaling::Linear { factor: self.factor(kind)? }),
            "dynamic" => Ok(RopeScaling::Dynamic {
                factor: self.factor(kind)?,
                max_position_embeddings: fields.max_position_embeddings,
            }),
            "yarn" => self.yarn(original_max_position_embeddings),
            "llama3" => {
                let low_freq_factor = positive("low_freq_factor", kind, self.low_freq_factor)?;
                let high_freq_factor = positive("high_freq_factor", kind, self.high_freq_factor)?;
                if low_freq_factor >= high_freq_factor {
                    return Err(format!(
                        "low_freq_factor is {low_freq_factor} and high_freq_factor is {high_freq_factor}, expected a lower and a higher one"
                    ));
                }
                let factor = self.factor(kind)?;
                Ok(RopeScaling::Llama3 { factor, low_freq_factor, high_freq_factor, original_max_position_embeddings })
            }
            other => Err(format!(
                "rope_type is \"{other}\"; supported are \"default\", \"linear\", \"dynamic\", \"yarn\" and \"llama3\""
            )),
        }
    }

    fn yarn(&self, original_max_position_embeddings: i64) -> Result<RopeScaling, String> {
        let factor = self.factor("yarn")?;
        let beta_fast = positive("beta_fast", "yarn", Some(self.beta_fast.unwrap_or(32.0)))?;
        let beta_slow = positive("beta_slow", "yarn", Some(self.beta_slow.unwrap_or(1.0)))?;
        if beta_fast < beta_slow {
            return Err(format!("beta_fast is {beta_fast}, below beta_slow, {beta_slow}"));
        }
        let growth = |scale: f64| if factor <= 1.0 { 1.0 } else { 0.1 * scale * factor.ln() + 1.0 };
        let attention_factor = match (self.attention_factor, self.mscale, self.mscale_all_dim) {
            (Some(given), _, _) => positive("attention_factor", "yarn", Some(given))?,
            (None, Some(scale), Some(all)) if scale != 0.0 && all != 0.0 => growth(scale) / growth(all),
            _ => growth(1.0),
        };
        Ok(RopeScaling::Yarn {
            factor,
            original_max_position_embeddings,
            beta_fast,
            beta_slow,
            truncate: self.truncate.unwrap_or(true),
            attention_factor,
        })
    }

    fn factor(&self, kind: &str) -> Result<f64, String> {
        match positive("factor", kind, self.factor)? {
            factor if factor >= 1.0 => Ok(factor),
            factor => Err(format!("factor is {factor}, expected at least 1")),
        }
    }
}

fn positive(name: &str, kind: &str, value: Option<f64>) -> Result<f64, String> {
    match value {
        Some(value) if value > 0.0 && value.is_finite() => Ok(value),
        Some(value) => Err(format!("{name} is {value}, expected a positive number")),
        None => Err(format!("has no {name}, which rope_type \"{kind}\" needs")),
    }
}
