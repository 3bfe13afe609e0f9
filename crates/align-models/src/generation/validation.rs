//! Validation of generation options.

use super::{GenerationConfig, GenerationError};
use std::collections::BTreeSet;

/// Options that only sampling uses, and whether each is set.
fn sampling_options(c: &GenerationConfig) -> [(&'static str, bool); 7] {
    [
        ("temperature", c.temperature.is_some()),
        ("top_k", c.top_k.is_some()),
        ("top_p", c.top_p.is_some()),
        ("min_p", c.min_p.is_some()),
        ("typical_p", c.typical_p.is_some()),
        ("epsilon_cutoff", c.epsilon_cutoff.is_some()),
        ("eta_cutoff", c.eta_cutoff.is_some()),
    ]
}

/// Fails if a value is out of range, two options contradict each other, or an option would have no effect.
pub(super) fn check(c: &GenerationConfig) -> Result<(), GenerationError> {
    ranges(c)?;
    check_lists(c)?;
    check_lengths(c)?;
    check_eos(c)?;
    check_strategy(c)
}

/// Fails if a value is out of range. Checks each option separately.
pub(super) fn ranges(c: &GenerationConfig) -> Result<(), GenerationError> {
    at_least_one("num_beams", Some(c.num_beams))?;
    at_least_one("num_return_sequences", Some(c.num_return_sequences))?;
    at_least_one("max_length", c.max_length)?;
    at_least_one("max_new_tokens", c.max_new_tokens)?;
    let positive = |x: f64| x > 0.0 && x.is_finite();
    number("temperature", c.temperature, "a finite number above 0 (for greedy search remove `do_sample`)", positive)?;
    number("repetition_penalty", Some(c.repetition_penalty), "a finite number above 0", positive)?;
    number("top_p", c.top_p, "a number above 0 and at most 1", |p| p > 0.0 && p <= 1.0)?;
    number("typical_p", c.typical_p, "a number above 0 and at most 1", |p| p > 0.0 && p <= 1.0)?;
    number("min_p", c.min_p, "a number from 0 to 1", |p| (0.0..=1.0).contains(&p))?;
    number("epsilon_cutoff", c.epsilon_cutoff, "a number from 0 and below 1", |p| (0.0..1.0).contains(&p))?;
    number("eta_cutoff", c.eta_cutoff, "a number from 0 and below 1", |p| (0.0..1.0).contains(&p))?;
    number("length_penalty", c.length_penalty, "a finite number", f64::is_finite)?;
    if let Some((_, factor)) = c.exponential_decay_length_penalty {
        let expected = "a pair of a number of tokens and a finite factor above 0";
        number("exponential_decay_length_penalty", Some(factor), expected, positive)?;
    }
    for (option, id) in c.token_ids() {
        if id < 0 {
            return Err(GenerationError::Value { option, found: id.to_string(), expected: "a token id, 0 or more" });
        }
    }
    Ok(())
}

/// Fails if a list or an item of a list is empty, or a bias is not finite.
fn check_lists(c: &GenerationConfig) -> Result<(), GenerationError> {
    let lists = [
        ("suppress_tokens", c.suppress_tokens.as_ref().is_some_and(Vec::is_empty)),
        ("begin_suppress_tokens", c.begin_suppress_tokens.as_ref().is_some_and(Vec::is_empty)),
        ("forced_eos_token_id", c.forced_eos_token_id.as_ref().is_some_and(Vec::is_empty)),
        ("bad_words_ids", c.bad_words_ids.as_ref().is_some_and(Vec::is_empty)),
        ("sequence_bias", c.sequence_bias.as_ref().is_some_and(Vec::is_empty)),
        ("stop_strings", c.stop_strings.as_ref().is_some_and(Vec::is_empty)),
    ];
    let items = [
        ("bad_words_ids", c.bad_words_ids.iter().flatten().any(Vec::is_empty)),
        ("sequence_bias", c.sequence_bias.iter().flatten().any(|(ids, _)| ids.is_empty())),
        ("stop_strings", c.stop_strings.iter().flatten().any(String::is_empty)),
    ];
    if let Some((option, _)) = lists.into_iter().find(|(_, empty)| *empty) {
        let expected = "at least one item, or none of the option";
        return Err(GenerationError::Value { option, found: "an empty list".into(), expected });
    }
    if let Some((option, _)) = items.into_iter().find(|(_, empty)| *empty) {
        return Err(GenerationError::Value {
            option,
            found: "a list with an empty item".into(),
            expected: "no empty items",
        });
    }
    let biases = c.sequence_bias.iter().flatten().map(|(_, bias)| *bias);
    if let Some(bias) = biases.into_iter().find(|bias| !bias.is_finite()) {
        let expected = "finite biases (use `bad_words_ids` to exclude sequences)";
        return Err(GenerationError::Value { option: "sequence_bias", found: bias.to_string(), expected });
    }
    Ok(())
}

/// Fails if options need an EOS that cannot be generated.
fn check_eos(c: &GenerationConfig) -> Result<(), GenerationError> {
    let no_eos = c.eos_token_id.as_ref().is_some_and(Vec::is_empty);
    if no_eos && c.exponential_decay_length_penalty.is_some() {
        let (option, why) = ("exponential_decay_length_penalty", "has no effect while `eos_token_id` is empty");
        let remedy = "remove it, or give an `eos_token_id`";
        return conflict(option, why.into(), remedy);
    }
    let suppressed: BTreeSet<i64> = c.suppress_tokens.iter().flatten().copied().collect();
    let all_suppressed = |ids: &Option<Vec<i64>>| {
        ids.as_ref().is_some_and(|ids| !ids.is_empty() && ids.iter().all(|id| suppressed.contains(id)))
    };
    if all_suppressed(&c.forced_eos_token_id) {
        let why = "has only tokens that `suppress_tokens` excludes".into();
        return conflict("forced_eos_token_id", why, "give a token that is not suppressed");
    }
    if all_suppressed(&c.eos_token_id) {
        let needs_eos = [
            ("exponential_decay_length_penalty", c.exponential_decay_length_penalty.is_some()),
            ("min_length", c.min_length.is_some_and(|n| n > 0)),
            ("min_new_tokens", c.min_new_tokens.is_some_and(|n| n > 0)),
        ];
        if let Some((option, _)) = needs_eos.into_iter().find(|(_, set)| *set) {
            let why = "needs EOS, but `suppress_tokens` excludes every `eos_token_id`".into();
            return conflict(option, why, "remove one of the two");
        }
    }
    Ok(())
}

fn check_lengths(c: &GenerationConfig) -> Result<(), GenerationError> {
    if c.max_length.is_some() && c.max_new_tokens.is_some() {
        return conflict("max_length", "conflicts with `max_new_tokens`".into(), "remove one of the two");
    }
    if c.min_length.is_some() && c.min_new_tokens.is_some() {
        return conflict("min_length", "conflicts with `min_new_tokens`".into(), "remove one of the two");
    }
    for (option, min, limit, max) in [
        ("min_length", c.min_length, "max_length", c.max_length),
        ("min_new_tokens", c.min_new_tokens, "max_new_tokens", c.max_new_tokens),
    ] {
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            return conflict(
                option,
                format!("is {min}, which is more than `{limit}`, {max}"),
                "lower one or raise the other",
            );
        }
    }
    let needs_eos = c.min_length.is_some_and(|n| n > 0) || c.min_new_tokens.is_some_and(|n| n > 0);
    if needs_eos && c.eos_token_id.as_ref().is_some_and(Vec::is_empty) {
        let option = if c.min_length.is_some() { "min_length" } else { "min_new_tokens" };
        let why = "has no effect while `eos_token_id` is empty".into();
        return conflict(option, why, "remove it, or give an `eos_token_id`");
    }
    Ok(())
}

