//! The file of a run's rounds: a JSON line per round.

use crate::{Result, TextGroup};
use align_train::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// What a round did before its first step: the texts that the policy wrote, and what was measured on them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundRecord {
    /// The round, counted from 1. After the last step, the policy writes texts once more, which do not train: a round more than the run
    /// has.
    pub round: u64,
    /// The optimiser steps before it.
    pub step: u64,
    /// The sampling temperature.
    pub temperature: f64,
    /// Texts per prompt.
    pub num_generations: usize,
    /// The weight of the divergence from the reference model in the steps of this round.
    pub beta: f64,
    /// The training rows that the texts gave.
    pub rows: usize,
    /// The rows in the order in which the steps of the round use them. Numbers from `rows` on are rows of earlier rounds, in their order:
    /// of all with replay, and otherwise of the last round that had any.
    pub order: Vec<usize>,
    /// What was measured on the texts, under the names of the metrics file.
    pub metrics: BTreeMap<String, f64>,
    /// The texts, by prompt.
    pub groups: Vec<TextGroup>,
    /// How long each phase took.
    pub seconds: PhaseSeconds,
}

/// The wall-clock time of the phases of a round, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseSeconds {
    /// The steps of the round before this one, with their checkpoints; 0 if there were none since the start or the resume.
    pub training_before: f64,
    /// Writing the texts.
    pub generation: f64,
    /// Judging them.
    pub scoring: f64,
    /// Computing their log-probabilities under the policy and the reference model.
    pub log_probabilities: f64,
}

impl PhaseSeconds {
    /// The time of both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            training_before: self.training_before + other.training_before,
            generation: self.generation + other.generation,
            scoring: self.scoring + other.scoring,
            log_probabilities: self.log_probabilities + other.log_probabilities,
        }
    }
}

impl RoundRecord {
    /// A metric of the round.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).copied()
    }

    /// The rounds in a file that a run has written, [`RunFolder::ROUNDS`](align_train::RunFolder::ROUNDS).
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is not a round.
    pub fn read(path: &Path) -> Result<Vec<Self>> {
        let fail = |reason: String| Error::Records { path: path.to_owned(), reason };
        let file = File::open(path).map_err(|e| fail(e.to_string()))?;
        let mut records = Vec::new();
        for (line, text) in BufReader::new(file).lines().enumerate() {
            let text = text.map_err(|e| fail(e.to_string()))?;
            let record = serde_json::from_str(&text);
            records.push(record.map_err(|e| fail(format!("line {} is not a round: {e}", line + 1)))?);
        }
        Ok(records)
    }

    /// Appends the round to a file.
    pub(crate) fn append(&self, path: &Path) -> Result<()> {
        let fail = |problem: std::io::Error| Error::Output { path: path.to_owned(), reason: problem.to_string() };
        let mut line = serde_json::to_vec(self).map_err(|e| fail(e.into()))?;
        line.push(b'\n');
        let file = OpenOptions::new().append(true).create(true).open(path);
        Ok(file.and_then(|mut file| file.write_all(&line)).map_err(fail)?)
    }
}
