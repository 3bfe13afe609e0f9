//! The input texts.

use crate::column_option::ColumnOption;
use crate::data_layout::Layout;
use crate::usage::UsageError;
use crate::{Failure, output};
use align_base::{counted, printable_path};
use align_data::tables::Examples;
use align_data::{CompletionExample, EncodedCompletion, Error, Texts, Tokenizer, encode_completions};
use align_frontier::TokenisedText;
use align_metrics::Clusters;
use std::path::{Path, PathBuf};

const LAYOUTS: [Layout; 5] =
    [Layout::Texts, Layout::ScoredTexts, Layout::LabelledTexts, Layout::Completions, Layout::Conversations];

/// Texts with what distinguishes their prompts, if they have prompts; or prompts with completions, or conversations.
enum Rows {
    Texts(Vec<String>, Option<Vec<String>>),
    Completions(Vec<CompletionExample>),
}

/// The rows of a file.
pub struct Table {
    file: PathBuf,
    rows: Rows,
}

impl Table {
    /// Reads lines of a file with the ending txt, texts if the table has a column `text`, and other rows otherwise.
    pub fn read(file: &Path, columns: &ColumnOption) -> Result<Self, Failure> {
        if file.extension().is_some_and(|ending| ending == "txt") {
            if columns.is_given() {
                let problem = format!("--columns has no effect: {} has one text per line", file.display());
                return Err(UsageError::new(problem).into());
            }
            let lines = align_data::read_lines(file)?;
            if let Some(index) = lines.iter().position(|line| line.trim().is_empty()) {
                let place = format!("{}, line {}", file.display(), index + 1);
                return Err(format!("{place}: the text is empty; remove the line").into());
            }
            return Ok(Self { file: file.to_owned(), rows: Rows::Texts(lines, None) });
        }
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
        let rows = columns.read(&LAYOUTS, |names| match Texts::read_renamed(file, names) {
            Ok(texts) => Ok(Rows::Texts(owned(texts.texts()), texts.prompt_keys().map(owned))),
            Err(no_texts @ (Error::MissingColumns { .. } | Error::ColumnNames { .. })) => {
                match Examples::<CompletionExample>::read_renamed(file, names) {
                    Ok(rows) => Ok(Rows::Completions(rows.into_rows())),
                    Err(Error::MissingColumns { .. } | Error::ColumnNames { .. }) => Err(no_texts),
                    Err(other) => Err(other),
                }
            }
            Err(other) => Err(other),
        })?;
        Ok(Self { file: file.to_owned(), rows })
    }

    /// The first `max_texts` rows, truncated to `max_length` tokens. Rows without a predicted token are left out.
    pub fn tokenise(
        &self,
        tokenizer: &Tokenizer,
        max_texts: usize,
        max_length: usize,
    ) -> Result<Vec<TokenisedText>, Failure> {
        if max_texts < 2 {
            return Err(format!("--max-texts is {max_texts}, expected at least 2").into());
        }
        if max_length < 2 {
            return Err(format!("--max-length is {max_length}, expected at least 2").into());
        }
        let file = printable_path(&self.file);
        let tokenised: Vec<TokenisedText> = match &self.rows {
            Rows::Texts(texts, prompts) => {
                let taken: Vec<&String> = texts.iter().take(max_texts).collect();
                let ids = tokenizer.encode_batch(&taken, true, Some(max_length)).map_err(|e| format!("{file}: {e}"))?;
                let groups = match prompts {
                    Some(prompts) => Clusters::by(prompts).of_rows().to_vec(),
                    None => (0..taken.len()).collect(),
                };
                ids.into_iter().zip(groups).map(|(ids, group)| split(ids, 1, group)).collect()
            }
            Rows::Completions(rows) => {
                let taken = rows.get(..max_texts).unwrap_or(rows);
                let encoded = encode_completions(tokenizer, taken, false).map_err(|e| format!("{file}: {e}"))?;
                let groups = Clusters::by(&encoded.iter().map(|row| &row.prompt_ids).collect::<Vec<_>>());
                let row = |(EncodedCompletion { prompt_ids, completion_ids }, group): (EncodedCompletion, usize)| {
                    let prompt = prompt_ids.len().max(1);
                    let mut ids = [prompt_ids, completion_ids].concat();
                    ids.truncate(max_length);
                    split(ids, prompt, group)
                };
                encoded.into_iter().zip(groups.of_rows().iter().copied()).map(row).collect()
            }
        };
        let all = tokenised.len();
        let kept: Vec<TokenisedText> = tokenised.into_iter().filter(|text| !text.completion_ids.is_empty()).collect();
        if kept.len() < all {
            let left_out = counted(all - kept.len(), "text");
            output::note!("{left_out} of {file} left out: no token is predicted within --max-length");
        }
        let groups = Clusters::by(&kept.iter().map(|text| text.group).collect::<Vec<_>>()).count();
        match groups {
            0 | 1 => Err(format!(
                "{file}: expected at least 2 texts of different prompts, with 2 tokens each, found {}",
                if groups == 0 { "none".to_owned() } else { format!("{} of one prompt", counted(kept.len(), "text")) }
            )
            .into()),
            _ => Ok(kept),
        }
    }
}

/// Splits a text before the tokens along which distributions are compared.
fn split(mut ids: Vec<i64>, prompt: usize, group: usize) -> TokenisedText {
    let completion_ids = ids.split_off(prompt.min(ids.len()));
    TokenisedText { prompt_ids: ids, completion_ids, group }
}
