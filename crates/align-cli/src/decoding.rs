//! Generation options on the command line, over those of the model's folder.

use crate::Failure;
use align_data::Tokenizer;
use align_models::generation::{EarlyStopping, Generation, GenerationConfig};
use std::path::Path;

/// transformers' options. What is not given here is taken from the model's generation_config.json, if it has one, and else
/// from transformers' defaults. Options of that file that the strategy chosen here does not read are left out.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Decoding, over the model's generation_config.json if it has one")]
pub struct Decoding {
    /// Draw tokens instead of taking the likeliest; `--do-sample false` where the model's folder says so and you do not.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub do_sample: Option<bool>,
    /// Beams; 1 is no beam search [default: 1].
    #[arg(long)]
    pub num_beams: Option<usize>,
    /// Texts returned from one search, or drawn from one prompt [default: 1].
    #[arg(long)]
    pub num_return_sequences: Option<usize>,
    /// Divides the scores before drawing [default: 1].
    #[arg(long)]
    pub temperature: Option<f64>,
    /// Draw among so many likeliest tokens, 0 among all [default: 50].
    #[arg(long)]
    pub top_k: Option<usize>,
    /// Draw among the likeliest tokens of this total probability [default: 1].
    #[arg(long)]
    pub top_p: Option<f64>,
    /// Draw among tokens at least this many times as likely as the likeliest.
    #[arg(long)]
    pub min_p: Option<f64>,
    /// Draw among the tokens of this total probability whose surprise is nearest to the entropy [default: 1].
    #[arg(long)]
    pub typical_p: Option<f64>,
    /// Draw among tokens at least this likely [default: 0].
    #[arg(long)]
    pub epsilon_cutoff: Option<f64>,
    /// Like --epsilon-cutoff, lower where the distribution is flat [default: 0].
    #[arg(long)]
    pub eta_cutoff: Option<f64>,
    /// No run of so many tokens twice in a text; 0 is off [default: 0].
    #[arg(long)]
    pub no_repeat_ngram_size: Option<usize>,
    /// Above 1 makes tokens of the text so far less likely [default: 1].
    #[arg(long)]
    pub repetition_penalty: Option<f64>,
    /// Token ids and what is added to the last one's score behind the others; once a sequence.
    #[arg(long, value_parser = bias, value_name = "ID,ID,..=BIAS")]
    pub sequence_bias: Vec<(Vec<i64>, f64)>,
    /// Token ids that may not follow each other; once a sequence.
    #[arg(long, value_parser = ids, value_name = "ID,ID,..")]
    pub bad_words_ids: Vec<Ids>,
    /// Token ids that are never chosen.
    #[arg(long, value_delimiter = ',', value_name = "ID,ID,..")]
    pub suppress_tokens: Option<Vec<i64>>,
    /// Token ids that are not chosen first behind the prompt.
    #[arg(long, value_delimiter = ',', value_name = "ID,ID,..")]
    pub begin_suppress_tokens: Option<Vec<i64>>,
    /// Token ids of which one ends a text that reaches its length limit.
    #[arg(long, value_delimiter = ',', value_name = "ID,ID,..")]
    pub forced_eos_token_id: Option<Vec<i64>>,
    /// Behind so many new tokens EOS becomes likelier, by this factor a token.
    #[arg(long, value_parser = decay, value_name = "START,FACTOR")]
    pub exponential_decay_length_penalty: Option<(usize, f64)>,
    /// Repair NaN and infinite scores.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub remove_invalid_values: Option<bool>,
    /// Make the scores log-probabilities again after all else.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub renormalize_logits: Option<bool>,
    /// Beam scores are divided by the new tokens to this power [default: 1].
    #[arg(long, allow_negative_numbers = true)]
    pub length_penalty: Option<f64>,
    /// When beam search stops: true, false or never [default: false].
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    pub early_stopping: Option<EarlyStopping>,
    /// End a text as soon as it holds this one; may stand several times.
    #[arg(long, value_name = "TEXT")]
    pub stop_strings: Option<Vec<String>>,
    /// Token ids that end a text [default: the model's].
    #[arg(long, value_delimiter = ',', value_name = "ID,ID,..")]
    pub eos_token_id: Option<Vec<i64>>,
    /// Least tokens of a text, prompt included.
    #[arg(long)]
    pub min_length: Option<usize>,
    /// Most tokens of a text, prompt included [default: the prompt's and 20].
    #[arg(long)]
    pub max_length: Option<usize>,
    /// Least tokens behind the prompt.
    #[arg(long)]
    pub min_new_tokens: Option<usize>,
    /// Most tokens behind the prompt [default: 20].
    #[arg(long)]
    pub max_new_tokens: Option<usize>,
    /// Fixes all draws.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// Token ids of one word. clap takes a plain vector for several values.
type Ids = Box<[i64]>;

impl Decoding {
    /// The options for a model in this folder.
    pub fn generation(&self, folder: &Path) -> Result<Generation, Failure> {
        Ok(Generation::new(self.config(GenerationConfig::from_pretrained(folder)?))?)
    }

    /// These options over a model's own.
    pub fn config(&self, folder: GenerationConfig) -> GenerationConfig {
        let do_sample = self.do_sample.unwrap_or(folder.do_sample);
        let num_beams = self.num_beams.unwrap_or(folder.num_beams);
        let mut c = folder.with_strategy(do_sample, num_beams);
        // One limit takes the place of the other.
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
            sequence_bias: given(&self.sequence_bias).or(c.sequence_bias),
            bad_words_ids: given(&self.bad_words_ids)
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

/// Lets `stop_strings` know the text of each token.
pub fn with_stop_strings(generation: Generation, tokenizer: &Tokenizer) -> Result<Generation, Failure> {
    if generation.config().stop_strings.is_none() {
        return Ok(generation);
    }
    Ok(generation.with_token_bytes(tokenizer.token_bytes()?))
}

fn given<T: Clone>(values: &[T]) -> Option<Vec<T>> {
    Some(values.to_vec()).filter(|values| !values.is_empty())
}

fn ids(text: &str) -> Result<Ids, String> {
    let id = |id: &str| id.trim().parse().map_err(|_| format!("`{id}` is no token id; expected ID,ID,.."));
    text.split(',').map(id).collect()
}

fn bias(text: &str) -> Result<(Vec<i64>, f64), String> {
    let (sequence, bias) = text.split_once('=').ok_or("expected ID,ID,..=BIAS")?;
    Ok((ids(sequence)?.into(), bias.trim().parse().map_err(|_| format!("`{bias}` is no number"))?))
}

fn decay(text: &str) -> Result<(usize, f64), String> {
    let pair = text
        .split_once(',')
        .and_then(|(start, factor)| Some((start.trim().parse::<usize>().ok()?, factor.trim().parse::<f64>().ok()?)));
    pair.ok_or_else(|| "expected START,FACTOR, as in 15,1.6".into())
}
