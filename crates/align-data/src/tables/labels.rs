//! Parses labels: booleans, and class labels of a classifier.

use super::column_context::ColumnContext;
use super::columns::BOOLEAN;
use super::value::Value;
use crate::Result;
use std::borrow::Cow;

/// More classes than any classifier has.
const MAX_CLASSES: f64 = 1e6;

/// Most class names that an error message lists.
const MAX_LISTED: usize = 20;

/// Parses values as booleans.
pub(super) fn parse_booleans(values: &[Value<'_>], column: &ColumnContext<'_>) -> Result<Vec<bool>> {
    parse_each(values, column, |row, text| {
        parse_boolean(text).ok_or_else(|| column.cell_error(row, BOOLEAN, format!("{text:?}")))
    })
}

/// Parses values as class labels: class indices, class names if these are known, or booleans if there are two classes.
pub(super) fn parse_classes(values: &[Value<'_>], column: &ColumnContext<'_>, names: &[String]) -> Result<Vec<i64>> {
    parse_each(values, column, |row, text| {
        parse_class(text, names).ok_or_else(|| column.cell_error(row, expected_class(names), format!("{text:?}")))
    })
}

/// Parses the text form of each value, so that every column type accepts the same labels.
fn parse_each<T>(
    values: &[Value<'_>],
    column: &ColumnContext<'_>,
    read: impl Fn(usize, &str) -> Result<T>,
) -> Result<Vec<T>> {
    let values = values.iter().enumerate();
    values.map(|(row, value)| read(row, &value.to_text().ok_or_else(|| column.null_error(row))?)).collect()
}

/// True and false in any case, 1 and 0, yes and no.
fn parse_boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match text.parse::<f64>() {
        Ok(1.0) => Some(true),
        Ok(0.0) => Some(false),
        Err(_) if is("true") || is("yes") => Some(true),
        Err(_) if is("false") || is("no") => Some(false),
        _ => None,
    }
}

/// A number is always a class index. A name matches in its exact case first, and takes precedence over true and false.
fn parse_class(text: &str, names: &[String]) -> Option<i64> {
    let text = text.trim();
    let most = if names.is_empty() { MAX_CLASSES } else { names.len() as f64 - 1.0 };
    if let Ok(number) = text.parse::<f64>() {
        return ((0.0..=most).contains(&number) && number.fract() == 0.0).then_some(number as i64);
    }
    let only = |is: &dyn Fn(&str) -> bool| {
        let mut found = names.iter().enumerate().filter(|(_, name)| is(name)).map(|(index, _)| index as i64);
        found.next().filter(|_| found.next().is_none())
    };
    let named = only(&|name| name == text).or_else(|| only(&|name| name.eq_ignore_ascii_case(text)));
    named.or_else(|| parse_boolean(text).filter(|_| matches!(names.len(), 0 | 2)).map(i64::from))
}

fn expected_class(names: &[String]) -> Cow<'static, str> {
    match names {
        [] => "a class: a whole number from 0, or true or false".into(),
        _ => {
            let listed = names.iter().take(MAX_LISTED).enumerate().map(|(index, name)| format!("{index} ({name})"));
            let more = if names.len() > MAX_LISTED { ", …" } else { "" };
            format!("a class by its number or name: {}{more}", listed.collect::<Vec<_>>().join(", ")).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_may_have_any_common_notation() {
        for text in ["true", "True", "TRUE", "1", "1.0", "yes", "Yes", " true ", "1.00", "1e0"] {
            assert_eq!(parse_boolean(text), Some(true), "{text}");
        }
        for text in ["false", "False", "0", "0.0", "-0.0", "no", "NO"] {
            assert_eq!(parse_boolean(text), Some(false), "{text}");
        }
        for text in ["", "good", "2", "0.5", "nan", "y", "truee", "1 0", "-1"] {
            assert_eq!(parse_boolean(text), None, "{text}");
        }
    }

    #[test]
    fn classes_may_be_numbers_names_or_booleans() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let two = names(&["NEGATIVE", "POSITIVE"]);
        for (text, class_of) in [("1", 1), ("0.0", 0), ("POSITIVE", 1), ("negative", 0), ("True", 1), ("no", 0)] {
            assert_eq!(parse_class(text, &two), Some(class_of), "{text}");
        }
        for text in ["2", "-1", "0.5", "positiv", "", "nan", "LABEL_1"] {
            assert_eq!(parse_class(text, &two), None, "{text}");
        }
        // True and false are invalid for three classes. A name takes precedence over true and false. A name that two
        // classes share in different cases must match exactly.
        assert_eq!(parse_class("true", &names(&["a", "b", "c"])), None);
        assert_eq!(parse_class("yes", &names(&["yes", "no"])), Some(0));
        assert_eq!(
            (parse_class("a", &names(&["A", "a"])), parse_class("B", &names(&["b", "bB", "b"]))),
            (Some(1), None)
        );
        assert_eq!(
            (parse_class("7", &[]), parse_class("yes", &[]), parse_class("good", &[])),
            (Some(7), Some(1), None)
        );
        // A number is a class index even if it is also another class's name.
        assert_eq!(parse_class("1", &names(&["1", "2"])), Some(1));
    }
}
