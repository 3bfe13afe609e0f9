use super::report::LikesReport;
use super::{LikedText, LikesOptions};
use crate::{Error, Result};
use align_choice::likes::{Attention, Evidence, Exposure, LikesError, Measure, Posterior, Prior};
use std::collections::HashMap;

/// How much each text is liked, and by what measure and prior.
///
/// # Errors
/// A count or a time that cannot be, with its row; an option that is invalid or has no effect; texts that determine no prior.
pub fn likes_posteriors(texts: &[LikedText], options: &LikesOptions) -> Result<(Vec<Posterior>, LikesReport)> {
    let measure = options.measure(texts)?;
    let exposure = options.exposure(measure, texts)?;
    let evidence = evidence(texts, measure, &exposure)?;
    let prior = match (options.prior, evidence.first()) {
        (Some((first, second)), Some(evidence)) => Prior::new(evidence, first, second),
        _ => Prior::estimate(&evidence),
    };
    let prior = prior.map_err(Error::likes_option)?;
    let posteriors = evidence
        .iter()
        .enumerate()
        .map(|(row, evidence)| Posterior::new(&prior, evidence).map_err(|problem| at_row(row, problem)));
    let posteriors = posteriors.collect::<Result<Vec<_>>>()?;
    let timed = measure == Measure::PerTime && exposure.attention != Attention::Equal;
    let report = LikesReport {
        texts: texts.len(),
        prompts: 0,
        measure,
        prior,
        prior_mean: prior.mean(),
        attention: (measure == Measure::PerTime).then_some(exposure.attention),
        half_life: timed.then_some(exposure.half_life),
    };
    Ok((posteriors, report))
}

fn evidence(texts: &[LikedText], measure: Measure, exposure: &Exposure) -> Result<Vec<Evidence>> {
    let starts = thread_starts(texts);
    let now = chrono::Utc::now().timestamp() as f64;
    let evidence = texts.iter().enumerate().map(|(row, text)| {
        let hours = match text.time {
            Some(time) if exposure.as_of.is_none() && time > now => Err(LikesError::TimeInFuture { time, as_of: now }),
            Some(time) if measure == Measure::PerTime => {
                let start = text.thread_time.or_else(|| starts.get(text.prompt.as_str()).copied());
                exposure.hours(time, start.unwrap_or(time))
            }
            _ => Ok(1.0),
        };
        hours.and_then(|hours| text.counts().evidence(measure, hours)).map_err(|problem| at_row(row, problem))
    });
    evidence.collect()
}

/// When the first text of each prompt was posted.
fn thread_starts(texts: &[LikedText]) -> HashMap<&str, f64> {
    let mut starts: HashMap<&str, f64> = HashMap::new();
    for text in texts {
        if let Some(time) = text.time {
            starts.entry(&text.prompt).and_modify(|start| *start = start.min(time)).or_insert(time);
        }
    }
    starts
}

fn at_row(row: usize, problem: LikesError) -> Error {
    match problem {
        // The measure does not fit any text.
        LikesError::MissingCount { .. } => Error::likes_option(problem),
        problem => Error::Likes { origin: "texts with likes".to_owned(), row: row + 1, problem },
    }
}
