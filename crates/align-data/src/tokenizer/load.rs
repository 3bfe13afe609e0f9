//! A tokeniser out of a model's folder.

use super::class::Class;
use super::document::{Source, absent};
use super::file::read;
use super::guarded::Guarded;
use super::settings::Settings;
use super::special_tokens::{NamedTokens, SpecialTokens};
use super::{Tokenizer, check, ignored, vocabulary};
use crate::caught::caught;
use crate::{Error, Result};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use tokenizers::PostProcessorWrapper;

/// Files that are kept and written again beside `tokenizer.json`.
const COPIED: [&str; 4] = ["vocab.json", "merges.txt", "vocab.txt", "chat_template.jinja"];

impl Tokenizer {
    /// Reads the tokeniser of a model's folder in transformers' layout, as transformers 5 does.
    ///
    /// `tokenizer_class` of `tokenizer_config.json`, or else the model's type, says what is read. `GPT2Tokenizer` takes
    /// vocabulary, merges, post-processor and added tokens from `tokenizer.json`, or else `vocab.json` and `merges.txt`, and
    /// `add_prefix_space` from `tokenizer_config.json`. `BertTokenizer` and `DistilBertTokenizer` take the vocabulary and added
    /// tokens from `tokenizer.json` or else `vocab.txt`, and `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` from
    /// `tokenizer_config.json`. `PreTrainedTokenizerFast` takes `tokenizer.json` as it stands. Special tokens come from
    /// `special_tokens_map.json` and `added_tokens.json`, unless `tokenizer_config.json` has `added_tokens_decoder`, and from
    /// `tokenizer_config.json`. Truncation, padding and BPE dropout that a `tokenizer.json` sets are left out: rows are cut and
    /// padded when asked.
    ///
    /// # Errors
    /// When the folder holds none of these, or a class that is not read, or a file cannot be read or contradicts another.
    pub fn from_pretrained(dir: impl AsRef<Path>) -> Result<Self> {
        let dir = dir.as_ref();
        let settings = Settings::read(dir)?;
        let class = Class::of(&settings)?;
        let source = Source::read(&settings, class)?;
        if let Some(file) = &source.file {
            check::check(&source.path, file)?;
        }
        let named = NamedTokens::read(&settings, class, source.file.as_ref())?;
        let document = source.document(&settings, class, named.special.unk.as_deref())?;
        ignored::warn(&settings, class, source.file.as_ref());

        let path = &source.path;
        vocabulary::check_merges(path, &document)?;
        check::check(path, &document)?;
        let fault = |problem: String| Error::TokenizerFile { path: path.clone(), problem };
        let inner = caught(|| build(&settings, class, &source, &named, &document))
            .unwrap_or_else(|panic| Err(fault(format!("the tokenizers library fails on it: {panic}"))))?;
        let inner = Guarded::new(inner, path).tried().map_err(fault)?;

        let mut special = named.special;
        if special.eos.is_none()
            && !settings.config.contains_key("eos_token")
            && !settings.map.contains_key("eos_token")
        {
            special.eos = unnamed_eos(&settings, &inner);
        }
        let mut files = Vec::new();
        for name in COPIED {
            if let Some(bytes) = read(&dir.join(name))? {
                files.push((name, bytes));
            }
        }
        let mut tokenizer = Self::new(inner, special, named.extra)?;
        tokenizer.model_max_length = settings.model_max_length()?;
        tokenizer.truncates_left = settings.truncates_left()?;
        tokenizer.clean_up = cleans_up(&settings, &tokenizer.inner)?;
        tokenizer.path = Arc::from(dir);
        tokenizer.files = Arc::new(files);
        tokenizer.config = settings.config;
        tokenizer.config.entry("tokenizer_class").or_insert_with(|| class.name().into());
        Ok(tokenizer)
    }
}

