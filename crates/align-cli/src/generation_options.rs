//! Generation options of the command line. They override the model's generation_config.json.

use crate::Failure;
use align_data::Tokenizer;
use align_models::generation::{EarlyStopping, Generation, GenerationConfig};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::Path;

/// The generation options of transformers. An option that is not given is taken from the model's generation_config.json if it has
/// one, otherwise from transformers' defaults. Options in that file that do not apply to the chosen decoding strategy are ignored.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct GenerationOptions {
    /// Sample tokens instead of taking the most likely one; `--do-sample false` turns off sampling that the model's
    /// generation_config.json turns on. All options for decoding override that file.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "true|false", hide_possible_values = true)]
    pub do_sample: Option<bool>,
    /// Number of beams; 1 means no beam search [default: 1].
    #[arg(long)]
    pub num_beams: Option<usize>,
    /// Number of texts to return per prompt from one beam search or one batch of samples [default: 1]. To sample many texts, use
    /// `texts_per_prompt`.
    #[arg(long)]
    pub num_return_sequences: Option<usize>,
    /// Sampling temperature: the logits are divided by it [default: 1].
    #[arg(long)]
    pub temperature: Option<f64>,
    /// Sample from this many of the most likely tokens; 0 means all tokens [default: 50].
    #[arg(long)]
    pub top_k: Option<usize>,
    /// Sample from the smallest set of most likely tokens whose total probability reaches this value (nucleus sampling)
    /// [default: 1].
    #[arg(long)]
    pub top_p: Option<f64>,
    /// Sample from tokens whose probability is at least this fraction of the most likely token's.
    #[arg(long)]
    pub min_p: Option<f64>,
    /// Locally typical sampling: sample from the tokens whose surprisal is closest to the entropy, up to this total probability
    /// [default: 1].
    #[arg(long)]
    pub typical_p: Option<f64>,
    /// Sample from tokens of at least this probability [default: 0].
    #[arg(long)]
    pub epsilon_cutoff: Option<f64>,
    /// Like --epsilon-cutoff, but with a lower threshold where the distribution is flat [default: 0].
    #[arg(long)]
    pub eta_cutoff: Option<f64>,
    /// No n-gram of this size occurs twice in a text; 0 turns this off [default: 0].
    #[arg(long)]
    pub no_repeat_ngram_size: Option<usize>,
    /// Values above 1 make tokens that already occur in the text less likely [default: 1].
    #[arg(long)]
    pub repetition_penalty: Option<f64>,
    /// Bias added to the score of a sequence's last token id when the other ids precede it; repeat the option for each sequence.
    #[arg(long, value_parser = parse_sequence_bias, value_name = "ID,ID,..=BIAS")]
    pub sequence_bias: Vec<(Vec<i64>, f64)>,
    /// Sequence of token ids that must not be generated; repeat the option for each sequence.
    #[arg(long, value_parser = parse_ids, value_name = "ID,ID,..")]
    pub bad_words_ids: Vec<Ids>,
    /// Token ids that are never generated.
    #[arg(long, value_delimiter = ',', value_name = "ID,ID,..")]
    pub suppress_tokens: Option<Vec<i64>>,
    /// Token ids that are not generated as the first new token.
    #[arg(long, value_delimiter = ',', value_name = "ID,ID,..")]
    pub begin_suppress_tokens: Option<Vec<i64>>,
    /// Token ids to choose the last token from when a text reaches its length limit.
    #[arg(long, value_delimiter = ',', value_name = "ID,ID,..")]
    pub forced_eos_token_id: Option<Vec<i64>>,
    /// After START new tokens, make EOS more likely by FACTOR with each token.
    #[arg(long, value_parser = parse_decay, value_name = "START,FACTOR")]
    pub exponential_decay_length_penalty: Option<(usize, f64)>,
    /// Replace NaN and infinite scores instead of failing.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "true|false", hide_possible_values = true)]
    pub remove_invalid_values: Option<bool>,
    /// Normalise the scores to log-probabilities after all other processing.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "true|false", hide_possible_values = true)]
    pub renormalize_logits: Option<bool>,
    /// Beam scores are divided by the number of new tokens raised to this power [default: 1].
    #[arg(long, allow_negative_numbers = true)]
    pub length_penalty: Option<f64>,
    /// When beam search stops: true (when enough texts are finished), false (when better texts are unlikely) or never (when better
    /// texts are impossible) [default: false].
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_parser = early_stopping(),
        value_name = "true|false|never", hide_possible_values = true)]
    pub early_stopping: Option<EarlyStopping>,
    /// End a text as soon as it contains this string; may be repeated.
    #[arg(long, value_name = "TEXT")]
    pub stop_strings: Option<Vec<String>>,
    /// Token ids that end a text [default: the model's EOS].
    #[arg(long, value_delimiter = ',', value_name = "ID,ID,..")]
    pub eos_token_id: Option<Vec<i64>>,
    /// Minimum number of tokens in a text, prompt included.
    #[arg(long)]
    pub min_length: Option<usize>,
    /// Maximum number of tokens in a text, prompt included [default: the prompt's length plus 20].
    #[arg(long)]
    pub max_length: Option<usize>,
    /// Minimum number of new tokens after the prompt.
    #[arg(long)]
    pub min_new_tokens: Option<usize>,
    /// Maximum number of new tokens after the prompt [default: 20, for answers of chat models 512].
    #[arg(long)]
    pub max_new_tokens: Option<usize>,
    /// Seed for sampling.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// The limit of an answer, in tokens, if neither an option nor generation_config.json sets one.
const MAX_ANSWER_TOKENS: usize = 512;

