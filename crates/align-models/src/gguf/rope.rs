//! Rotary positions: the fields of the metadata and `rope_parameters` of transformers.

use align_gguf::{GgufError, GgufFile, Metadata};
use serde_json::{Map, Value, json};

/// The tensor with the factors by which llama.cpp divides the frequencies, as Llama 3.1 scales them.
pub(super) const FACTORS: &str = "rope_freqs.weight";
/// The base of every architecture but Gemma 3, if it is not given.
const DEFAULT_THETA: f64 = 10_000.0;
const GEMMA3_THETA: f64 = 1_000_000.0;
/// What every model with this scaling has.
const LOW_FREQ_FACTOR: f64 = 1.0;
const HIGH_FREQ_FACTOR: f64 = 4.0;

/// The `rope_parameters` of a file with heads of this size.
pub(super) fn parameters(file: &GgufFile, architecture: &str, head_dim: u64) -> Result<Value, String> {
    let metadata = file.metadata();
    let message = |error: GgufError| error.to_string();
    let number = |key: &str| metadata.f64(&format!("{architecture}.rope.{key}")).map_err(message);
    let theta = number("freq_base")?.unwrap_or(default_theta(architecture));
    let mut rope = Map::from_iter([("rope_theta".to_owned(), json!(theta))]);
    let kind = metadata.text(&format!("{architecture}.rope.scaling.type")).map_err(message)?;
    let factor = number("scaling.factor")?;
    // Before the type was stored, only linear scaling existed.
    let old = number("scale_linear")?.filter(|factor| *factor != 1.0);
    let kind =
        kind.unwrap_or(if old.is_some() || factor.is_some_and(|factor| factor != 1.0) { "linear" } else { "none" });
    match kind {
        "none" => match factors(file)? {
            Some(factors) => rope.extend(llama3(&factors, theta, head_dim)?),
            None => drop(rope.insert("rope_type".to_owned(), "default".into())),
        },
        "linear" => {
            let factor =
                factor.or(old).ok_or("has linear scaling of positions without a factor (rope.scaling.factor)")?;
            rope.extend([("rope_type".to_owned(), "linear".into()), ("factor".to_owned(), json!(factor))]);
        }
        "yarn" => {
            let original =
                metadata.u64(&format!("{architecture}.rope.scaling.original_context_length")).map_err(message)?;
            let (factor, original) = factor.zip(original).ok_or(
                "has yarn scaling of positions without rope.scaling.factor or rope.scaling.original_context_length",
            )?;
            rope.extend([
                ("rope_type".to_owned(), "yarn".into()),
                ("factor".to_owned(), json!(factor)),
                ("original_max_position_embeddings".to_owned(), original.into()),
            ]);
            for (key, field) in [("yarn_beta_fast", "beta_fast"), ("yarn_beta_slow", "beta_slow")] {
                if let Some(value) = number(&format!("scaling.{key}"))? {
                    rope.insert(field.to_owned(), json!(value));
                }
            }
        }
        other => return Err(format!("has the scaling of positions \"{other}\", expected none, linear or yarn")),
    }
    Ok(Value::Object(rope))
}

fn default_theta(architecture: &str) -> f64 {
    if architecture == "gemma3" { GEMMA3_THETA } else { DEFAULT_THETA }
}

/// Sets the fields of the metadata for `rope_parameters`. Returns the factors for [`FACTORS`], if they are needed.
pub(super) fn set(
    metadata: &mut Metadata,
    architecture: &str,
    rope: &Value,
    head_dim: u64,
) -> Result<Option<Vec<f32>>, String> {
    let number = |field: &str| rope.get(field).and_then(Value::as_f64);
    let needed = |field: &str| number(field).ok_or_else(|| format!("rope_parameters has no {field}"));
    let key = |name: &str| format!("{architecture}.rope.{name}");
    let theta = number("rope_theta").unwrap_or(default_theta(architecture));
    metadata.set(key("freq_base"), theta as f32);
    let kind = rope.get("rope_type").and_then(Value::as_str).unwrap_or("default");
    let allowed: &[&str] = match kind {
        "default" => &[],
        "linear" => &["factor"],
        "llama3" => &["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"],
        "yarn" => &["factor", "original_max_position_embeddings", "beta_fast", "beta_slow"],
        other => {
            return Err(format!("rope_type \"{other}\" cannot be written as GGUF, which has linear, llama3 and yarn"));
        }
    };
    let fields = rope.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()).map(|(field, _)| field);
    let is_known = |field: &str| ["rope_theta", "rope_type"].contains(&field) || allowed.contains(&field);
    if let Some(field) = fields.into_iter().find(|field| !is_known(field)) {
        return Err(format!("rope_parameters has {field}, which cannot be written as GGUF for rope_type {kind}"));
    }
    match kind {
        "llama3" => {
            let scaling = Llama3 {
                factor: needed("factor")?,
                low: needed("low_freq_factor")?,
                high: needed("high_freq_factor")?,
                original: needed("original_max_position_embeddings")?,
            };
            return Ok(Some(scaling.factors(theta, head_dim)));
        }
        "linear" | "yarn" => {
            metadata.set(key("scaling.type"), kind);
            metadata.set(key("scaling.factor"), needed("factor")? as f32);
        }
        _ => {}
    }
    if kind == "yarn" {
        metadata.set(key("scaling.original_context_length"), needed("original_max_position_embeddings")? as u32);
        for (name, field) in [("yarn_beta_fast", "beta_fast"), ("yarn_beta_slow", "beta_slow")] {
            if let Some(value) = number(field) {
                metadata.set(key(&format!("scaling.{name}")), value as f32);
            }
        }
    }
    Ok(None)
}

