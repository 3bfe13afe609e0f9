//! A tokeniser made from texts, for a model that begins from nothing.

use super::guarded::Guarded;
use super::special_tokens::{Roles, SpecialTokens};
use super::{Tokenizer, refused, vocabulary};
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::Arc;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer, BpeTrainerBuilder};
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{
    AddedToken, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, Trainer,
};

/// How often two tokens must stand side by side to become one, as in Hugging Face's own tokenisers.
const MIN_FREQUENCY: u64 = 2;

/// Most tokens of a vocabulary, for which the trainer takes memory at once.
const MOST_TOKENS: usize = 1 << 22;

/// BERT's tokens with a role, in the order of their ids.
const BERT_TOKENS: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// Trains GPT-2's kind of tokeniser on texts: byte-pair encoding (arXiv:1508.07909) of UTF-8's bytes, which knows every text.
///
/// The special tokens come first, with the ids 0, 1, …; of these, `<|endoftext|>` and the other well-known names get their role
/// (EOS, BOS). The vocabulary is smaller than `vocab_size` where the texts hold fewer pairs that occur twice. The same texts give
/// the same tokeniser.
///
/// # Errors
/// No texts, or a `vocab_size` that has no room for the 256 bytes and the special tokens.
pub fn train_byte_level_bpe<S: AsRef<str> + Sync>(
    texts: &[S],
    vocab_size: usize,
    special_tokens: &[&str],
) -> Result<Tokenizer> {
    check_texts(texts)?;
    check_size(vocab_size, 256 + special_tokens.len(), "the 256 bytes")?;
    let mut inner = tokenizers::Tokenizer::new(BPE::default());
    inner.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    inner.with_post_processor(Some(ByteLevel::new(true, false, true)));
    inner.with_decoder(Some(ByteLevel::default()));
    let alphabet = ByteLevel::alphabet().into_iter().collect();
    let mut trainer =
        TrainerWrapper::BpeTrainer(builder(vocab_size, special_tokens).initial_alphabet(alphabet).build());
    inner.train(&mut trainer, texts.iter().map(AsRef::as_ref)).map_err(refused)?;
    finished(inner, json!({"tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": false}))
}

/// Trains BERT's kind of tokeniser on texts: WordPiece of words in lower case, with `[CLS]` and `[SEP]` around a text.
///
/// The special tokens `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]` and `[MASK]` have the ids 0 to 4. The pieces are those that byte-pair
/// encoding merges, as in the tokenizers crate's own trainer, but in an order that is a function of the texts: that one numbers
/// the characters inside words by the order of a hash table, which changes from run to run.
///
/// # Errors
/// No texts, or a `vocab_size` that has no room for the texts' characters, each at a word's start and inside one.
pub fn train_word_piece<S: AsRef<str> + Sync>(texts: &[S], vocab_size: usize) -> Result<Tokenizer> {
    check_texts(texts)?;
    check_size(vocab_size, BERT_TOKENS.len(), "the texts' characters")?;
    let mut trainer: BpeTrainer = builder(vocab_size, &BERT_TOKENS).build();
    trainer.feed(texts.iter().map(AsRef::as_ref), words).map_err(refused)?;
    let mut bpe = BPE::default();
    trainer.train(&mut bpe).map_err(refused)?;
    let mut pieces: Vec<(u32, String)> = bpe.get_vocab().into_iter().map(|(piece, id)| (id, piece)).collect();
    check_size(vocab_size, pieces.len(), "the texts' characters")?;
    pieces.sort_unstable();
    let vocabulary = pieces.iter().map(|(_, piece)| as_word_piece(piece)).collect::<Vec<_>>().join("\n");

    let (config, none) = (Map::new(), Map::new());
    let roles = Roles { config: &config, map: &none, model_config: &none };
    let document = vocabulary::word_piece(Path::new(""), vocabulary.as_bytes(), Vec::new(), &roles)?;
    let inner = tokenizers::Tokenizer::from_bytes(document.to_string().as_bytes()).map_err(refused)?;
    // DistilBERT takes no token types, which this class would give it otherwise.
    let inputs = ["input_ids", "attention_mask"];
    finished(
        inner,
        json!({"tokenizer_class": "PreTrainedTokenizerFast", "model_input_names": inputs, "do_lower_case": true}),
    )
}

