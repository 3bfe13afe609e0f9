//! The filter `tojson`, which is Python's `json.dumps` in transformers.

use super::python_text::{LimitedText, python_float};
use minijinja::value::{Kwargs, Rest, Value, ValueKind, ValueOrKwargs, from_args};
use minijinja::{Error, ErrorKind, State};

/// The options of `json.dumps`.
struct Json<'a, 'state, 'env> {
    text: LimitedText<'a, 'state, 'env>,
    ensure_ascii: bool,
    /// The indentation of one level.
    indent: Option<String>,
    item_separator: String,
    key_separator: String,
    sort_keys: bool,
}

/// `tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False)`.
pub(super) fn tojson(state: &State, value: &Value, args: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    type Options = (Option<Value>, Option<Value>, Option<Value>, Option<Value>, Kwargs);
    let args = args.into_values();
    let (ensure_ascii, indent, separators, sort_keys, named): Options = from_args(&args)?;
    let option = |given: Option<Value>, name: &str| -> Result<Option<Value>, Error> {
        let value = match given {
            Some(value) => Some(value),
            None => named.get::<Option<Value>>(name)?,
        };
        Ok(value.filter(|value| !value.is_none() && !value.is_undefined()))
    };
    let ensure_ascii = option(ensure_ascii, "ensure_ascii")?.is_some_and(|value| value.is_true());
    let indent = option(indent, "indent")?.map(|indent| indentation(state, &indent)).transpose()?;
    let separators = option(separators, "separators")?.map(|pair| separator_pair(&pair)).transpose()?;
    let sort_keys = option(sort_keys, "sort_keys")?.is_some_and(|value| value.is_true());
    named.assert_all_used()?;
    let default = || (if indent.is_some() { "," } else { ", " }.to_owned(), ": ".to_owned());
    let (item_separator, key_separator) = separators.unwrap_or_else(default);
    let text = LimitedText::new(state);
    let mut json = Json { text, ensure_ascii, indent, item_separator, key_separator, sort_keys };
    json.write(value, 0)?;
    Ok(Value::from(json.text.text))
}

/// The indentation of one level: a number of spaces or a text.
fn indentation(state: &State, indent: &Value) -> Result<String, Error> {
    if let Some(text) = indent.as_str() {
        return Ok(text.to_owned());
    }
    let problem = |_| Error::new(ErrorKind::InvalidOperation, "tojson: indent: expected a number or a text");
    let count = i64::try_from(indent.clone()).map_err(problem)?.max(0);
    let mut text = LimitedText::new(state);
    text.push_repeated(" ", usize::try_from(count).unwrap_or_default())?;
    Ok(text.text)
}

fn separator_pair(pair: &Value) -> Result<(String, String), Error> {
    let texts: Vec<Value> = pair.try_iter()?.checked().take(3).collect::<Result<_, _>>()?;
    match texts.as_slice() {
        [item, key] => item.as_str().zip(key.as_str()),
        _ => None,
    }
    .map(|(item, key)| (item.to_owned(), key.to_owned()))
    .ok_or_else(|| {
        Error::new(ErrorKind::InvalidOperation, format!("tojson: separators: expected two strings, found {pair}"))
    })
}

impl Json<'_, '_, '_> {
    fn write(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.text.check_depth(depth)?;
        match value.kind() {
            ValueKind::None => self.text.push("null"),
            ValueKind::Bool => self.text.push(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.text.push(&number(value)),
            ValueKind::String => self.write_string(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => {
                let items = value.try_iter()?.checked().map(|item| Ok((None, item?)));
                self.write_container(["[", "]"], items, depth)
            }
            ValueKind::Map => {
                let mut entries = value
                    .try_iter()?
                    .checked()
                    .map(|key| {
                        let key = key?;
                        let item = value.get_item(&key)?;
                        Ok((Some(key_text(&key)?), item))
                    })
                    .collect::<Result<Vec<_>, Error>>()?;
                if self.sort_keys {
                    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                }
                self.write_container(["{", "}"], entries.into_iter().map(Ok), depth)
            }
            kind => Err(not_serialisable(kind)),
        }
    }

    fn write_container(
        &mut self,
        brackets: [&str; 2],
        items: impl Iterator<Item = Result<(Option<String>, Value), Error>>,
        depth: usize,
    ) -> Result<(), Error> {
        self.text.push(brackets[0])?;
        let mut empty = true;
        for item in items {
            let (key, item) = item?;
            if !empty {
                self.text.push(&self.item_separator)?;
            }
            empty = false;
            self.write_line_start(depth + 1)?;
            if let Some(key) = key {
                self.write_string(&key)?;
                self.text.push(&self.key_separator)?;
            }
            self.write(&item, depth + 1)?;
        }
        if !empty {
            self.write_line_start(depth)?;
        }
        self.text.push(brackets[1])
    }

    fn write_line_start(&mut self, depth: usize) -> Result<(), Error> {
        let Some(indent) = &self.indent else { return Ok(()) };
        self.text.push("\n")?;
        self.text.push_repeated(indent, depth)
    }

    fn write_string(&mut self, text: &str) -> Result<(), Error> {
        let mut quoted = String::with_capacity(text.len() + 2);
        quoted.push('"');
        for c in text.chars() {
            match c {
                '"' => quoted.push_str("\\\""),
                '\\' => quoted.push_str("\\\\"),
                '\n' => quoted.push_str("\\n"),
                '\r' => quoted.push_str("\\r"),
                '\t' => quoted.push_str("\\t"),
                '\u{8}' => quoted.push_str("\\b"),
                '\u{c}' => quoted.push_str("\\f"),
                c if c < ' ' || (self.ensure_ascii && c > '~') => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        quoted.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                c => quoted.push(c),
            }
        }
        quoted.push('"');
        self.text.push(&quoted)
    }
}

fn number(value: &Value) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    match f64::try_from(value.clone()) {
        Ok(number) if number.is_nan() => "NaN".to_owned(),
        Ok(number) if number.is_infinite() => if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        Ok(number) => python_float(number),
        Err(_) => value.to_string(),
    }
}

/// The text of a key: JSON has no other keys than strings.
fn key_text(key: &Value) -> Result<String, Error> {
    match key.kind() {
        ValueKind::String => Ok(key.as_str().unwrap_or_default().to_owned()),
        ValueKind::None => Ok("null".to_owned()),
        ValueKind::Bool => Ok(if key.is_true() { "true" } else { "false" }.to_owned()),
        ValueKind::Number => Ok(number(key)),
        kind => Err(not_serialisable(kind)),
    }
}

fn not_serialisable(kind: ValueKind) -> Error {
    Error::new(ErrorKind::BadSerialization, format!("tojson: JSON has no form for a value of the kind {kind}"))
}
