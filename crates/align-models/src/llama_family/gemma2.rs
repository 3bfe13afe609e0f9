//! Gemma 2: four norms a block, a sliding window in every other block, capped attention scores and logits.

use super::architecture::Architecture;
use super::fields::Fields;
use super::hyper_parameters::HyperParameters;
use super::layer_types::windows;
use super::rope::Ropes;
use super::validation::reject_biases;
use crate::layers::Activation;

pub(super) const GEMMA2: Architecture = Architecture {
    model_type: "gemma2",
    class: "Gemma2ForCausalLM",
    tied: true,
    hyper_parameters: |fields, given| {
        let windows = windows(fields, fields.sliding_window, |block| block % 2 == 0)?;
        let default = |name: &str, value: f64| (!given.contains_key(name)).then_some(value);
        let gemma = gemma(fields, windows, Ropes::one(fields)?)?;
        Ok(HyperParameters {
            attention_softcap: gemma.attention_softcap.or(default("attn_logit_softcapping", 50.0)),
            logit_softcap: gemma.logit_softcap.or(default("final_logit_softcapping", 30.0)),
            ..gemma
        })
    },
};

/// What Gemma 2 and 3 have in common.
pub(super) fn gemma(fields: &Fields, windows: Vec<Option<i64>>, ropes: Ropes) -> Result<HyperParameters, String> {
    reject_biases("Gemma", &[("mlp_bias", fields.mlp_bias)])?;
    let scalar = fields.query_pre_attn_scalar.unwrap_or(256.0);
    for (name, value) in [
        ("query_pre_attn_scalar", Some(scalar)),
        ("attn_logit_softcapping", fields.attn_logit_softcapping),
        ("final_logit_softcapping", fields.final_logit_softcapping),
    ] {
        if let Some(value) = value.filter(|value| !(*value > 0.0 && value.is_finite())) {
            return Err(format!("{name} is {value}, expected a positive number"));
        }
    }
    let gemma = HyperParameters::new(fields, [Some(256), Some(4)], windows, ropes)?;
    Ok(HyperParameters {
        gemma: true,
        activation: fields.hidden_activation.unwrap_or(Activation::GeluNew),
        attention_scale: scalar.sqrt().recip(),
        attention_softcap: fields.attn_logit_softcapping,
        logit_softcap: fields.final_logit_softcapping,
        ..gemma.with_attention_bias(fields)
    })
}