fn check_texts<S>(texts: &[S]) -> Result<()> {
    if texts.is_empty() { Err(Error::Tokenizer("there are no texts to train on".to_owned())) } else { Ok(()) }
}

fn check_size(vocab_size: usize, least: usize, what: &str) -> Result<()> {
    if (least..=MOST_TOKENS).contains(&vocab_size) {
        return Ok(());
    }
    Err(Error::Option {
        option: "vocab_size",
        expected: match vocab_size > MOST_TOKENS {
            true => format!("at most {MOST_TOKENS}"),
            false => format!("at least {least}: {what} and the special tokens"),
        },
        found: vocab_size.to_string(),
    })
}

fn builder(vocab_size: usize, special_tokens: &[&str]) -> BpeTrainerBuilder {
    let special = special_tokens.iter().map(|token| AddedToken::from(*token, true)).collect();
    BpeTrainer::builder()
        .vocab_size(vocab_size)
        .min_frequency(MIN_FREQUENCY)
        .show_progress(false)
        .special_tokens(special)
}

fn finished(mut inner: tokenizers::Tokenizer, config: Value) -> Result<Tokenizer> {
    let config = config.as_object().cloned().unwrap_or_default();
    let none = Map::new();
    let roles = Roles { config: &config, map: &none, model_config: &none };
    let special = SpecialTokens::resolve(Path::new("tokenizer.json"), &roles, &mut inner)?;
    let inner = Guarded::new(inner, Path::new("tokenizer.json"));
    Ok(Tokenizer { inner, special, model_max_length: None, config, files: Arc::default() })
}

/// How far a character inside a word stands from the same one at a word's start: in planes of Unicode that hold nothing a text is
/// written with, so that the trainer keeps the two apart without a prefix of its own.
const INSIDE: u32 = 0xE_0000;
/// Characters below this have such a place. Those above, rare ideographs, are words by themselves.
const MOST_INSIDE: u32 = 0x2_0000;

/// A text's words as BERT splits them, each character but the first moved by [`INSIDE`].
fn words(text: &str) -> tokenizers::Result<Vec<String>> {
    let mut normalized = NormalizedString::from(text);
    BertNormalizer::default().normalize(&mut normalized)?;
    let mut split = PreTokenizedString::from(normalized);
    BertPreTokenizer.pre_tokenize(&mut split)?;
    let words = split.get_splits(OffsetReferential::Original, OffsetType::Byte).into_iter();
    Ok(words.filter_map(|(word, _, _)| moved(word)).collect())
}

/// A word that cannot be moved is left out: its characters have no place in the vocabulary and become `[UNK]`.
fn moved(word: &str) -> Option<String> {
    let inside = |c: char| if u32::from(c) < MOST_INSIDE { char::from_u32(u32::from(c) + INSIDE) } else { None };
    let moved = |(place, c): (usize, char)| match place {
        0 => Some(c).filter(|c| u32::from(*c) < INSIDE),
        _ => inside(c),
    };
    word.chars().enumerate().map(moved).collect()
}

/// A piece in WordPiece's spelling: `##` before one that goes on with a word.
fn as_word_piece(piece: &str) -> String {
    let place = |c: char| u32::from(c).checked_sub(INSIDE).and_then(char::from_u32).unwrap_or(c);
    let goes_on = piece.chars().next().is_some_and(|c| u32::from(c) >= INSIDE);
    let text = piece.chars().map(place);
    if goes_on { "##".chars().chain(text).collect() } else { text.collect() }
}