fn early_stopping() -> impl TypedValueParser<Value = EarlyStopping> {
    PossibleValuesParser::new(["true", "false", "never"]).try_map(|name| name.parse::<EarlyStopping>())
}

/// The token ids of one sequence. A plain `Vec` would make clap expect several values.
type Ids = Box<[i64]>;

impl GenerationOptions {
    /// These options combined with those of the model in a folder.
    pub fn for_model(&self, folder: &Path) -> Result<GenerationConfig, Failure> {
        let config = self.config(GenerationConfig::from_pretrained(folder)?);
        Generation::new(config.clone())?;
        Ok(config)
    }

    /// Like [`Self::for_model`], for answers of a chat model: they have a limit that suits answers if none is set.
    pub fn for_answers(&self, folder: &Path) -> Result<GenerationConfig, Failure> {
        let config = self.for_model(folder)?;
        Ok(match (config.max_length, config.max_new_tokens) {
            (None, None) => GenerationConfig { max_new_tokens: Some(MAX_ANSWER_TOKENS), ..config },
            _ => config,
        })
    }

    /// These options combined with a model's own; these take precedence.
    pub fn config(&self, folder: GenerationConfig) -> GenerationConfig {
        let do_sample = self.do_sample.unwrap_or(folder.do_sample);
        let num_beams = self.num_beams.unwrap_or(folder.num_beams);
        let mut c = folder.with_strategy(do_sample, num_beams);
        // max_length and max_new_tokens are two forms of one limit: giving one replaces the other.
        if self.max_length.is_some() || self.max_new_tokens.is_some() {
            (c.max_length, c.max_new_tokens) = (None, None);
        }
        if self.min_length.is_some() || self.min_new_tokens.is_some() {
            (c.min_length, c.min_new_tokens) = (None, None);
        }
        GenerationConfig {
            do_sample,
            num_beams,
            num_return_sequences: self.num_return_sequences.unwrap_or(c.num_return_sequences),
            temperature: self.temperature.or(c.temperature),
            top_k: self.top_k.or(c.top_k),
            top_p: self.top_p.or(c.top_p),
            min_p: self.min_p.or(c.min_p),
            typical_p: self.typical_p.or(c.typical_p),
            epsilon_cutoff: self.epsilon_cutoff.or(c.epsilon_cutoff),
            eta_cutoff: self.eta_cutoff.or(c.eta_cutoff),
            no_repeat_ngram_size: self.no_repeat_ngram_size.unwrap_or(c.no_repeat_ngram_size),
            repetition_penalty: self.repetition_penalty.unwrap_or(c.repetition_penalty),
            sequence_bias: non_empty(&self.sequence_bias).or(c.sequence_bias),
            bad_words_ids: non_empty(&self.bad_words_ids)
                .map(|words| words.into_iter().map(Vec::from).collect())
                .or(c.bad_words_ids),
            suppress_tokens: self.suppress_tokens.clone().or(c.suppress_tokens),
            begin_suppress_tokens: self.begin_suppress_tokens.clone().or(c.begin_suppress_tokens),
            forced_eos_token_id: self.forced_eos_token_id.clone().or(c.forced_eos_token_id),
            exponential_decay_length_penalty: self
                .exponential_decay_length_penalty
                .or(c.exponential_decay_length_penalty),
            remove_invalid_values: self.remove_invalid_values.unwrap_or(c.remove_invalid_values),
            renormalize_logits: self.renormalize_logits.unwrap_or(c.renormalize_logits),
            output_scores: false,
            length_penalty: self.length_penalty.or(c.length_penalty),
            early_stopping: self.early_stopping.or(c.early_stopping),
            stop_strings: self.stop_strings.clone().or(c.stop_strings),
            eos_token_id: self.eos_token_id.clone().or(c.eos_token_id),
            min_length: self.min_length.or(c.min_length),
            max_length: self.max_length.or(c.max_length),
            min_new_tokens: self.min_new_tokens.or(c.min_new_tokens),
            max_new_tokens: self.max_new_tokens.or(c.max_new_tokens),
            seed: self.seed,
            bos_token_id: c.bos_token_id,
            pad_token_id: c.pad_token_id,
        }
    }
}

/// Adds the tokens' texts, which `stop_strings` needs, if there are stop strings.
pub fn with_stop_strings(generation: Generation, tokenizer: &Tokenizer) -> Result<Generation, Failure> {
    if generation.config().stop_strings.is_none() {
        return Ok(generation);
    }
    Ok(generation.with_token_bytes(tokenizer.token_bytes()?))
}

fn non_empty<T: Clone>(values: &[T]) -> Option<Vec<T>> {
    Some(values.to_vec()).filter(|values| !values.is_empty())
}

fn parse_ids(text: &str) -> Result<Ids, String> {
    let id = |id: &str| id.trim().parse().map_err(|_| format!("`{id}` is not a token id; expected ID,ID,.."));
    text.split(',').map(id).collect()
}

fn parse_sequence_bias(text: &str) -> Result<(Vec<i64>, f64), String> {
    let (sequence, bias) = text.split_once('=').ok_or("expected ID,ID,..=BIAS")?;
    Ok((parse_ids(sequence)?.into(), bias.trim().parse().map_err(|_| format!("`{bias}` is not a number"))?))
}

fn parse_decay(text: &str) -> Result<(usize, f64), String> {
    let pair = text
        .split_once(',')
        .and_then(|(start, factor)| Some((start.trim().parse::<usize>().ok()?, factor.trim().parse::<f64>().ok()?)));
    pair.ok_or_else(|| "expected START,FACTOR, as in 15,1.6".into())
}
