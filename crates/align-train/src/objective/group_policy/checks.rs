//! Checks of rows and models.

use super::GroupPolicyRow;
use crate::{Error, Result};
use align_models::CausalLm;

/// Checks what [`check_rows`](crate::objective::row::check_rows) does not know of.
pub(super) fn check_rows_of_groups(rows: &[GroupPolicyRow], what: &str, needs_reference_logps: bool) -> Result<()> {
    for row in rows {
        let fail = |problem: String| Err(Error::Data(format!("{what} row {}: {problem}", row.row + 1)));
        if row.prompt_ids.is_empty() {
            return fail("the prompt has no token: begin it with the BOS token of the model".into());
        }
        if !row.advantage.is_finite() {
            return fail(format!("the advantage is {}, expected a finite number", row.advantage));
        }
        if needs_reference_logps && row.reference_logps.is_none() {
            return fail(
                "the loss has a KL penalty, but there are no log-probabilities under the reference model".into(),
            );
        }
        for (name, logps) in [("old_logps", &row.old_logps), ("reference_logps", &row.reference_logps)] {
            let Some(logps) = logps else { continue };
            let (found, expected) = (logps.len(), row.completion_ids.len());
            if found != expected {
                return fail(format!("{name} has {found} numbers for the {expected} tokens of the completion"));
            }
            if let Some(logp) = logps.iter().find(|logp| !logp.is_finite()) {
                return fail(format!("{name} has {logp}, expected finite numbers"));
            }
        }
    }
    Ok(())
}

/// Checks that log-probabilities can be computed at a temperature.
pub(super) fn check_temperature(model: &dyn CausalLm, temperature: f64) -> Result<()> {
    let fail = |reason: String| Err(Error::Config { option: "temperature", reason });
    if !temperature.is_finite() || temperature <= 0.0 {
        return fail(format!("is {temperature}, expected a finite number above 0"));
    }
    if temperature != 1.0 && model.logit_softcap().is_some() {
        return fail(format!(
            "is {temperature}, but only 1 is supported for a model that caps its logits: set it to 1"
        ));
    }
    Ok(())
}
