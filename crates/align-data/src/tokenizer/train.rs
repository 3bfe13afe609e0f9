//! Trains new tokenisers.

use super::guarded_tokenizer::GuardedTokenizer;
use super::special_tokens::SpecialTokens;
use super::vocabulary::{self, BertOptions};
use super::{Tokenizer, tokenizer_error};
use crate::{Error, Result};
use serde_json::{Value, json};
use std::path::Path;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer, BpeTrainerBuilder};
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{
    AddedToken, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, Trainer,
};

/// How often a pair of tokens must occur to be merged, as in Hugging Face's tokenisers.
const MIN_FREQUENCY: u64 = 2;

/// Largest vocabulary: the trainer allocates memory for all of it at once.
const MAX_VOCAB_SIZE: usize = 1 << 22;

/// BERT's special tokens in the order of their ids.
const BERT_TOKENS: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// Well-known names of special tokens by role.
const WELL_KNOWN_TOKENS: [(&str, &[&str]); 7] = [
    ("bos_token", &["<|endoftext|>", "<s>"]),
    ("eos_token", &["<|endoftext|>", "</s>"]),
    ("pad_token", &["[PAD]", "<pad>"]),
    ("unk_token", &["[UNK]", "<unk>", "<|endoftext|>"]),
    ("cls_token", &["[CLS]"]),
    ("sep_token", &["[SEP]"]),
    ("mask_token", &["[MASK]", "<mask>"]),
];

/// Trains a tokeniser like GPT-2's: byte-level byte-pair encoding (arXiv:1508.07909), which can encode every text.
///
/// The special tokens get the ids 0, 1, …, and well-known names among them, such as `<|endoftext|>`, get their roles
/// (EOS, BOS). The vocabulary is smaller than `vocab_size` if the texts contain too few pairs that occur twice.
/// Training is deterministic.
///
/// # Errors
/// When there are no texts, or `vocab_size` is too small for the 256 bytes and the special tokens.
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
        TrainerWrapper::BpeTrainer(trainer_builder(vocab_size, special_tokens).initial_alphabet(alphabet).build());
    inner.train(&mut trainer, texts.iter().map(AsRef::as_ref)).map_err(tokenizer_error)?;
    finish(inner, json!({"tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": false}))
}

/// Trains a tokeniser like BERT's: lower-case WordPiece with `[CLS]` and `[SEP]` around a text.
///
/// The special tokens `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]` and `[MASK]` have the ids 0 to 4. As in the tokenizers crate,
/// the pieces come from byte-pair encoding, but their order depends only on the texts. The crate's own trainer numbers
/// continuation characters in the order of a hash table, which changes from run to run.
///
/// # Errors
/// When there are no texts, or `vocab_size` is too small for the characters of the texts, each at the start of a word
/// and inside one.
pub fn train_word_piece<S: AsRef<str> + Sync>(texts: &[S], vocab_size: usize) -> Result<Tokenizer> {
    check_texts(texts)?;
    check_size(vocab_size, BERT_TOKENS.len(), "the texts' characters")?;
    let mut trainer: BpeTrainer = trainer_builder(vocab_size, &BERT_TOKENS).build();
    trainer.feed(texts.iter().map(AsRef::as_ref), split_words).map_err(tokenizer_error)?;
    let mut bpe = BPE::default();
    trainer.train(&mut bpe).map_err(tokenizer_error)?;
    let mut pieces: Vec<(u32, String)> = bpe.get_vocab().into_iter().map(|(piece, id)| (id, piece)).collect();
    check_size(vocab_size, pieces.len(), "the texts' characters")?;
    pieces.sort_unstable();
    let vocabulary = pieces.iter().map(|(_, piece)| as_word_piece(piece)).collect::<Vec<_>>().join("\n");

    let vocabulary = vocabulary::parse_vocab(Path::new("vocab.txt"), vocabulary.as_bytes())?;
    let mut document = vocabulary::word_piece(&vocabulary, "[UNK]", BertOptions::default());
    if let Some(slot) = document.get_mut("post_processor") {
        *slot = vocabulary::template_processing(&[("[CLS]", 2)], &[("[SEP]", 3)]);
    }
    let inner = tokenizers::Tokenizer::from_bytes(document.to_string().as_bytes()).map_err(tokenizer_error)?;
    // DistilBERT has no token types, but this class would add them by default.
    let inputs = ["input_ids", "attention_mask"];
    finish(
        inner,
        json!({"tokenizer_class": "PreTrainedTokenizerFast", "model_input_names": inputs, "do_lower_case": true}),
    )
}

