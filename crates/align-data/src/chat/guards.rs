//! Limits the values that a template can build.
//!
//! The engine counts instructions and text, but it compares and prints nested values without counting. A few statements
//! can nest a value so that this takes for ever, or so deep that it exhausts the stack. Therefore lists, mappings,
//! tuples and assigned values pass through filters, which are written into the expressions of a template:
//! `[a, b]` becomes `([a, b]|align_value)`. The filters count the parts of a value as work, and limit its depth.

use minijinja::value::{Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State};
use std::borrow::Cow;

/// The filter for new and assigned values.
const VALUE: &str = "align_value";
/// The filter for values that are assigned to an attribute of a namespace.
const ATTRIBUTE: &str = "align_attribute";
/// Deepest nesting of a value that a template builds, beyond that of the messages.
const MAX_DEPTH: usize = 100;
/// How many parts of a value one unit of work pays for.
const PARTS_PER_FUEL: usize = 2;

/// Most operators, names and other tokens of a tag. The time for long chains of operators grows faster than they.
const MAX_TOKENS: usize = 2000;

/// Words after which a bracket begins a value, and not a call or an index.
const KEYWORDS: [&str; 9] = ["in", "not", "and", "or", "if", "else", "elif", "is", "set"];

/// Adds the filters, and replaces the functions that build values.
pub(super) fn add_to(environment: &mut Environment<'static>) {
    environment.add_filter(VALUE, |state: &State, value: Value| checked(state, value, true));
    environment.add_filter(ATTRIBUTE, |state: &State, value: Value, _: Value| checked(state, value, false));
    environment.add_function("namespace", |state: &State, fields: Option<ValueOrKwargs>| {
        check_fields(state, fields.as_ref())?;
        minijinja::functions::namespace(fields)
    });
    // They nest what they are given.
    environment.remove_filter("zip");
    environment.remove_filter("chain");
}

fn check_fields(state: &State, fields: Option<&ValueOrKwargs>) -> Result<(), Error> {
    let Some(fields) = fields.map(|fields| Value::clone(fields)) else { return Ok(()) };
    checked(state, fields, false).map(drop)
}

/// Checks a value. An iterator becomes a list. A namespace is not looked into: what it holds has been checked.
fn checked(state: &State, value: Value, allows_namespace: bool) -> Result<Value, Error> {
    if allows_namespace && is_namespace(&value) {
        return Ok(value);
    }
    let mut parts = 0;
    if value.kind() == ValueKind::Iterable {
        let mut list = Vec::new();
        for item in value.try_iter()?.checked() {
            let item = item?;
            check_part(state, &item, 1, &mut parts)?;
            list.push(item);
        }
        return Ok(Value::from(list));
    }
    check_part(state, &value, 0, &mut parts)?;
    Ok(value)
}

fn check_part(state: &State, value: &Value, depth: usize, parts: &mut usize) -> Result<(), Error> {
    *parts += 1;
    if parts.is_multiple_of(PARTS_PER_FUEL) {
        state.consume_fuel(1)?;
    }
    let error = |problem| Err(Error::new(ErrorKind::InvalidOperation, problem));
    if depth > MAX_DEPTH {
        return error(format!("a value is nested deeper than {MAX_DEPTH} levels"));
    }
    if is_namespace(value) {
        return error("a namespace cannot be part of a value".to_owned());
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.checked().try_for_each(|item| check_part(state, &item?, depth + 1, parts))
        }
        ValueKind::Map => value.try_iter()?.checked().try_for_each(|key| {
            let key = key?;
            check_part(state, &key, depth + 1, parts)?;
            check_part(state, &value.get_item(&key)?, depth + 1, parts)
        }),
        _ => Ok(()),
    }
}

fn is_namespace(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.type_name().ends_with("::Namespace"))
}

/// A bracket that is still open.
struct Bracket {
    start: usize,
    /// Whether it begins a value.
    value: bool,
    /// Whether it needs a comma for that, since parentheses do not always make a tuple.
    needs_comma: bool,
    comma: bool,
}

/// Writes the filters into a tag.
pub(super) fn guarded(tag: &str) -> Result<String, String> {
    let mut scan = Scan::new(tag);
    scan.run()?;
    Ok(scan.insert())
}

/// Looks for values in a tag.
struct Scan<'a> {
    tag: &'a str,
    /// The word with which a block tag begins.
    statement: &'a str,
    /// Texts to insert, by position.
    inserts: Vec<(usize, Cow<'static, str>)>,
    brackets: Vec<Bracket>,
    /// Whether the last token ends an operand, behind which a bracket is a call or an index.
    operand: bool,
    /// Whether a target comes before an assignment or before `in`.
    target: bool,
    /// The filter of the assigned value that the scan is in.
    assigned: Option<Cow<'static, str>>,
}