fn check_strategy(c: &GenerationConfig) -> Result<(), GenerationError> {
    if !c.do_sample {
        for (option, set) in sampling_options(c) {
            if set {
                let remedy = format!("set `do_sample`, or remove `{option}`");
                return conflict(option, "has no effect without `do_sample`".into(), remedy);
            }
        }
    }
    if c.num_beams == 1 {
        let beams = [("length_penalty", c.length_penalty.is_some()), ("early_stopping", c.early_stopping.is_some())];
        for (option, set) in beams {
            if set {
                let remedy = format!("set `num_beams` to 2 or more, or remove `{option}`");
                return conflict(option, "has no effect without beam search".into(), remedy);
            }
        }
    }
    let returned = c.num_return_sequences;
    match (c.num_beams, c.do_sample) {
        (1, false) if returned > 1 => {
            let why = format!("is {returned}, but greedy search generates one text");
            conflict("num_return_sequences", why, "set `do_sample`, or set `num_beams`")
        }
        (beams @ 2.., _) if returned > beams => {
            let why = format!("is {returned}, which is more than `num_beams`, {beams}");
            conflict("num_return_sequences", why, "raise `num_beams`, or give the prompt several times")
        }
        _ => Ok(()),
    }
}

fn at_least_one(option: &'static str, value: Option<usize>) -> Result<(), GenerationError> {
    match value {
        Some(0) => Err(GenerationError::Value { option, found: "0".into(), expected: "a number of at least 1" }),
        _ => Ok(()),
    }
}

fn number(
    option: &'static str,
    value: Option<f64>,
    expected: &'static str,
    fits: impl Fn(f64) -> bool,
) -> Result<(), GenerationError> {
    match value {
        Some(x) if !fits(x) => Err(GenerationError::Value { option, found: x.to_string(), expected }),
        _ => Ok(()),
    }
}

fn conflict(option: &'static str, conflict: String, remedy: impl Into<String>) -> Result<(), GenerationError> {
    Err(GenerationError::Conflict { option, conflict, remedy: remedy.into() })
}
