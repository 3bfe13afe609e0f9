//! Reading transformers' `generation_config.json`.

use super::not_ours::refuse_foreign;
use super::{EarlyStopping, GenerationConfig, validation};
use crate::pretrained_config::read_small_file;
use crate::{Error, Result, json_field, json_weight};
use align_base::printable_path;
use serde_json::{Map, Value};
use std::path::Path;

impl GenerationConfig {
    /// The options in a model's folder: its `generation_config.json`, or the defaults where it has none.
    ///
    /// What is written there as a default of transformers, or as `null`, is not set here. Of `max_length` and
    /// `max_new_tokens`, or `min_length` and `min_new_tokens`, the latter holds, as in transformers. An EOS that the file
    /// does not name is the one of `config.json`.
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
    /// No such folder; a file that cannot be read or is none of options; an option of transformers that this crate has
    /// not, set to something else than its default; a value outside its range. Options that fit no strategy together are
    /// left to [`Generation::new`](super::Generation::new).
    pub fn from_pretrained(dir: impl AsRef<Path>) -> Result<Self> {
        let (dir, path) = (dir.as_ref(), dir.as_ref().join("generation_config.json"));
        match path.try_exists() {
            Ok(true) => Self::from_json_file(path),
            Ok(false) if dir.is_dir() => Ok(Self::default()),
            Ok(false) => Err(Error::Config { path: dir.to_owned(), reason: "no such folder".into() }),
            Err(e) => Err(Error::Config { path, reason: format!("cannot be read: {e}") }),
        }
    }

    /// The options in a file of the form of `generation_config.json`; see [`from_pretrained`](Self::from_pretrained).
    ///
    /// # Errors
    /// As [`from_pretrained`](Self::from_pretrained), and where there is no such file.
    pub fn from_json_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let fail = |reason: String| Error::Config { path: path.to_owned(), reason };
        let text = read_small_file(path)?;
        let mut options: Map<String, Value> =
            json_weight::parse(text.as_bytes()).map_err(|e| fail(format!("is not a generation config: {e}")))?;
        options.retain(|_, value| !value.is_null());
        let unknown = refuse_foreign(&mut options).map_err(fail)?;
        if !unknown.is_empty() {
            let path = printable_path(path);
            tracing::warn!(path, ?unknown, "transformers has no such options of generation: they are left out");
        }
        let config = parse(options).map_err(fail)?.without_defaults();
        validation::ranges(&config).map_err(|e| fail(e.to_string()))?;
        Ok(config)
    }

    /// Options that say what holds anyway are not set; the newer of two names for a limit holds.
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
    json_field::named(Value::Object(options))
}