impl<'a> Scan<'a> {
    fn new(tag: &'a str) -> Self {
        let block = tag.strip_prefix("{%").unwrap_or_default();
        let block = block.trim_start_matches(['-', '+']).trim_start();
        let statement = block.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let target = matches!(statement, "for" | "set" | "with");
        Self { tag, statement, inserts: Vec::new(), brackets: Vec::new(), operand: false, target, assigned: None }
    }

    fn run(&mut self) -> Result<(), String> {
        let end = self.tag.len().saturating_sub(2);
        let end = end - usize::from(self.tag.get(..end).is_some_and(|tag| tag.len() > 2 && tag.ends_with(['-', '+'])));
        let (mut at, mut tokens) = (2, 0);
        while at < end {
            let rest = self.tag.get(at..end).unwrap_or_default();
            let Some(first) = rest.chars().next() else { break };
            let length = match first {
                '\'' | '"' => string_length(rest, first),
                c if c.is_alphabetic() || c == '_' => {
                    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
                }
                c => c.len_utf8(),
            };
            let token = rest.get(..length).unwrap_or(rest);
            tokens += usize::from(!first.is_whitespace());
            if tokens > MAX_TOKENS {
                return Err(format!("a tag has more than {MAX_TOKENS} tokens: split it"));
            }
            self.token(token, at)?;
            at += length.max(1);
        }
        self.close_assigned(end);
        Ok(())
    }

    fn token(&mut self, token: &'a str, at: usize) -> Result<(), String> {
        let outside = self.brackets.is_empty();
        match token {
            "(" | "[" | "{" => {
                let value = !self.operand && !self.target;
                self.brackets.push(Bracket { start: at, value, needs_comma: token == "(", comma: false });
                self.operand = false;
            }
            ")" | "]" | "}" => {
                if let Some(bracket) = self.brackets.pop()
                    && bracket.value
                    && (bracket.comma || !bracket.needs_comma)
                {
                    self.inserts.extend([(bracket.start, "(".into()), (at + 1, "|align_value)".into())]);
                }
                self.operand = true;
            }
            "," => {
                match self.brackets.last_mut() {
                    Some(bracket) => bracket.comma = true,
                    None if self.statement == "with" => {
                        self.close_assigned(at);
                        self.target = true;
                    }
                    None if self.statement == "for" && !self.target => {
                        return Err("put the values of a loop in parentheses or in brackets".to_owned());
                    }
                    None => {}
                }
                self.operand = false;
            }
            "=" if outside && self.target && self.statement != "for" => self.open_assigned(at),
            "in" if outside && self.target && self.statement == "for" => {
                self.target = false;
                self.operand = false;
            }
            token if token.trim().is_empty() => {}
            token => {
                let word = token.starts_with(|c: char| c.is_alphanumeric() || "_'\"".contains(c));
                self.operand =
                    word && (!KEYWORDS.contains(&token) || self.follows_dot(at)) && token != self.statement_at(at);
            }
        }
        Ok(())
    }

    fn follows_dot(&self, at: usize) -> bool {
        self.tag.get(..at).is_some_and(|before| before.trim_end().ends_with('.'))
    }

    /// The word of the statement, if it stands here. `call` may be followed by parameters.
    fn statement_at(&self, at: usize) -> &'a str {
        let first =
            self.tag.get(2..at).is_some_and(|before| before.trim_matches(['-', '+', ' ', '\n', '\t', '\r']).is_empty());
        if first && self.statement != "call" { self.statement } else { "" }
    }

    /// Begins an assigned value behind `=`.
    fn open_assigned(&mut self, at: usize) {
        self.target = false;
        self.operand = false;
        let target = self.tag.get(..at).and_then(|tag| tag.split_once("set")).map_or("", |(_, target)| target.trim());
        self.assigned = Some(match target.split_once('.') {
            // A block that only assigns to a namespace does not see it otherwise, within macros and generation blocks.
            Some((namespace, _)) if self.statement == "set" => format!(")|{ATTRIBUTE}({namespace})").into(),
            _ => ")|align_value".into(),
        });
        self.inserts.push((at + 1, "(".into()));
    }

    fn close_assigned(&mut self, at: usize) {
        if let Some(filter) = self.assigned.take() {
            self.inserts.push((at, filter));
        }
    }

    fn insert(mut self) -> String {
        // What was inserted at the same place later stands further inside.
        self.inserts.sort_by_key(|(at, _)| *at);
        let mut text = String::with_capacity(self.tag.len() + 16 * self.inserts.len());
        let mut done = 0;
        for (at, inserted) in self.inserts {
            text.push_str(self.tag.get(done..at).unwrap_or_default());
            text.push_str(&inserted);
            done = at;
        }
        text + self.tag.get(done..).unwrap_or_default()
    }
}

/// The length of a string literal with its quotes.
fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