/// Builds the tokeniser that the checked document describes.
fn build(
    settings: &Settings,
    class: Class,
    source: &Source,
    named: &NamedTokens,
    document: &Value,
) -> Result<tokenizers::Tokenizer> {
    let path = &source.path;
    let fault = |problem: String| Error::TokenizerFile { path: path.clone(), problem };
    let mut inner = tokenizers::Tokenizer::from_bytes(document.to_string().as_bytes())
        .map_err(|problem| fault(problem.to_string()))?;
    named.add_to(path, &mut inner)?;
    let template = match class {
        Class::Bert => Some(around_bert(path, &named.special, &inner)?),
        Class::Gpt2 if source.file.is_none() => Some(around_gpt2(settings, &named.special, &inner)?),
        Class::Gpt2 | Class::Backend => None,
    };
    if let Some(template) = template {
        let wrapped: PostProcessorWrapper = serde_json::from_value(template).map_err(|e| fault(e.to_string()))?;
        inner.with_post_processor(Some(wrapped));
    }
    inner.set_encode_special_tokens(settings.flag("split_special_tokens")?.unwrap_or(false));
    Ok(inner)
}

/// CLS before a text and SEP behind it.
fn around_bert(path: &Path, special: &SpecialTokens, inner: &tokenizers::Tokenizer) -> Result<Value> {
    let id = |role: &str, token: &Option<String>, usual: &str| {
        let token = token.as_deref().unwrap_or(usual).to_owned();
        let id = inner.token_to_id(&token).ok_or_else(|| absent(path, role, &token))?;
        Ok::<_, Error>((token, id))
    };
    let (cls, cls_id) = id("cls_token", &special.cls, "[CLS]")?;
    let (sep, sep_id) = id("sep_token", &special.sep, "[SEP]")?;
    Ok(vocabulary::template(&[(&cls, cls_id)], &[(&sep, sep_id)]))
}

/// BOS and EOS where `tokenizer_config.json` asks for them, which transformers hears only without a `tokenizer.json`.
fn around_gpt2(settings: &Settings, special: &SpecialTokens, inner: &tokenizers::Tokenizer) -> Result<Value> {
    let asked = |field: &str, token: Option<&String>| -> Result<Option<(String, u32)>> {
        let asked = settings.flag(field)?.unwrap_or(false);
        Ok(token.filter(|_| asked).and_then(|token| Some((token.clone(), inner.token_to_id(token)?))))
    };
    let (bos, eos) = (asked("add_bos_token", special.bos.as_ref())?, asked("add_eos_token", special.eos.as_ref())?);
    let before: Vec<(&str, u32)> = bos.iter().map(|(token, id)| (token.as_str(), *id)).collect();
    let after: Vec<(&str, u32)> = eos.iter().map(|(token, id)| (token.as_str(), *id)).collect();
    Ok(vocabulary::template(&before, &after))
}

/// The end of a text where no file of the tokeniser names it: the one of `config.json`, or GPT-2's, if it is special already.
fn unnamed_eos(settings: &Settings, inner: &tokenizers::Tokenizer) -> Option<String> {
    let special = |token: &String| inner.get_added_tokens_decoder().values().any(|t| t.special && t.content == *token);
    let id = settings.model_config.get("eos_token_id");
    let id = id.and_then(|id| id.as_u64().or_else(|| id.get(0)?.as_u64())).and_then(|id| u32::try_from(id).ok());
    let by_id = id.and_then(|id| inner.id_to_token(id)).filter(special);
    by_id.or_else(|| Some("<|endoftext|>".to_owned()).filter(special))
}

/// Whether spaces before punctuation are taken out of decoded text. transformers spares BPE, whose texts that would change.
fn cleans_up(settings: &Settings, inner: &tokenizers::Tokenizer) -> Result<bool> {
    let force = settings.flag("clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output")?;
    let asked = settings.flag("clean_up_tokenization_spaces")?.unwrap_or(false);
    let bpe = matches!(inner.get_model(), tokenizers::ModelWrapper::BPE(_));
    Ok(asked && (!bpe || force.unwrap_or(false)))
}
