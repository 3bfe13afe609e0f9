//! Loads a tokeniser from a model's folder.

use super::class::TokenizerClass;
use super::document::{VocabularySource, missing_token_error};
use super::file::read_if_exists;
use super::guarded_tokenizer::GuardedTokenizer;
use super::settings::Settings;
use super::special_tokens::{NamedTokens, SpecialTokens};
use super::{Tokenizer, check, gguf, ignored_options, named_template, vocabulary};
use crate::catch_panic::catch_panic;
use crate::{Error, Result};
use align_gguf::GgufFile;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use tokenizers::PostProcessorWrapper;

/// Files that [`Tokenizer::save`] writes back beside `tokenizer.json`.
const VOCABULARY_FILES: [&str; 3] = ["vocab.json", "merges.txt", "vocab.txt"];

impl Tokenizer {
    /// Reads the tokeniser of a model folder in the layout of transformers, with the rules of transformers 5.
    ///
    /// The `tokenizer_class` in `tokenizer_config.json`, or else the model type, decides which files are read.
    ///
    /// - `PreTrainedTokenizerFast` uses `tokenizer.json` unchanged.
    /// - `GPT2Tokenizer`, `Qwen2Tokenizer`, `LlamaTokenizer`, `CodeLlamaTokenizer` and `GemmaTokenizer` take
    ///   vocabulary, merges, post-processor and added tokens from `tokenizer.json`, and add the steps of their models.
    ///   The first two can do without the file, from `vocab.json` and `merges.txt`. All but the last heed
    ///   `add_prefix_space` in `tokenizer_config.json`.
    /// - `BertTokenizer` and `DistilBertTokenizer` take vocabulary and added tokens from `tokenizer.json` (or else from
    ///   `vocab.txt`) and `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` from `tokenizer_config.json`.
    ///
    /// As in transformers, models of the type `mistral` use `PreTrainedTokenizerFast` and those of the type `qwen2` use
    /// `Qwen2Tokenizer`, whatever class is named. Special tokens come from `tokenizer_config.json` and, unless it has
    /// `added_tokens_decoder`, from `special_tokens_map.json` and `added_tokens.json`. Truncation, padding and BPE
    /// dropout in a `tokenizer.json` are ignored: callers request truncation and padding themselves.
    ///
    /// `dir` may also be a GGUF file with a tokeniser in its metadata.
    ///
    /// # Errors
    /// When the folder has no tokeniser, its class is not supported, or a file is invalid or contradicts another.
    pub fn from_pretrained(dir: impl AsRef<Path>) -> Result<Self> {
        let dir = dir.as_ref();
        if GgufFile::is_gguf(dir) {
            let (settings, source) = gguf::read(dir)?;
            return Self::from_files(settings, TokenizerClass::Backend, source);
        }
        let settings = Settings::read(dir)?;
        let class = TokenizerClass::detect(&settings)?;
        let source = VocabularySource::read(&settings, class)?;
        Self::from_files(settings, class, source)
    }

    fn from_files(settings: Settings, class: TokenizerClass, source: VocabularySource) -> Result<Self> {
        if let Some(file) = &source.file {
            check::check(&source.path, file)?;
        }
        let named = NamedTokens::read(&settings, class, source.file.as_ref())?;
        let document = source.document(&settings, class, named.special.unk.as_deref())?;
        ignored_options::warn_ignored_options(&settings, class, source.file.as_ref());

        let path = &source.path;
        vocabulary::check_merges(path, &document)?;
        check::check(path, &document)?;
        let error = |problem: String| Error::TokenizerFile { path: path.clone(), problem };
        let inner = catch_panic(|| build(&settings, class, &source, &named, &document))
            .unwrap_or_else(|panic| Err(error(format!("the tokenizers library fails on it: {panic}"))))?;
        let inner = GuardedTokenizer::new(inner, path).check_samples().map_err(error)?;

        let mut special = named.special;
        if special.eos.is_none()
            && !settings.config.contains_key("eos_token")
            && !settings.map.contains_key("eos_token")
        {
            special.eos = default_eos(&settings, &inner);
        }
        let files = if settings.gguf { Vec::new() } else { vocabulary_files(&settings.dir)? };
        let mut tokenizer = Self::new(inner, special, named.extra)?;
        tokenizer.model_max_length = settings.model_max_length()?;
        tokenizer.truncates_left = settings.truncates_left()?;
        tokenizer.clean_up = cleans_up_spaces(&settings, &tokenizer.inner)?;
        tokenizer.named_tokens = named.names;
        tokenizer.chat_templates = Arc::new(named_template::read(&settings)?);
        tokenizer.path = Arc::from(settings.dir.as_path());
        tokenizer.files = Arc::new(files);
        tokenizer.config = settings.config;
        tokenizer.config.entry("tokenizer_class").or_insert_with(|| class.name().into());
        Ok(tokenizer)
    }
}

