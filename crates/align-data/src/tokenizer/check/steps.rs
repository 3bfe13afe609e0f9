//! Checks the steps of normaliser, pre-tokeniser and decoder. Each step is checked by its type and by its fields,
//! because the crate identifies some steps by their fields alone.

use super::growth::{Growth, replacement_factor};
use super::limits::{CheckResult, MAX_AFFIX_BYTES, check_length};
use super::{charsmap, pattern};
use serde_json::{Map, Value};

/// Most steps of a normaliser, a pre-tokeniser or a decoder, at any depth. Known ones have up to ten.
pub(super) const MAX_STEPS: usize = 64;
/// Most characters that a decoder may strip from the ends of a token.
const MAX_STRIPPED: u64 = 1_000;

/// One of these parts and the step types that it allows.
struct Component {
    name: &'static str,
    kinds: &'static [&'static str],
}

const TEXT_COMPONENTS: [Component; 2] = [
    Component {
        name: "normalizer",
        kinds: &[
            "BertNormalizer",
            "ByteLevel",
            "Lowercase",
            "NFC",
            "NFD",
            "NFKC",
            "NFKD",
            "Nmt",
            "Precompiled",
            "Prepend",
            "Replace",
            "Sequence",
            "Strip",
            "StripAccents",
        ],
    },
    Component {
        name: "pre_tokenizer",
        kinds: &[
            "BertPreTokenizer",
            "ByteLevel",
            "CharDelimiterSplit",
            "Digits",
            "FixedLength",
            "Metaspace",
            "Punctuation",
            "Sequence",
            "Split",
            "UnicodeScripts",
            "Whitespace",
            "WhitespaceSplit",
        ],
    },
];

const DECODER: Component = Component {
    name: "decoder",
    kinds: &[
        "BPEDecoder",
        "ByteFallback",
        "ByteLevel",
        "CTC",
        "Fuse",
        "Metaspace",
        "Replace",
        "Sequence",
        "Strip",
        "WordPiece",
    ],
};

/// Checks the normaliser, pre-tokeniser and decoder. Returns the factor by which the first two may expand a text.
pub(super) fn check(document: &Value) -> CheckResult<f64> {
    // A text passes through both, so their factors multiply.
    let mut growth = Growth::new();
    for component in &TEXT_COMPONENTS {
        check_component(component, document, &mut growth)?;
    }
    check_component(&DECODER, document, &mut Growth::new())?;
    Ok(growth.factor())
}

fn check_component(component: &Component, document: &Value, growth: &mut Growth) -> CheckResult<()> {
    match document.get(component.name) {
        None | Some(Value::Null) => Ok(()),
        Some(part) => StepChecker { component, growth, steps: 0 }.step(part),
    }
}

/// Checks the steps of one part recursively.
struct StepChecker<'a> {
    component: &'a Component,
    growth: &'a mut Growth,
    steps: usize,
}

impl StepChecker<'_> {
    fn step(&mut self, part: &Value) -> CheckResult<()> {
        self.steps += 1;
        let (name, number) = (self.component.name, self.steps);
        if number > MAX_STEPS {
            return Err(format!("{name}: expected at most {MAX_STEPS} steps"));
        }
        let kind = part.get("type").and_then(Value::as_str);
        let Some((kind, fields)) = kind.filter(|kind| self.component.kinds.contains(kind)).zip(part.as_object()) else {
            let found = part.get("type").map_or("none".to_owned(), Value::to_string);
            let kinds = self.component.kinds.join(", ");
            return Err(format!("{name}, step {number}: expected a type of {kinds}, found {found}"));
        };
        self.fields(kind, fields).map_err(|problem| format!("{name}, step {number}, {kind}: {problem}"))?;
        for list in ["normalizers", "pretokenizers", "decoders"] {
            for part in fields.get(list).and_then(Value::as_array).into_iter().flatten() {
                self.step(part)?;
            }
        }
        Ok(())
    }

    fn fields(&mut self, kind: &str, fields: &Map<String, Value>) -> CheckResult<()> {
        self.growth.count_step(kind)?;
        for name in ["prepend", "suffix", "prefix", "pad_token", "word_delimiter_token"] {
            if let Some(text) = fields.get(name).and_then(Value::as_str) {
                check_length(name, text, MAX_AFFIX_BYTES)?;
                let factor = match name {
                    "prepend" => 1 + text.len(),
                    // A space is added before each token, and between all characters if the string to replace is empty.
                    _ if text.is_empty() => 3,
                    "prefix" => 2,
                    _ => 1,
                };
                self.growth.multiply(factor as f64)?;
            }
        }
        if let Some(found) = fields.get("pattern") {
            let least = pattern::check(found)?;
            if let Some(content) = fields.get("content") {
                self.growth.multiply(replacement_factor(least, content))?;
            }
        }
        if let Some(map) = fields.get("precompiled_charsmap") {
            self.growth.multiply(charsmap::check(map)?)?;
        }
        check_numbers(fields)
    }
}

fn check_numbers(fields: &Map<String, Value>) -> CheckResult<()> {
    for (name, least, most) in
        [("length", 1, u64::from(u32::MAX)), ("start", 0, MAX_STRIPPED), ("stop", 0, MAX_STRIPPED)]
    {
        if let Some(number) = fields.get(name)
            && number.as_u64().is_none_or(|number| number < least || number > most)
        {
            return Err(format!("{name} is {number}, expected {least} to {most}"));
        }
    }
    Ok(())
}
