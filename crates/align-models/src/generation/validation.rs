use super::{GenerationConfig, GenerationError};

/// Generation options that fit each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation(GenerationConfig);

impl Generation {
    /// Checks the options.
    ///
    /// # Errors
    /// A value outside its range, an option that contradicts another one, or one that would be ignored.
    pub fn new(config: GenerationConfig) -> crate::Result<Self> {
        ranges(&config)?;
        lengths(&config)?;
        strategy(&config)?;
        Ok(Self(config))
    }

    /// The options.
    #[must_use]
    pub fn config(&self) -> &GenerationConfig {
        &self.0
    }
}

fn ranges(c: &GenerationConfig) -> Result<(), GenerationError> {
    at_least_one("num_beams", Some(c.num_beams))?;
    at_least_one("num_return_sequences", Some(c.num_return_sequences))?;
    at_least_one("max_length", c.max_length)?;
    at_least_one("max_new_tokens", c.max_new_tokens)?;
    let positive = |x: f64| x > 0.0 && x.is_finite();
    number(
        "temperature",
        c.temperature,
        "a finite number above 0 (for the likeliest token unset do_sample)",
        positive,
    )?;
    number("repetition_penalty", Some(c.repetition_penalty), "a finite number above 0", positive)?;
    number("top_p", c.top_p, "a number above 0 and at most 1", |p| p > 0.0 && p <= 1.0)?;
    number("typical_p", c.typical_p, "a number above 0 and at most 1", |p| p > 0.0 && p <= 1.0)?;
    number("min_p", c.min_p, "a number from 0 to 1", |p| (0.0..=1.0).contains(&p))?;
    number("epsilon_cutoff", c.epsilon_cutoff, "a number from 0 and below 1", |p| (0.0..1.0).contains(&p))?;
    number("eta_cutoff", c.eta_cutoff, "a number from 0 and below 1", |p| (0.0..1.0).contains(&p))?;
    number("length_penalty", c.length_penalty, "a finite number", f64::is_finite)?;
    for id in c.eos_token_id.iter().flatten() {
        token_id("eos_token_id", *id)?;
    }
    c.pad_token_id.map_or(Ok(()), |id| token_id("pad_token_id", id))
}

fn lengths(c: &GenerationConfig) -> Result<(), GenerationError> {
    if c.max_length.is_some() && c.max_new_tokens.is_some() {
        return conflict("max_length", "max_new_tokens is set too".into(), "set one of them");
    }
    if c.min_length.is_some() && c.min_new_tokens.is_some() {
        return conflict("min_length", "min_new_tokens is set too".into(), "set one of them");
    }
    for (option, min, limit, max) in [
        ("min_length", c.min_length, "max_length", c.max_length),
        ("min_new_tokens", c.min_new_tokens, "max_new_tokens", c.max_new_tokens),
    ] {
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            return conflict(option, format!("{min} is more than {limit}, {max}"), "lower one or raise the other");
        }
    }
    let needs_eos = c.min_length.is_some_and(|n| n > 0) || c.min_new_tokens.is_some_and(|n| n > 0);
    if needs_eos && c.eos_token_id.as_ref().is_some_and(Vec::is_empty) {
        let option = if c.min_length.is_some() { "min_length" } else { "min_new_tokens" };
        return conflict(option, "no eos_token_id can end a text".into(), "unset it or name an eos_token_id");
    }
    Ok(())
}

fn strategy(c: &GenerationConfig) -> Result<(), GenerationError> {
    if !c.do_sample {
        let drawing = [
            ("temperature", c.temperature.is_some()),
            ("top_k", c.top_k.is_some()),
            ("top_p", c.top_p.is_some()),
            ("min_p", c.min_p.is_some()),
            ("typical_p", c.typical_p.is_some()),
            ("epsilon_cutoff", c.epsilon_cutoff.is_some()),
            ("eta_cutoff", c.eta_cutoff.is_some()),
        ];
        for (option, set) in drawing {
            if set {
                return conflict(option, "do_sample is false, so nothing is drawn".into(), "set do_sample or unset it");
            }
        }
    }
    if c.num_beams == 1 {
        let beams = [("length_penalty", c.length_penalty.is_some()), ("early_stopping", c.early_stopping.is_some())];
        for (option, set) in beams {
            if set {
                return conflict(option, "num_beams is 1".into(), "set num_beams above 1 or unset it");
            }
        }
    }
    let returned = c.num_return_sequences;
    match (c.num_beams, c.do_sample) {
        (1, false) if returned > 1 => {
            let why = format!("greedy search finds one text, not {returned}");
            conflict("num_return_sequences", why, "set do_sample or num_beams")
        }
        (beams @ 2.., _) if returned > beams => {
            let why = format!("{returned} is more than num_beams, {beams}");
            conflict("num_return_sequences", why, "raise num_beams, or pass the prompt several times")
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

fn token_id(option: &'static str, id: i64) -> Result<(), GenerationError> {
    if id < 0 {
        return Err(GenerationError::Value { option, found: id.to_string(), expected: "a token id, 0 or more" });
    }
    Ok(())
}

fn conflict(option: &'static str, conflict: String, remedy: &'static str) -> Result<(), GenerationError> {
    Err(GenerationError::Conflict { option, conflict, remedy })
}
