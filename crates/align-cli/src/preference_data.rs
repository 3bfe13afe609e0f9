use crate::run_options::Examples;
use crate::{Failure, output};
use align_data::pairing::{PairOptions, PairStrategy};
use align_data::tables::PreferenceData;
use align_data::{EncodeOptions, EncodedPair, PreferencePair, Tokenizer, encode_pairs};
use std::path::Path;

/// How preference data becomes training rows.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct DataOptions {
    /// Pairs drawn a prompt where a file holds scored texts; 50 as in the notebook if not given.
    #[arg(long)]
    pub pairs_per_prompt: Option<usize>,
    /// Most tokens of a prompt and its completion; the model's own limit if not given.
    #[arg(long)]
    pub max_length: Option<usize>,
    /// false leaves a prompt that stands in front of its completions there twice, as the notebook does.
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    pub strip_prompt: bool,
}

impl DataOptions {
    /// Tokenises pairs for a model of `n_positions`, and says what was dropped.
    pub fn encode(
        &self,
        tokenizer: &Tokenizer,
        pairs: &[PreferencePair],
        n_positions: i64,
    ) -> Result<Vec<EncodedPair>, Failure> {
        let limit = self.max_length.unwrap_or(n_positions as usize);
        let options =
            EncodeOptions { max_length: Some(limit), strip_prompt: self.strip_prompt, ..EncodeOptions::default() };
        let encoded = encode_pairs(tokenizer, pairs, &options)?;
        if encoded.pairs.is_empty() {
            return Err(format!("no pair is left with max_length {limit}: {}", encoded.report).into());
        }
        output::println!("  {}", encoded.report);
        Ok(encoded.pairs)
    }

    /// Reads pairs, or scored texts from which pairs are drawn as the notebook does.
    pub fn read(&self, path: &Path, seed: u64) -> Result<Examples<PreferencePair>, Failure> {
        let data = PreferenceData::read(path)?;
        if data.is_empty() {
            return Err(format!("{}: expected preference pairs or scored texts, found no rows", path.display()).into());
        }
        if self.pairs_per_prompt.is_some() && matches!(data, PreferenceData::Pairs(_)) {
            return Err("--pairs-per-prompt says how scored texts are paired, but the file holds pairs already".into());
        }
        let drawing = PairOptions { strategy: PairStrategy::Random, pairs_per_prompt: self.pairs_per_prompt, seed };
        let (rows, report) = data.into_pairs(&drawing)?;
        Ok(Examples { rows, notes: report.iter().map(ToString::to_string).collect() })
    }
}
