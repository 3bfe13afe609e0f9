use crate::Failure;
use crate::column_option::ColumnOption;
use crate::data_layout::Layout;
use crate::run_options::{Examples, print_encode_report};
use crate::usage::UsageError;
use align_data::pairing::{PairOptions, PairStrategy};
use align_data::tables::PreferenceData;
use align_data::{
    EncodeOptions, EncodedPair, InvalidRows, PairExample, PairNumber, PreferencePair, Tokenizer, encode_pairs,
};
use std::path::PathBuf;

/// Options for turning preference data into training examples.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct DataOptions {
    /// Number of pairs to sample per prompt if a file holds scored texts [default: 50].
    #[arg(long)]
    pub pairs_per_prompt: Option<usize>,
    /// Maximum number of tokens in a prompt and its completion together [default: the model's limit].
    #[arg(long)]
    pub max_length: Option<usize>,
    /// Remove the prompt from completions that begin with it; with false, the prompt occurs twice in the sequence.
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    pub strip_prompt: bool,
    /// What happens to rows that teach nothing: rows that the chat template refuses, rows without a completion, and pairs of equal sides.
    #[arg(long, value_enum, default_value = "drop")]
    pub invalid_rows: InvalidRows,
}

impl DataOptions {
    /// Tokenises pairs for a model with `n_positions` positions, and prints what was dropped.
    pub fn encode(
        &self,
        tokenizer: &Tokenizer,
        pairs: &[PreferencePair],
        n_positions: i64,
    ) -> Result<Vec<EncodedPair>, Failure> {
        let limit = self.max_length.unwrap_or(n_positions as usize);
        let (max_length, strip_prompt, invalid_rows) = (Some(limit), self.strip_prompt, self.invalid_rows);
        let options = EncodeOptions { max_length, strip_prompt, invalid_rows, ..EncodeOptions::default() };
        let encoded = encode_pairs(tokenizer, pairs, &options)?;
        if encoded.pairs.is_empty() {
            return Err(format!("no pair fits into --max-length {limit}: {}", encoded.report).into());
        }
        print_encode_report(&encoded.report);
        Ok(encoded.pairs)
    }

    /// Refuses the options of scored texts if the files are streamed.
    pub fn check_streaming(&self, streams: bool) -> Result<(), Failure> {
        match streams && self.pairs_per_prompt.is_some() {
            true => {
                let problem = "--pairs-per-prompt makes pairs out of scored texts, which needs all of them: make pairs first, with align pair, \
                               or leave --streaming out";
                Err(UsageError::new(problem).into())
            }
            false => Ok(()),
        }
    }

    /// Reads pairs with the numbers that the loss uses, or reads scored texts and samples pairs from them at random.
    pub fn read(
        &self,
        files: &[PathBuf],
        columns: &ColumnOption,
        numbers: &[PairNumber],
        seed: u64,
    ) -> Result<Examples<PairExample>, Failure> {
        let data = columns.read(&[Layout::Pairs, Layout::ScoredTexts], |names| {
            PreferenceData::read_files_with_numbers(files, names, numbers)
        })?;
        if data.is_empty() {
            let files = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
            return Err(format!("{files}: expected preference pairs or scored texts, found no rows").into());
        }
        if self.pairs_per_prompt.is_some() && matches!(data, PreferenceData::Pairs(_)) {
            let problem = "--pairs-per-prompt applies to scored texts, but the file already holds pairs: leave it out";
            return Err(UsageError::new(problem).into());
        }
        let notes = match &data {
            PreferenceData::Pairs(pairs) => pairs.notes().to_vec(),
            PreferenceData::Texts(_) => Vec::new(),
        };
        let options = PairOptions { strategy: PairStrategy::Random, pairs_per_prompt: self.pairs_per_prompt, seed };
        let (rows, report) = data.into_pairs(&options)?;
        Ok(Examples { rows, notes: notes.into_iter().chain(report.iter().map(ToString::to_string)).collect() })
    }
}