/// The factors in the file. They are few.
fn factors(file: &GgufFile) -> Result<Option<Vec<f32>>, String> {
    const MOST: u64 = 4096;
    let Some(tensor) = file.tensor(FACTORS) else { return Ok(None) };
    if tensor.numel() > MOST {
        return Err(format!("has {} values in {FACTORS}, expected at most {MOST}", tensor.numel()));
    }
    let mut values = Vec::new();
    let consume = |part: &[f32]| {
        values.extend_from_slice(part);
        Ok::<(), GgufError>(())
    };
    file.read(tensor, consume).map_err(|error| error.to_string())?;
    Ok(Some(values).filter(|values| values.iter().any(|factor| *factor != 1.0)))
}

/// The scaling of Llama 3.1, of which a GGUF file has only the resulting factors. They are compared with those of each usual original
/// length.
fn llama3(factors: &[f32], theta: f64, head_dim: u64) -> Result<Map<String, Value>, String> {
    if factors.len() as u64 != head_dim / 2 {
        return Err(format!(
            "has {} factors of frequencies ({FACTORS}) for heads of {head_dim} dimensions",
            factors.len()
        ));
    }
    let factor = f64::from(factors.iter().fold(1.0_f32, |largest, factor| largest.max(*factor)));
    let close = |one: f32, other: f32| (one - other).abs() <= 1e-4 * other.abs();
    for exponent in 4..=20 {
        let scaling =
            Llama3 { factor, low: LOW_FREQ_FACTOR, high: HIGH_FREQ_FACTOR, original: f64::from(1_u32 << exponent) };
        let own = scaling.factors(theta, head_dim);
        if own.iter().zip(factors).all(|(own, factor)| close(*factor, *own)) {
            let fields = json!({
                "rope_type": "llama3", "factor": factor, "low_freq_factor": LOW_FREQ_FACTOR,
                "high_freq_factor": HIGH_FREQ_FACTOR, "original_max_position_embeddings": 1_u32 << exponent,
            });
            return Ok(fields.as_object().cloned().unwrap_or_default());
        }
    }
    Err(format!(
        "has factors of frequencies ({FACTORS}) that are not those of Llama 3.1: use the model's folder instead"
    ))
}

struct Llama3 {
    factor: f64,
    low: f64,
    high: f64,
    original: f64,
}

impl Llama3 {
    /// The factor by which each frequency is divided.
    fn factors(&self, theta: f64, head_dim: u64) -> Vec<f32> {
        let factor = |pair: u64| {
            let frequency = theta.powf(-2.0 * pair as f64 / head_dim as f64);
            let wavelength = 2.0 * std::f64::consts::PI / frequency;
            if wavelength < self.original / self.high {
                1.0
            } else if wavelength > self.original / self.low {
                self.factor as f32
            } else {
                let smooth = (self.original / wavelength - self.low) / (self.high - self.low);
                (1.0 / ((1.0 - smooth) / self.factor + smooth)) as f32
            }
        };
        (0..head_dim / 2).map(factor).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_scaling_of_llama_3_is_recovered_from_its_factors() {
        for (factor, original, theta, head_dim) in
            [(8.0, 8192.0, 5e5, 128), (32.0, 8192.0, 5e5, 64), (8.0, 32.0, 5e4, 12)]
        {
            let factors = Llama3 { factor, low: 1.0, high: 4.0, original }.factors(theta, head_dim);
            assert_eq!(factors.len() as u64, head_dim / 2);
            assert!(factors[0] == 1.0 && factors.last() == Some(&(factor as f32)), "{factors:?}");
            let found = llama3(&factors, theta, head_dim).unwrap();
            assert_eq!(found["factor"], json!(factor));
            assert_eq!(found["original_max_position_embeddings"], json!(original as u64));
        }
        let other = Llama3 { factor: 8.0, low: 2.0, high: 4.0, original: 8192.0 }.factors(5e5, 128);
        assert!(llama3(&other, 5e5, 128).unwrap_err().contains("not those of Llama 3.1"));
    }
}
