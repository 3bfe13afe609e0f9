use std::f64::consts::TAU;

/// How rotary embeddings are scaled to longer texts (RoPE scaling): the `rope_type` of transformers, with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RopeScaling {
    /// None.
    Default,
    /// All angles are divided by a factor (arXiv:2306.15595).
    Linear {
        /// The factor.
        factor: f64,
    },
    /// The base grows with the length of the text beyond `max_position_embeddings` (dynamic NTK).
    Dynamic {
        /// The factor.
        factor: f64,
        /// The length up to which nothing is scaled.
        max_position_embeddings: i64,
    },
    /// High frequencies stay, low ones are divided by a factor, with a ramp between them (arXiv:2309.00071).
    Yarn {
        /// The factor.
        factor: f64,
        /// The length that the model was trained on before scaling.
        original_max_position_embeddings: i64,
        /// Number of turns within the original length above which a frequency stays.
        beta_fast: f64,
        /// Number of turns below which a frequency is divided by the factor.
        beta_slow: f64,
        /// Whether the ends of the ramp are rounded outwards to whole pairs.
        truncate: bool,
        /// Scale of the rotated queries and keys.
        attention_factor: f64,
    },
    /// Llama 3.1: like YaRN, with a ramp that is linear in the frequency.
    Llama3 {
        /// The factor.
        factor: f64,
        /// Number of turns within the original length below which a frequency is divided by the factor.
        low_freq_factor: f64,
        /// Number of turns above which a frequency stays.
        high_freq_factor: f64,
        /// The length that the model was trained on before scaling.
        original_max_position_embeddings: i64,
    },
}

impl RopeScaling {
    /// The angle of each of `dim / 2` pairs per position, for the base `theta`. `length` is that of the longest text, for
    /// [`RopeScaling::Dynamic`].
    #[must_use]
    pub fn inverse_frequencies(&self, theta: f64, dim: i64, length: i64) -> Vec<f64> {
        let base = |theta: f64| (0..dim / 2).map(move |pair| theta.powf(-2.0 * pair as f64 / dim as f64));
        match *self {
            Self::Default => base(theta).collect(),
            Self::Linear { factor } => base(theta).map(|frequency| frequency / factor).collect(),
            Self::Dynamic { factor, max_position_embeddings } => {
                let max = max_position_embeddings as f64;
                let growth = factor * (length as f64).max(max) / max - (factor - 1.0);
                base(theta * growth.powf(dim as f64 / (dim as f64 - 2.0))).collect()
            }
            Self::Yarn { factor, original_max_position_embeddings, beta_fast, beta_slow, truncate, .. } => {
                // The pair that makes this number of turns within the original length.
                let pair = |turns: f64| {
                    dim as f64 * (original_max_position_embeddings as f64 / (turns * TAU)).ln() / (2.0 * theta.ln())
                };
                let (low, high) = (pair(beta_fast), pair(beta_slow));
                let (low, high) = if truncate { (low.floor(), high.ceil()) } else { (low, high) };
                let (low, high) = (low.max(0.0), high.min(dim as f64 - 1.0));
                let width = if low == high { 0.001 } else { high - low };
                let scaled = |(pair, frequency): (usize, f64)| {
                    let share = ((pair as f64 - low) / width).clamp(0.0, 1.0);
                    frequency / factor * share + frequency * (1.0 - share)
                };
                base(theta).enumerate().map(scaled).collect()
            }
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original_max_position_embeddings } => {
                let scaled = |frequency: f64| {
                    let turns = original_max_position_embeddings as f64 * frequency / TAU;
                    let share = (turns - low_freq_factor) / (high_freq_factor - low_freq_factor);
                    let share = share.clamp(0.0, 1.0);
                    (1.0 - share) * frequency / factor + share * frequency
                };
                base(theta).map(scaled).collect()
            }
        }
    }

    /// Scale of the rotated queries and keys.
    #[must_use]
    pub fn attention_factor(&self) -> f64 {
        if let Self::Yarn { attention_factor, .. } = self { *attention_factor } else { 1.0 }
    }
}
