//! Sample texts for trackers.

use super::SampleRecord;
use crate::{Error, Result};
use align_data::chat::Message;
use align_trackers::tensorboard::Value;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Most prompts whose texts a tracker shows.
const MAX_PROMPTS: usize = 40;

/// Reads the lines of the sample texts' file as they are added.
#[derive(Debug)]
pub(crate) struct TrackerTexts {
    path: PathBuf,
    from_beginning: bool,
    /// The bytes that were read.
    read: u64,
}

impl TrackerTexts {
    /// The texts of a file, from its beginning or from its end when the run begins.
    pub fn new(path: &Path, from_beginning: bool) -> Self {
        Self { path: path.to_owned(), from_beginning, read: 0 }
    }

    /// Passes over the texts that are there when the run begins, after those from after its checkpoint were removed, unless they are wanted.
    pub fn begin(&mut self) {
        if !self.from_beginning {
            self.read = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        }
    }

    /// The texts that were added, with their steps.
    pub fn added(&mut self) -> Result<Vec<(u64, Value)>> {
        let fail = |reason: String| Error::Records { path: self.path.clone(), reason };
        let mut text = String::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.read))?;
            file.read_to_string(&mut text)
        });
        read.map_err(|e| fail(e.to_string()))?;
        self.read += text.len() as u64;
        let (mut values, mut of_step) = (Vec::new(), (0, 0));
        for line in text.lines() {
            let record: SampleRecord =
                serde_json::from_str(line).map_err(|e| fail(format!("a line is not a sample text: {e}")))?;
            let step = record.step();
            of_step = if of_step.0 == step { (step, of_step.1 + 1) } else { (step, 1) };
            if of_step.1 <= MAX_PROMPTS {
                values.push((step, Value::text(&format!("samples/{}", of_step.1), &markdown(&record))));
            }
        }
        Ok(values)
    }
}

/// The prompt as a quotation, and the text below it.
fn markdown(record: &SampleRecord) -> String {
    let turns = |messages: &[Message]| {
        let turn = |message: &Message| format!("{}: {}", message.role(), message.content().unwrap_or_default());
        messages.iter().map(turn).collect::<Vec<_>>().join("\n\n")
    };
    let (prompt, text) = match record {
        SampleRecord::Text { prompt, text, .. } => (prompt.clone(), text.clone()),
        SampleRecord::Answer { prompt, completion, .. } => (turns(prompt), turns(completion)),
    };
    let quoted: String = prompt.lines().map(|line| format!("> {line}\n")).collect();
    format!("{quoted}\n{text}")
}
