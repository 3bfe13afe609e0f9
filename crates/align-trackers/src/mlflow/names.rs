//! Names and values that MLflow accepts.

/// Longest value of a parameter, in characters, as in MLflow's `MAX_PARAM_VAL_LENGTH`.
const MAX_PARAMETER_VALUE: usize = 6000;
/// Longest name, in characters.
const MAX_NAME: usize = 250;

/// A name of letters, digits, `_`, `-`, `.`, `:`, `/` and spaces; others become `_`, as in transformers' `MLflowCallback`.
pub(super) fn name(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-. :/".contains(c);
    name.chars().map(|c| if allowed(c) { c } else { '_' }).take(MAX_NAME).collect()
}

/// The value of a parameter. One that is too long is cut off, with a sign at its end.
pub(super) fn parameter_value(value: &str) -> String {
    match value.chars().count() > MAX_PARAMETER_VALUE {
        true => value.chars().take(MAX_PARAMETER_VALUE - 1).chain(['…']).collect(),
        false => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_fit() {
        assert_eq!(name("eval_rewards/margins (β)"), "eval_rewards/margins ___");
        assert_eq!(name(&"a".repeat(300)).len(), MAX_NAME);
        let long = parameter_value(&"ä".repeat(7000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (MAX_PARAMETER_VALUE, true));
        assert_eq!(parameter_value("1e-6"), "1e-6");
    }
}
