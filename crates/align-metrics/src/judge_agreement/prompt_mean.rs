use crate::compensated_sum::CompensatedSum;
use crate::{Bootstrap, Interval, Result};
use serde::{Deserialize, Serialize};

/// A mean over prompts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PromptMean {
    /// The mean.
    pub value: f64,
    /// Its bootstrap interval over prompts, if there are at least two.
    pub interval: Option<Interval>,
    /// The number of prompts that have the quantity.
    pub prompts: usize,
}

impl PromptMean {
    /// The mean over the prompts that have a value. `None` if none has.
    pub(super) fn of(values: impl IntoIterator<Item = Option<f64>>, bootstrap: &Bootstrap) -> Result<Option<Self>> {
        let values: Vec<f64> = values.into_iter().flatten().collect();
        let mean = |rows: &[usize]| {
            CompensatedSum::of(rows.iter().filter_map(|row| values.get(*row)).copied()) / rows.len() as f64
        };
        let all: Vec<usize> = (0..values.len()).collect();
        let interval = if values.len() < 2 { None } else { Some(bootstrap.interval(values.len(), mean)?) };
        Ok((!all.is_empty()).then(|| Self { value: mean(&all), interval, prompts: all.len() }))
    }
}
