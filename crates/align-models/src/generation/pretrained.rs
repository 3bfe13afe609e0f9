//! Reading `generation_config.json` of transformers.

use super::unsupported_options::reject_unsupported;
use super::{EarlyStopping, GenerationConfig, validation};
use crate::pretrained_config::read_small_file;
use crate::{Error, Result, bounded_json, json_field};
use align_base::printable_path;
use serde_json::{Map, Value};
use std::path::Path;

impl GenerationConfig {
    /// Reads the options from `generation_config.json` in a model's folder, or returns the defaults if there is no such file.
    ///
    /// Options that are `null` or have the default value of transformers are not set. As in transformers, `max_new_tokens` takes
    /// precedence over `max_length`, and `min_new_tokens` over `min_length`. If the file has no EOS, that of `config.json` is used.
    ///
    /// ```no_run
    /// use align_models::generation::{Generation, GenerationConfig};
    ///
    /// let config = GenerationConfig { max_new_tokens: Some(40), ..GenerationConfig::from_pretrained("models/gpt2")? };
    /// let generation = Generation::new(config)?;
    /// # Ok::<(), align_models::Error>(())
    /// ```
    ///
    /// # Errors
    /// The folder does not exist; the file cannot be read or is malformed; it sets an option of transformers that this crate does not
    /// support; a value is out of range. Combinations of options are checked by [`Generation::new`](super::Generation::new).
    pub fn from_pretrained(dir: impl AsRef<Path>) -> Result<Self> {
        let (dir, path) = (dir.as_ref(), dir.as_ref().join("generation_config.json"));
        // A GGUF file has no generation options besides the ids of its config.
        if align_gguf::GgufFile::is_gguf(dir) {
            return Ok(Self::default());
        }
        match path.try_exists() {
            Ok(true) => Self::from_json_file(path),
            Ok(false) if dir.is_dir() => Ok(Self::default()),
            Ok(false) => Err(Error::Config { path: dir.to_owned(), reason: "no such folder".into() }),
            Err(e) => Err(Error::Config { path, reason: format!("cannot be read: {e}") }),
        }
    }

    /// Reads the options from a file in the format of `generation_config.json`; see [`from_pretrained`](Self::from_pretrained).
    ///
    /// # Errors
    /// The errors of [`from_pretrained`](Self::from_pretrained); the file does not exist.
    pub fn from_json_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let fail = |reason: String| Error::Config { path: path.to_owned(), reason };
        let text = read_small_file(path)?;
        let mut options: Map<String, Value> =
            bounded_json::parse(text.as_bytes()).map_err(|e| fail(format!("is not a generation config: {e}")))?;
        options.retain(|_, value| !value.is_null());
        let unknown = reject_unsupported(&mut options).map_err(fail)?;
        if !unknown.is_empty() {
            let path = printable_path(path);
            tracing::warn!(path, ?unknown, "unknown generation options are ignored");
        }
        let config = parse(options).map_err(fail)?.without_defaults();
        validation::ranges(&config).map_err(|e| fail(e.to_string()))?;
        Ok(config)
    }

    /// Unsets options that have their default value, and `max_length` and `min_length` if the newer option is set.
    fn without_defaults(mut self) -> Self {
        let numbers = [
            (&mut self.temperature, 1.0),
            (&mut self.top_p, 1.0),
            (&mut self.typical_p, 1.0),
            (&mut self.epsilon_cutoff, 0.0),
            (&mut self.eta_cutoff, 0.0),
            (&mut self.length_penalty, 1.0),
        ];
        for (option, default) in numbers {
            option.take_if(|value| *value == default);
        }
        for ids in [&mut self.suppress_tokens, &mut self.begin_suppress_tokens, &mut self.forced_eos_token_id] {
            ids.take_if(|ids| ids.is_empty());
        }
        self.bad_words_ids.take_if(|words| words.is_empty());
        self.sequence_bias.take_if(|biases| biases.is_empty());
        self.stop_strings.take_if(|texts| texts.is_empty());
        self.top_k.take_if(|k| *k == 50);
        self.early_stopping.take_if(|stopping| *stopping == EarlyStopping::default());
        self.min_length.take_if(|length| *length == 0);
        self.min_new_tokens.take_if(|tokens| *tokens == 0);
        if self.max_new_tokens.is_some() {
            self.max_length = None;
        }
        if self.min_new_tokens.is_some() {
            self.min_length = None;
        }
        self
    }
}

fn parse(options: Map<String, Value>) -> std::result::Result<GenerationConfig, String> {
    json_field::deserialize(Value::Object(options))
}
