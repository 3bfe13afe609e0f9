//! Resolves special and added tokens from the tokeniser's files, in transformers' order of precedence.

use super::class::TokenizerClass;
use super::settings::Settings;
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;
use tokenizers::AddedToken;

/// The special tokens by role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Beginning of sequence.
    pub bos: Option<String>,
    /// End of sequence.
    pub eos: Option<String>,
    /// Padding.
    pub pad: Option<String>,
    /// Replaces text that the vocabulary does not cover.
    pub unk: Option<String>,
    /// Classification token at the start of a text.
    pub cls: Option<String>,
    /// Separator at the end of a text.
    pub sep: Option<String>,
    /// Replaces a masked token.
    pub mask: Option<String>,
}

/// The roles, in the order in which transformers assigns ids to tokens that the vocabulary lacks.
pub(super) const ROLES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

impl SpecialTokens {
    /// The token of a role such as `eos_token`.
    pub(super) fn slot(&mut self, role: &str) -> &mut Option<String> {
        match role {
            "bos_token" => &mut self.bos,
            "eos_token" => &mut self.eos,
            "pad_token" => &mut self.pad,
            "unk_token" => &mut self.unk,
            "cls_token" => &mut self.cls,
            "sep_token" => &mut self.sep,
            _ => &mut self.mask,
        }
    }
}

/// The special and added tokens of a tokeniser's files.
pub(super) struct NamedTokens {
    /// Tokens with a role.
    pub special: SpecialTokens,
    /// Special tokens without a role.
    pub extra: Vec<String>,
    /// Those of them that have a name, such as `image_token`.
    pub names: Map<String, Value>,
    /// Tokens to add, in order.
    added: Vec<AddedToken>,
    /// The ids that the files assign to added tokens.
    ids: BTreeMap<u64, String>,
}

impl NamedTokens {
    /// Reads the tokens. `document` is the folder's `tokenizer.json`, if any.
    pub fn read(settings: &Settings, class: TokenizerClass, document: Option<&Value>) -> Result<Self> {
        let (named, mut extra) = (named_tokens(settings, class, document)?, extra_tokens(settings)?);
        for (field, token) in class.further_tokens() {
            let known = extra.iter().any(|other| other.content == *token) || settings.config.contains_key(*field);
            extra.extend((!known).then(|| AddedToken::from(*token, true)));
        }
        let by_id = added_by_id(settings, document, &named, &extra)?;
        let mut added: Vec<AddedToken> = by_id.values().cloned().collect();
        let is_named = |content: &str| named.iter().any(|(_, token)| token.content == content);
        for token in &mut added {
            token.special |= is_named(&token.content);
        }
        // With this class, `tokenizer.json` already contains its tokens, and their flags there take precedence.
        let in_document =
            if class == TokenizerClass::Backend { document_tokens(settings, document)? } else { BTreeMap::new() };
        for token in named.iter().map(|(_, token)| token).chain(&extra) {
            let known = |other: &AddedToken| other.content == token.content;
            if !added.iter().any(known) && !in_document.values().any(known) {
                added.push(token.clone());
            }
        }
        let mut special = SpecialTokens::default();
        let (mut others, mut names) = (Vec::new(), Map::new());
        for (role, token) in named {
            if ROLES.contains(&role.as_str()) {
                *special.slot(&role) = Some(token.content);
            } else {
                names.insert(role, token.content.clone().into());
                others.push(token.content);
            }
        }
        others.extend(extra.into_iter().map(|token| token.content));
        let ids = by_id.into_iter().map(|(id, token)| (id, token.content)).collect();
        Ok(Self { special, extra: others, names, added, ids })
    }

