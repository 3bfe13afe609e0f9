use crate::observer::SampleRecord;
use crate::{Error, Result};
use align_base::counted;
use align_data::chat::Message;
use align_report::{ComparedText, TextComparison, TextComparisons};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Most prompts that a report shows.
const MAX_PROMPTS: usize = 40;

/// The sample texts before the first step and after the step `after`, side by side, from a file that
/// [`SampleTexts`](crate::SampleTexts) wrote. `None` if the file does not have both.
///
/// # Errors
/// A file that cannot be read, or a line that is not a sample text (the error names it).
pub fn sample_comparisons(path: &Path, after: u64) -> Result<Option<TextComparisons>> {
    let fail = |reason: String| Error::Records { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|e| fail(e.to_string()))?;
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for (line, number) in BufReader::new(file).lines().zip(1..) {
        let line = line.map_err(|e| fail(e.to_string()))?;
        let record: SampleRecord =
            serde_json::from_str(&line).map_err(|e| fail(format!("line {number} is not a sample text: {e}")))?;
        match record.step() {
            0 => first.push(record),
            step if step == after => last.push(record),
            _ => {}
        }
    }
    let all = first.len().min(last.len());
    let Some(kind) = first.first().filter(|_| all > 0) else { return Ok(None) };
    let rows = first.iter().zip(&last).take(MAX_PROMPTS).map(|(before, after)| TextComparison {
        prompt: shown_prompt(before),
        before: shown_text(before),
        after: shown_text(after),
    });
    let texts = match kind {
        SampleRecord::Text { .. } => "Continuations of the sample prompts, drawn with the same random numbers",
        SampleRecord::Answer { .. } => "Answers to the sample prompts, by greedy decoding",
    };
    let shown = match all > MAX_PROMPTS {
        true => format!("the first {MAX_PROMPTS} of {}", counted(all, "prompt")),
        false => counted(all, "prompt"),
    };
    Ok(Some(TextComparisons {
        caption: format!("{texts}: {shown}. samples.jsonl has all texts."),
        before: "before training".to_owned(),
        after: format!("after step {after}"),
        rows: rows.collect(),
    }))
}

fn shown_prompt(record: &SampleRecord) -> String {
    match record {
        SampleRecord::Text { prompt, .. } => prompt.clone(),
        SampleRecord::Answer { prompt, .. } => match prompt.as_slice() {
            [only] if only.role() == "user" => content(only),
            messages => {
                let turns = messages.iter().map(|message| format!("{}: {}", message.role(), content(message)));
                turns.collect::<Vec<_>>().join("\n")
            }
        },
    }
}

fn shown_text(record: &SampleRecord) -> ComparedText {
    match record {
        // The report marks the prompt at the beginning of a text.
        SampleRecord::Text { prompt, text, .. } => ComparedText { text: format!("{prompt}{text}"), reward: None },
        SampleRecord::Answer { completion, .. } => {
            let text = completion.iter().map(content).collect::<Vec<_>>().join("\n");
            ComparedText { text, reward: None }
        }
    }
}

/// The text of a message; of other content, such as a list of parts, its JSON.
fn content(message: &Message) -> String {
    match (message.content(), message.fields().get("content")) {
        (Some(text), _) => text.to_owned(),
        (None, Some(value)) => value.to_string(),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(lines: &[String], after: u64) -> Result<Option<TextComparisons>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("samples.jsonl");
        std::fs::write(&path, lines.join("\n")).unwrap();
        sample_comparisons(&path, after)
    }

    fn text(step: u64, prompt: usize) -> String {
        format!(r#"{{"step":{step},"prompt":"{prompt}:","text":" at {step}"}}"#)
    }

    #[test]
    fn texts_of_the_trained_step_are_beside_those_before_training() {
        let lines: Vec<String> = [0, 4, 8].iter().flat_map(|step| [text(*step, 1), text(*step, 2)]).collect();
        let found = read(&lines, 4).unwrap().unwrap();
        assert_eq!((found.rows.len(), found.after.as_str()), (2, "after step 4"));
        assert_eq!((found.rows[1].prompt.as_str(), found.rows[1].before.text.as_str()), ("2:", "2: at 0"));
        assert_eq!(found.rows[1].after, ComparedText { text: "2: at 4".to_owned(), reward: None });
        // Nothing can be compared without texts of both.
        assert_eq!(read(&lines, 6).unwrap(), None);
        assert_eq!(read(&lines[2..], 8).unwrap(), None);
        assert_eq!(read(&[], 8).unwrap(), None);
    }

    #[test]
    fn at_most_forty_prompts_are_shown() {
        let lines: Vec<String> = [0, 2].iter().flat_map(|step| (0..41).map(|prompt| text(*step, prompt))).collect();
        let found = read(&lines, 2).unwrap().unwrap();
        assert_eq!((found.rows.len(), found.rows[39].prompt.as_str()), (40, "39:"));
        assert!(found.caption.contains("the first 40 of 41 prompts"), "{}", found.caption);
    }

    #[test]
    fn conversations_are_shown_with_their_roles() {
        let line = |step: u64, prompt: &str| {
            format!(
                r#"{{"step":{step},"prompt":[{prompt}],"completion":[{{"role":"assistant","content":"A{step}"}}]}}"#
            )
        };
        let user = r#"{"role":"user","content":"Why?"}"#;
        let system = format!(r#"{{"role":"system","content":"Be brief."}},{user}"#);
        let lines = [line(0, user), line(0, &system), line(3, user), line(3, &system)];
        let rows = read(&lines, 3).unwrap().unwrap().rows;
        let prompts: Vec<&str> = rows.iter().map(|row| row.prompt.as_str()).collect();
        assert_eq!(prompts, ["Why?", "system: Be brief.\nuser: Why?"]);
        assert_eq!((rows[0].before.text.as_str(), rows[1].after.text.as_str()), ("A0", "A3"));
    }

    #[test]
    fn a_line_that_is_not_a_sample_is_named() {
        let message = read(&[text(0, 1), "{\"step\":1}".to_owned()], 1).unwrap_err().to_string();
        assert!(message.contains("samples.jsonl") && message.contains("line 2 is not a sample text"), "{message}");
    }
}
