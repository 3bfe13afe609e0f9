//! How the texts of a table were generated, recorded in a file beside the table.

use crate::{Error, InferenceIdentity, Result};
use align_base::files::{self, Hasher};
use align_models::generation::GenerationConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Records are much smaller.
const MAX_FILE_SIZE: u64 = 1 << 24;
/// Options that texts do not depend on, or that belong to the model or to a single run.
const NOT_COMPARED: [&str; 5] = ["seed", "output_scores", "eos_token_id", "bos_token_id", "pad_token_id"];
/// Options that only sampling uses.
const SAMPLING: [&str; 7] = ["temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff"];

/// Options that only beam search uses; without it, texts do not depend on their number.
const BEAM_SEARCH: [&str; 3] = ["num_return_sequences", "length_penalty", "early_stopping"];

/// How the texts of a table were generated. The record of `texts.csv` is the file `texts.csv.generation.json`. It tells a comparison
/// of two tables whether their texts were decoded alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerationRecord {
    /// The version of align.
    pub align: String,
    /// The name of the model.
    pub model: String,
    /// [`InferenceIdentity`]: the model's config, and digests of its weights and its tokeniser.
    pub model_identity: Value,
    /// The prompts.
    pub prompts: PromptsRecord,
    /// How often each prompt was continued.
    pub texts_per_prompt: usize,
    /// The generation options, with the seed.
    pub generation: GenerationConfig,
}

/// The prompts of generated texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptsRecord {
    /// The number of different prompts.
    pub count: usize,
    /// A digest of the different prompts. It does not depend on their order.
    pub blake3: String,
}

/// A generation option that differs between two tables.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationDifference {
    /// The option.
    pub option: String,
    /// Its value in each of the two tables; null if it is not set.
    pub values: [Value; 2],
}

impl PromptsRecord {
    /// The record of these prompts.
    pub fn of<S: AsRef<str>>(prompts: &[S]) -> Self {
        let different: BTreeSet<&str> = prompts.iter().map(AsRef::as_ref).collect();
        let mut hasher = Hasher::new("different prompts");
        for prompt in &different {
            hasher.part(prompt.as_bytes());
        }
        Self { count: different.len(), blake3: hasher.digest() }
    }
}

impl GenerationRecord {
    /// The record of texts that a model generates.
    ///
    /// # Errors
    /// An identity that cannot be serialised.
    pub fn new<S: AsRef<str>>(
        model: &str,
        identity: &InferenceIdentity,
        prompts: &[S],
        texts_per_prompt: usize,
        generation: &GenerationConfig,
    ) -> Result<Self> {
        Ok(Self {
            align: env!("CARGO_PKG_VERSION").to_owned(),
            model: model.to_owned(),
            model_identity: serde_json::to_value(identity).map_err(|e| Error::Identity(e.to_string()))?,
            prompts: PromptsRecord::of(prompts),
            texts_per_prompt,
            generation: generation.clone(),
        })
    }

    /// The path of the record of a table: `TABLE.generation.json`.
    #[must_use]
    pub fn path(table: &Path) -> PathBuf {
        let mut name = table.as_os_str().to_owned();
        name.push(".generation.json");
        PathBuf::from(name)
    }

    /// Reads the record of a table. `None` if it has none.
    ///
    /// # Errors
    /// A file with the record's name that is no record or cannot be read.
    pub fn read(table: &Path) -> Result<Option<Self>> {
        let path = Self::path(table);
        let bytes = match files::read_file(&path, MAX_FILE_SIZE) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::GenerationRecord { problem: format!("cannot be read: {error}"), path }),
        };
        let record = serde_json::from_slice(&bytes);
        record
            .map(Some)
            .map_err(|e| Error::GenerationRecord { problem: format!("not a record of generation: {e}"), path })
    }

    /// Checks that the record can be written beside a table: no other record is there, unless `overwrite` is set, and no other file.
    ///
    /// # Errors
    /// A file with the record's name.
    pub fn check_destination(&self, table: &Path, overwrite: bool) -> Result<()> {
        match Self::read(table)? {
            Some(other) if !overwrite && other != *self => Err(Error::RecordExists { path: Self::path(table) }),
            _ => Ok(()),
        }
    }

    /// Writes the record beside a table, atomically.
    ///
    /// # Errors
    /// As [`check_destination`](Self::check_destination), and errors of the file system.
    pub fn write(&self, table: &Path, overwrite: bool) -> Result<()> {
        self.check_destination(table, overwrite)?;
        let path = Self::path(table);
        let fail = |problem: String| Error::GenerationRecord { problem, path: path.clone() };
        let text = serde_json::to_string_pretty(self).map_err(|e| fail(e.to_string()))?;
        // The check found no file, or a record that may be replaced.
        files::write_file(&path, true, |file| writeln!(file, "{text}"))
            .map_err(|e| fail(format!("cannot be written: {e}")))
    }

    /// Removes the record of a table that is replaced by one without a record.
    ///
    /// # Errors
    /// A record that exists although `overwrite` is not set, another file with its name, and errors of the file system.
    pub fn remove(table: &Path, overwrite: bool) -> Result<()> {
        let path = Self::path(table);
        match Self::read(table)? {
            None => Ok(()),
            Some(_) if !overwrite => Err(Error::RecordExists { path }),
            Some(_) => std::fs::remove_file(&path)
                .map_err(|e| Error::GenerationRecord { problem: format!("cannot be removed: {e}"), path }),
        }
    }

    /// The options that make these texts differ in kind from those of another table. Seeds and models are not compared. An option that
    /// is not set has its default.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<GenerationDifference> {
        let [ours, theirs] = [effective_options(&self.generation), effective_options(&other.generation)];
        let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        let both = |is: &dyn Fn(&GenerationConfig) -> bool| is(&self.generation) && is(&other.generation);
        let (both_sample, both_have_beams) = (both(&|config| config.do_sample), both(&|config| config.num_beams > 1));
        let is_compared = |name: &&String| match name.as_str() {
            name if SAMPLING.contains(&name) => both_sample,
            name if BEAM_SEARCH.contains(&name) => both_have_beams,
            name => !NOT_COMPARED.contains(&name),
        };
        let value = |options: &Map<String, Value>, name: &str| options.get(name).cloned().unwrap_or_default();
        let difference = |name: &String| {
            let values = [value(&ours, name), value(&theirs, name)];
            (values[0] != values[1]).then(|| GenerationDifference { option: name.clone(), values })
        };
        names.into_iter().filter(is_compared).filter_map(difference).collect()
    }
}

/// The options with the defaults of those that are not set.
fn effective_options(config: &GenerationConfig) -> Map<String, Value> {
    let mut options = match serde_json::to_value(config) {
        Ok(Value::Object(options)) => options,
        _ => Map::new(),
    };
    let defaults = [
        ("temperature", json!(1.0)),
        ("top_k", json!(50)),
        ("top_p", json!(1.0)),
        ("typical_p", json!(1.0)),
        ("epsilon_cutoff", json!(0.0)),
        ("eta_cutoff", json!(0.0)),
        ("length_penalty", json!(1.0)),
        ("early_stopping", json!(false)),
    ];
    for (name, default) in defaults {
        options.entry(name).or_insert(default);
    }
    if config.max_length.is_none() && config.max_new_tokens.is_none() {
        options.insert("max_new_tokens".to_owned(), json!(20));
    }
    options
}