    /// Adds the tokens and checks that they get the ids given in the files, because the model's embeddings depend on
    /// these.
    pub fn add_to(&self, path: &Path, inner: &mut tokenizers::Tokenizer) -> Result<()> {
        let error = |problem: String| Error::TokenizerFile { path: path.to_owned(), problem };
        for token in &self.added {
            let result = inner.add_tokens([token.clone()]);
            result.map_err(|e| error(format!("the token {:?} cannot be added: {e}", token.content)))?;
        }
        for (id, content) in &self.ids {
            let found = inner.token_to_id(content);
            if found.map(u64::from) != Some(*id) {
                let found = found.map_or("none".to_owned(), |found| found.to_string());
                return Err(error(format!(
                    "added token {content:?}: expected id {id}, found {found}; ids must follow the vocabulary"
                )));
            }
        }
        Ok(())
    }
}

/// Tokens with a name: the seven roles, and other fields such as `image_token`.
fn named_tokens(
    settings: &Settings,
    class: TokenizerClass,
    document: Option<&Value>,
) -> Result<Vec<(String, AddedToken)>> {
    let files = [("special_tokens_map.json", &settings.map), ("tokenizer_config.json", &settings.config)];
    let error = |file: &str, problem| Error::TokenizerFile { path: settings.dir.join(file), problem };
    let padding = document.and_then(|document| document.pointer("/padding/pad_token")).and_then(Value::as_str);
    let mut tokens = Vec::new();
    for role in ROLES {
        // An explicit null means that the role has no token, not even the class's default.
        let token = match files.iter().find_map(|(file, object)| Some((file, object.get(role)?))) {
            Some((_, Value::Null)) => None,
            Some((file, value)) => {
                parse_named_token(value).map_err(|problem| error(file, format!("{role}: {problem}")))?
            }
            None if role == "pad_token" && padding.is_some() => padding.map(|token| AddedToken::from(token, true)),
            None => class.default_token(role).map(|token| AddedToken::from(token, true)),
        };
        tokens.extend(token.map(|token| (role.to_owned(), token)));
    }
    for (file, object) in files {
        let further = object.iter().filter(|(field, _)| field.ends_with("_token") && !ROLES.contains(&field.as_str()));
        let dictionary = object.get("extra_special_tokens").and_then(Value::as_object).into_iter().flatten();
        for (field, value) in further.filter(|(_, value)| value.is_string() || value.is_object()).chain(dictionary) {
            let token = parse_named_token(value).map_err(|problem| error(file, format!("{field}: {problem}")))?;
            if !tokens.iter().any(|(name, _)| name == field) {
                tokens.extend(token.map(|token| (field.clone(), token)));
            }
        }
    }
    Ok(tokens)
}

/// The special tokens of the list `extra_special_tokens`, or `additional_special_tokens` in transformers 4.
fn extra_tokens(settings: &Settings) -> Result<Vec<AddedToken>> {
    let list = |file: &str, object: &Map<String, Value>, field: &str| -> Result<Option<Vec<AddedToken>>> {
        let error = |problem: String| Error::TokenizerFile { path: settings.dir.join(file), problem };
        match object.get(field) {
            None | Some(Value::Null | Value::Object(_)) => Ok(None),
            Some(Value::Array(items)) => {
                let tokens = items.iter().map(parse_token).collect::<std::result::Result<Vec<_>, _>>();
                tokens.map(Some).map_err(|problem| error(format!("{field}: {problem}")))
            }
            Some(other) => Err(error(format!("{field}: expected a list of tokens, found {other}"))),
        }
    };
    let (config, map) = ("tokenizer_config.json", "special_tokens_map.json");
    let (new, old) = ("extra_special_tokens", "additional_special_tokens");
    let own = match list(config, &settings.config, new)? {
        Some(tokens) => Some(tokens),
        None => list(config, &settings.config, old)?,
    };
    let mut tokens = match own {
        Some(tokens) => tokens,
        None => list(map, &settings.map, old)?.unwrap_or_default(),
    };
    for token in list(map, &settings.map, new)?.unwrap_or_default() {
        if !tokens.iter().any(|other| other.content == token.content) {
            tokens.push(token);
        }
    }
    Ok(tokens)
}

