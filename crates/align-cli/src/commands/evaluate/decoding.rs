//! Checks that the texts of the compared files were generated alike.

use crate::{generation_record, log};
use align_inference::{GenerationDifference, GenerationRecord};
use serde_json::Value;
use std::path::PathBuf;

/// What the records of the files say about how far the files are comparable.
#[derive(Default)]
pub struct DecodingCheck {
    /// Files that were decoded differently, or from other prompts.
    pub warnings: Vec<String>,
    /// Files that cannot be checked, if at least one file can.
    pub notes: Vec<String>,
}

impl DecodingCheck {
    /// Prints the warnings and notes to standard error.
    pub fn print(&self) {
        self.warnings.iter().for_each(|warning| log::warning(warning));
        self.notes.iter().for_each(|note| log::message("note", &format!("note: {note}")));
    }
}

/// Compares the records of the files with the first of them. `names` are the files' names in messages.
pub fn check(paths: &[PathBuf], names: &[String]) -> DecodingCheck {
    let records = paths.iter().map(|path| generation_record::read(path));
    let files: Vec<(&String, Option<GenerationRecord>)> = names.iter().zip(records).collect();
    let known = || files.iter().filter_map(|(name, record)| Some((name.as_str(), record.as_ref()?)));
    let Some((first, of_first)) = known().next() else { return DecodingCheck::default() };
    let mut warnings = Vec::new();
    for (name, record) in known().skip(1) {
        let differences = of_first.differences(record);
        if !differences.is_empty() {
            let [ours, theirs] = [0, 1].map(|side| described(&differences, side));
            warnings.push(format!(
                "{first} was generated with {ours}, {name} with {theirs}: their entropies and rewards differ for that reason too"
            ));
        }
        if of_first.prompts != record.prompts {
            let (one, other) = (of_first.prompts.count, record.prompts.count);
            warnings.push(format!(
                "{first} and {name} were generated from different prompts ({one} and {other}): their texts are not comparable one by one"
            ));
        }
    }
    let unknown = files.iter().zip(paths).filter(|((_, record), _)| record.is_none());
    let note = |((name, _), path): (&(&String, _), &PathBuf)| {
        let missing = crate::models::file_name(&GenerationRecord::path(path));
        format!("it is unknown how {name} was generated: there is no {missing} beside it")
    };
    DecodingCheck { warnings, notes: unknown.map(note).collect() }
}

/// The options with their values in one of the files: `temperature 4 and num_beams 5`.
fn described(differences: &[GenerationDifference], side: usize) -> String {
    let value = |difference: &GenerationDifference| match difference.values.get(side) {
        None | Some(Value::Null) => format!("no {}", difference.option),
        // 4.0 is written as 4, as on the command line.
        Some(Value::Number(number)) => match number.as_f64() {
            Some(number) => format!("{} {number}", difference.option),
            None => format!("{} {number}", difference.option),
        },
        Some(value) => format!("{} {value}", difference.option),
    };
    let options: Vec<String> = differences.iter().map(value).collect();
    match options.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => options.concat(),
    }
}
