//! What is to be sent to the server, in memory of bounded size.

use serde_json::{Value, json};
use std::collections::VecDeque;

/// Most metrics that wait for a server that cannot be reached: about 20 MiB. Later ones are not sent.
const MAX_WAITING: usize = 200_000;

/// A metric of a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Metric {
    pub name: String,
    pub value: f64,
    pub step: u64,
    /// Milliseconds since 1970.
    pub time_ms: u64,
}

impl Metric {
    /// MLflow accepts NaN and infinities as texts.
    pub fn to_json(&self) -> Value {
        let value = match self.value {
            value if value.is_nan() => json!("NaN"),
            f64::INFINITY => json!("Infinity"),
            f64::NEG_INFINITY => json!("-Infinity"),
            value => json!(value),
        };
        json!({ "key": self.name, "value": value, "timestamp": self.time_ms, "step": self.step })
    }
}

/// Parameters and metrics that were not sent yet.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub parameters: VecDeque<(String, String)>,
    pub metrics: VecDeque<Metric>,
    /// Metrics for which there was no room.
    pub dropped: usize,
}

impl Queue {
    /// Adds metrics if there is room.
    pub fn add(&mut self, metrics: Vec<Metric>) {
        let room = MAX_WAITING.saturating_sub(self.metrics.len());
        self.dropped += metrics.len().saturating_sub(room);
        self.metrics.extend(metrics.into_iter().take(room));
    }

    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty() && self.metrics.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_counts_what_it_drops() {
        let metric = |step| Metric { name: "loss".to_owned(), value: f64::NAN, step, time_ms: 7 };
        let mut queue = Queue::default();
        queue.add((0..MAX_WAITING as u64 - 1).map(metric).collect());
        queue.add((0..3).map(metric).collect());
        assert_eq!((queue.metrics.len(), queue.dropped), (MAX_WAITING, 2));
        assert_eq!(metric(2).to_json(), json!({ "key": "loss", "value": "NaN", "timestamp": 7, "step": 2 }));
    }
}
