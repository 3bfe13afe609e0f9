//! Parts of messages.

use std::fmt;
use std::time::Duration;

/// A duration for messages, such as `5.0 s`.
pub(crate) fn seconds(duration: Duration) -> impl fmt::Display {
    format!("{:.1} s", duration.as_secs_f64())
}

/// Ranks for messages: `rank 2`, or `ranks 1, 2 and 5`.
pub(crate) fn ranks(ranks: &[usize]) -> String {
    let words: Vec<String> = ranks.iter().map(ToString::to_string).collect();
    match words.split_last() {
        None => "no rank".to_owned(),
        Some((only, [])) => format!("rank {only}"),
        Some((last, others)) => format!("ranks {} and {last}", others.join(", ")),
    }
}