/// The folder's vocabulary files: name and bytes.
fn vocabulary_files(dir: &Path) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let mut files = Vec::new();
    for name in VOCABULARY_FILES {
        if let Some(bytes) = read_if_exists(&dir.join(name))? {
            files.push((name, bytes));
        }
    }
    Ok(files)
}

/// Builds the tokeniser from the checked document.
fn build(
    settings: &Settings,
    class: TokenizerClass,
    source: &VocabularySource,
    named: &NamedTokens,
    document: &Value,
) -> Result<tokenizers::Tokenizer> {
    let path = &source.path;
    let error = |problem: String| Error::TokenizerFile { path: path.clone(), problem };
    let mut inner = tokenizers::Tokenizer::from_bytes(document.to_string().as_bytes())
        .map_err(|problem| error(problem.to_string()))?;
    named.add_to(path, &mut inner)?;
    let template = match class {
        TokenizerClass::Bert => Some(bert_post_processor(path, &named.special, &inner)?),
        class if class.reads_vocabulary_files() && source.file.is_none() => {
            Some(requested_post_processor(settings, &named.special, &inner)?)
        }
        _ => None,
    };
    if let Some(template) = template {
        let wrapped: PostProcessorWrapper = serde_json::from_value(template).map_err(|e| error(e.to_string()))?;
        inner.with_post_processor(Some(wrapped));
    }
    inner.set_encode_special_tokens(settings.flag("split_special_tokens")?.unwrap_or(false));
    Ok(inner)
}

/// BERT's post-processor: CLS before a text and SEP after it.
fn bert_post_processor(path: &Path, special: &SpecialTokens, inner: &tokenizers::Tokenizer) -> Result<Value> {
    let id = |role: &str, token: &Option<String>, default: &str| {
        let token = token.as_deref().unwrap_or(default).to_owned();
        let id = inner.token_to_id(&token).ok_or_else(|| missing_token_error(path, role, &token))?;
        Ok::<_, Error>((token, id))
    };
    let (cls, cls_id) = id("cls_token", &special.cls, "[CLS]")?;
    let (sep, sep_id) = id("sep_token", &special.sep, "[SEP]")?;
    Ok(vocabulary::template_processing(&[(&cls, cls_id)], &[(&sep, sep_id)]))
}

/// The post-processor of GPT-2 and Qwen2: BOS and EOS as `tokenizer_config.json` requests. transformers does this only without a
/// `tokenizer.json`.
fn requested_post_processor(
    settings: &Settings,
    special: &SpecialTokens,
    inner: &tokenizers::Tokenizer,
) -> Result<Value> {
    let requested = |field: &str, token: Option<&String>| -> Result<Option<(String, u32)>> {
        let requested = settings.flag(field)?.unwrap_or(false);
        Ok(token.filter(|_| requested).and_then(|token| Some((token.clone(), inner.token_to_id(token)?))))
    };
    let (bos, eos) =
        (requested("add_bos_token", special.bos.as_ref())?, requested("add_eos_token", special.eos.as_ref())?);
    let before: Vec<(&str, u32)> = bos.iter().map(|(token, id)| (token.as_str(), *id)).collect();
    let after: Vec<(&str, u32)> = eos.iter().map(|(token, id)| (token.as_str(), *id)).collect();
    Ok(vocabulary::template_processing(&before, &after))
}

/// EOS if no file of the tokeniser names it: the `eos_token_id` of `config.json`, or else GPT-2's EOS, if that is a
/// special token.
fn default_eos(settings: &Settings, inner: &tokenizers::Tokenizer) -> Option<String> {
    let special = |token: &String| inner.get_added_tokens_decoder().values().any(|t| t.special && t.content == *token);
    let id = settings.model_config.get("eos_token_id");
    let id = id.and_then(|id| id.as_u64().or_else(|| id.get(0)?.as_u64())).and_then(|id| u32::try_from(id).ok());
    let by_id = id.and_then(|id| inner.id_to_token(id)).filter(special);
    by_id.or_else(|| Some("<|endoftext|>".to_owned()).filter(special))
}

/// Whether decoding removes spaces before punctuation. Like transformers, this excludes BPE, whose text it would
/// corrupt.
fn cleans_up_spaces(settings: &Settings, inner: &tokenizers::Tokenizer) -> Result<bool> {
    let force = settings.flag("clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output")?;
    let requested = settings.flag("clean_up_tokenization_spaces")?.unwrap_or(false);
    let bpe = matches!(inner.get_model(), tokenizers::ModelWrapper::BPE(_));
    Ok(requested && (!bpe || force.unwrap_or(false)))
}