/// Added tokens by id, from `added_tokens_decoder` alone or from `added_tokens.json` and `tokenizer.json`.
fn added_by_id(
    settings: &Settings,
    document: Option<&Value>,
    named: &[(String, AddedToken)],
    extra: &[AddedToken],
) -> Result<BTreeMap<u64, AddedToken>> {
    let mut tokens = BTreeMap::new();
    let in_document = document_tokens(settings, document)?;
    if let Some(decoder) = settings.config.get("added_tokens_decoder") {
        for (id, token) in decoder.as_object().into_iter().flatten() {
            let read = id.parse().map_err(|_| format!("expected an id, found {id:?}"));
            let read = read.and_then(|id: u64| Ok((id, parse_token(token)?)));
            let (id, token) =
                read.map_err(|problem| settings.config_error(format!("added_tokens_decoder: {problem}")))?;
            tokens.insert(id, token);
        }
        let lacks = |(id, token): &(&u64, &AddedToken)| tokens.get(*id).is_none_or(|own| own.content != token.content);
        if let Some((id, token)) = in_document.iter().find(lacks) {
            return Err(settings.config_error(format!(
                "added_tokens_decoder lacks the token {:?} (id {id}) that tokenizer.json adds; the two must agree",
                token.content
            )));
        }
        return Ok(tokens);
    }
    for (content, id) in &settings.added_tokens {
        let path = settings.dir.join("added_tokens.json");
        let problem = || format!("{content:?}: expected an id, found {id}");
        let id = id.as_u64().ok_or_else(|| Error::TokenizerFile { path, problem: problem() })?;
        let special = named.iter().map(|(_, token)| token).chain(extra).any(|token| token.content == *content);
        tokens.insert(id, AddedToken::from(content.as_str(), special));
    }
    tokens.extend(in_document);
    Ok(tokens)
}

/// The added tokens of a `tokenizer.json`.
fn document_tokens(settings: &Settings, document: Option<&Value>) -> Result<BTreeMap<u64, AddedToken>> {
    let added = document.and_then(|document| document.get("added_tokens")).and_then(Value::as_array);
    let token = |value: &Value| {
        let id = value.get("id").and_then(Value::as_u64).ok_or_else(|| format!("expected an id, found {value}"));
        let read = id.and_then(|id| Ok((id, parse_token(value)?)));
        let path = settings.dir.join("tokenizer.json");
        read.map_err(|problem| Error::TokenizerFile { path, problem: format!("added_tokens: {problem}") })
    };
    added.into_iter().flatten().map(token).collect()
}

/// Parses a token with a role, which is always special. `None` if it is empty.
fn parse_named_token(value: &Value) -> std::result::Result<Option<AddedToken>, String> {
    let mut token = parse_token(value)?;
    token.special = true;
    token.normalized = value.get("normalized").and_then(Value::as_bool).unwrap_or(false);
    Ok(Some(token).filter(|token| !token.content.is_empty()))
}

/// Parses a token: either a string, which is a special token, or an object with `content` and flags.
fn parse_token(value: &Value) -> std::result::Result<AddedToken, String> {
    let flag = |name: &str| value.get(name).and_then(Value::as_bool);
    if let Some(content) = value.as_str() {
        return Ok(AddedToken::from(content, true));
    }
    let content = value.get("content").and_then(Value::as_str);
    let content = content.ok_or_else(|| format!("expected a token, found {value}"))?;
    let special = flag("special").unwrap_or(false);
    let token = AddedToken::from(content, special)
        .lstrip(flag("lstrip").unwrap_or(false))
        .rstrip(flag("rstrip").unwrap_or(false))
        .single_word(flag("single_word").unwrap_or(false));
    Ok(token.normalized(flag("normalized").unwrap_or(!special)))
}
