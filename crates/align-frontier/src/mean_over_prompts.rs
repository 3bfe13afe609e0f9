use crate::Result;
use align_metrics::{Bootstrap, Estimate, mean};

/// The mean of the values of texts. Its interval resamples prompts, each with all its texts, which are consecutive. `prompts` has the prompt of
/// each text.
pub(crate) fn mean_over_prompts(values: &[f64], prompts: &[usize], bootstrap: &Bootstrap) -> Result<Estimate> {
    let texts: Vec<(usize, f64)> = prompts.iter().copied().zip(values.iter().copied()).collect();
    let by_prompt: Vec<&[(usize, f64)]> = texts.chunk_by(|a, b| a.0 == b.0).collect();
    let drawn_mean = |drawn: &[usize]| {
        let texts = || drawn.iter().filter_map(|prompt| by_prompt.get(*prompt)).flat_map(|texts| texts.iter());
        texts().map(|(_, value)| value).sum::<f64>() / texts().count() as f64
    };
    let interval = bootstrap.interval(by_prompt.len(), drawn_mean)?;
    Ok(Estimate { value: mean(values)?, interval })
}