fn check_texts<S>(texts: &[S]) -> Result<()> {
    if texts.is_empty() { Err(Error::Tokenizer("there are no texts to train on".to_owned())) } else { Ok(()) }
}

fn check_size(vocab_size: usize, least: usize, what: &str) -> Result<()> {
    if (least..=MAX_VOCAB_SIZE).contains(&vocab_size) {
        return Ok(());
    }
    Err(Error::Option {
        option: "vocab_size",
        expected: match vocab_size > MAX_VOCAB_SIZE {
            true => format!("at most {MAX_VOCAB_SIZE}"),
            false => format!("at least {least}: {what} and the special tokens"),
        },
        found: vocab_size.to_string(),
    })
}

fn trainer_builder(vocab_size: usize, special_tokens: &[&str]) -> BpeTrainerBuilder {
    let special = special_tokens.iter().map(|token| AddedToken::from(*token, true)).collect();
    BpeTrainer::builder()
        .vocab_size(vocab_size)
        .min_frequency(MIN_FREQUENCY)
        .show_progress(false)
        .special_tokens(special)
}

/// Assigns roles to the well-known special tokens in the vocabulary.
fn finish(mut inner: tokenizers::Tokenizer, config: Value) -> Result<Tokenizer> {
    let mut special = SpecialTokens::default();
    for (role, names) in WELL_KNOWN_TOKENS {
        if let Some(name) = names.iter().find(|name| inner.token_to_id(name).is_some()) {
            inner.add_special_tokens([AddedToken::from(*name, true)]).map_err(tokenizer_error)?;
            *special.slot(role) = Some((*name).to_owned());
        }
    }
    let mut tokenizer = Tokenizer::new(GuardedTokenizer::new(inner, Path::new("tokenizer.json")), special, Vec::new())?;
    tokenizer.config = config.as_object().cloned().unwrap_or_default();
    Ok(tokenizer)
}

/// Offset added to the code points of characters inside a word, so that the trainer distinguishes them from characters
/// at the start of a word without a prefix. It moves them to Unicode planes that texts do not use.
const CONTINUATION_OFFSET: u32 = 0xE_0000;
/// Characters from here on (rare ideographs) cannot be shifted. Each is a word by itself.
const MAX_CONTINUATION: u32 = 0x2_0000;

/// Splits a text into words as BERT does, and shifts all but the first character of each by [`CONTINUATION_OFFSET`].
fn split_words(text: &str) -> tokenizers::Result<Vec<String>> {
    let mut normalized = NormalizedString::from(text);
    BertNormalizer::default().normalize(&mut normalized)?;
    let mut split = PreTokenizedString::from(normalized);
    BertPreTokenizer.pre_tokenize(&mut split)?;
    let words = split.get_splits(OffsetReferential::Original, OffsetType::Byte).into_iter();
    Ok(words.filter_map(|(word, _, _)| shift_continuation(word)).collect())
}

/// Returns `None` for a word that cannot be shifted. Its characters are missing from the vocabulary and become `[UNK]`.
fn shift_continuation(word: &str) -> Option<String> {
    let inside = |c: char| {
        if u32::from(c) < MAX_CONTINUATION { char::from_u32(u32::from(c) + CONTINUATION_OFFSET) } else { None }
    };
    let shifted = |(index, c): (usize, char)| match index {
        0 => Some(c).filter(|c| u32::from(*c) < CONTINUATION_OFFSET),
        _ => inside(c),
    };
    word.chars().enumerate().map(shifted).collect()
}

/// Converts a piece to WordPiece notation: `##` marks one that continues a word.
fn as_word_piece(piece: &str) -> String {
    let unshift = |c: char| u32::from(c).checked_sub(CONTINUATION_OFFSET).and_then(char::from_u32).unwrap_or(c);
    let is_continuation = piece.chars().next().is_some_and(|c| u32::from(c) >= CONTINUATION_OFFSET);
    let text = piece.chars().map(unshift);
    if is_continuation { "##".chars().chain(text).collect() } else { text.collect() }
}
