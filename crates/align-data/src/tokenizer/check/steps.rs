//! The steps of normaliser, pre-tokeniser and decoder. A part is judged by the fields that it has and by its type, as the crate
//! reads some parts by their fields alone.

use super::growth::{Growth, of_replacement};
use super::limits::{AFFIX_BYTES, Checked, short};
use super::{charsmap, pattern};
use serde_json::{Map, Value};

/// Most steps of a normaliser, a pre-tokeniser or a decoder, however they are nested. Known ones have up to ten.
pub(super) const STEPS: usize = 64;
/// Most characters that a decoder may strip from a token's ends.
const STRIPPED: u64 = 1_000;

/// A place for steps, and the types that stand there.
struct Place {
    name: &'static str,
    kinds: &'static [&'static str],
}

const TEXT: [Place; 2] = [
    Place {
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
    Place {
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

const DECODER: Place = Place {
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

/// Checks a document's normaliser, pre-tokeniser and decoder; returns what the first two may make of a byte.
pub(super) fn check(document: &Value) -> Checked<f64> {
    // A text goes through the first two, one after the other.
    let mut growth = Growth::new();
    for place in &TEXT {
        at(place, document, &mut growth)?;
    }
    at(&DECODER, document, &mut Growth::new())?;
    Ok(growth.factor())
}

fn at(place: &Place, document: &Value, growth: &mut Growth) -> Checked<()> {
    match document.get(place.name) {
        None | Some(Value::Null) => Ok(()),
        Some(part) => Walk { place, growth, steps: 0 }.step(part),
    }
}

/// A walk over the steps of one place.
struct Walk<'a> {
    place: &'a Place,
    growth: &'a mut Growth,
    steps: usize,
}

impl Walk<'_> {
    fn step(&mut self, part: &Value) -> Checked<()> {
        self.steps += 1;
        let (name, number) = (self.place.name, self.steps);
        if number > STEPS {
            return Err(format!("{name}: expected at most {STEPS} steps"));
        }
        let kind = part.get("type").and_then(Value::as_str);
        let Some((kind, fields)) = kind.filter(|kind| self.place.kinds.contains(kind)).zip(part.as_object()) else {
            let found = part.get("type").map_or("none".to_owned(), Value::to_string);
            let kinds = self.place.kinds.join(", ");
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

    fn fields(&mut self, kind: &str, fields: &Map<String, Value>) -> Checked<()> {
        self.growth.of_kind(kind)?;
        for name in ["prepend", "suffix", "prefix", "pad_token", "word_delimiter_token"] {
            if let Some(text) = fields.get(name).and_then(Value::as_str) {
                short(name, text, AFFIX_BYTES)?;
                let factor = match name {
                    "prepend" => 1 + text.len(),
                    // A space goes before each token, between all characters where the text to replace is empty.
                    _ if text.is_empty() => 3,
                    "prefix" => 2,
                    _ => 1,
                };
                self.growth.times(factor as f64)?;
            }
        }
        if let Some(found) = fields.get("pattern") {
            let least = pattern::check(found)?;
            if let Some(content) = fields.get("content") {
                self.growth.times(of_replacement(least, content))?;
            }
        }
        if let Some(map) = fields.get("precompiled_charsmap") {
            self.growth.times(charsmap::check(map)?)?;
        }
        numbers(fields)
    }
}

fn numbers(fields: &Map<String, Value>) -> Checked<()> {
    for (name, least, most) in [("length", 1, u64::from(u32::MAX)), ("start", 0, STRIPPED), ("stop", 0, STRIPPED)] {
        if let Some(number) = fields.get(name)
            && number.as_u64().is_none_or(|number| number < least || number > most)
        {
            return Err(format!("{name} is {number}, expected {least} to {most}"));
        }
    }
    Ok(())
}
