use crate::wording::{ranks, seconds};
use std::fmt;
use std::time::Duration;

/// What is known about the other ranks after an operation failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Ranks that showed no sign of life: they ended, are stopped, or are cut off from the store.
    pub silent: Vec<usize>,
    /// Ranks that left the group in order before this operation.
    pub left: Vec<usize>,
    /// Ranks that are alive but did not come to this operation, with the last one that they came to.
    pub late: Vec<(usize, String)>,
    /// The store did not answer: where it is, and which process holds it.
    pub store_lost: Option<String>,
    /// What another rank reported first.
    pub reported: Option<String>,
    /// How long signs of life were waited for.
    pub watched: Duration,
    /// The error of the operation.
    pub problem: String,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut findings = Vec::new();
        if !self.silent.is_empty() {
            let (have, ended) = if self.silent.len() == 1 {
                ("has", "it has ended, is stopped, or is cut off")
            } else {
                ("have", "they have ended, are stopped, or are cut off")
            };
            findings.push(format!(
                "{} {have} shown no sign of life for {} ({ended})",
                ranks(&self.silent),
                seconds(self.watched)
            ));
        }
        if !self.left.is_empty() {
            findings.push(format!("{} left the group before this operation", ranks(&self.left)));
        }
        for (rank, last) in &self.late {
            findings.push(format!("rank {rank} is running but has not come to this operation ({last})"));
        }
        if let Some(store) = &self.store_lost {
            findings.push(store.clone());
        }
        if let Some(reported) = &self.reported {
            findings.push(format!("the first error was: {reported}"));
        }
        if findings.is_empty() {
            findings.push(format!("all ranks are running, but their connections failed: {}", self.problem));
        }
        f.write_str(&findings.join("; "))
    }
}
