//! Labels as people write them: true and false, and the classes of a classifier.

use super::columns::FLAG;
use super::place::Place;
use super::value::Value;
use crate::Result;
use std::borrow::Cow;

/// Far more than any classifier has.
const MOST_CLASSES: f64 = 1e6;

/// Names that a message lists.
const LISTED: usize = 20;

/// Values as true and false.
pub(super) fn flags(values: &[Value<'_>], place: &Place<'_>) -> Result<Vec<bool>> {
    each(values, place, |row, text| flag(text).ok_or_else(|| place.refusal(row, FLAG, format!("{text:?}"))))
}

/// Values as classes by their numbers, by their names where these are known, or as true and false where there are two.
pub(super) fn classes(values: &[Value<'_>], place: &Place<'_>, names: &[String]) -> Result<Vec<i64>> {
    each(values, place, |row, text| {
        class(text, names).ok_or_else(|| place.refusal(row, expected_class(names), format!("{text:?}")))
    })
}

/// Reads the values in words, one way of writing for every type that a format has.
fn each<T>(values: &[Value<'_>], place: &Place<'_>, read: impl Fn(usize, &str) -> Result<T>) -> Result<Vec<T>> {
    let values = values.iter().enumerate();
    values.map(|(row, value)| read(row, &value.in_words().ok_or_else(|| place.null(row))?)).collect()
}

/// True and false in any case, 1 and 0, yes and no.
fn flag(text: &str) -> Option<bool> {
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

/// A number is always the class's number. A name counts in its own case first, and before true and false.
fn class(text: &str, names: &[String]) -> Option<i64> {
    let text = text.trim();
    let most = if names.is_empty() { MOST_CLASSES } else { names.len() as f64 - 1.0 };
    if let Ok(number) = text.parse::<f64>() {
        return ((0.0..=most).contains(&number) && number.fract() == 0.0).then_some(number as i64);
    }
    let only = |is: &dyn Fn(&str) -> bool| {
        let mut places = names.iter().enumerate().filter(|(_, name)| is(name)).map(|(place, _)| place as i64);
        places.next().filter(|_| places.next().is_none())
    };
    let named = only(&|name| name == text).or_else(|| only(&|name| name.eq_ignore_ascii_case(text)));
    named.or_else(|| flag(text).filter(|_| matches!(names.len(), 0 | 2)).map(i64::from))
}

fn expected_class(names: &[String]) -> Cow<'static, str> {
    match names {
        [] => "a class: a whole number from 0, or true or false".into(),
        _ => {
            let listed = names.iter().take(LISTED).enumerate().map(|(place, name)| format!("{place} ({name})"));
            let more = if names.len() > LISTED { ", …" } else { "" };
            format!("a class by its number or name: {}{more}", listed.collect::<Vec<_>>().join(", ")).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_and_false_as_people_write_them() {
        for text in ["true", "True", "TRUE", "1", "1.0", "yes", "Yes", " true ", "1.00", "1e0"] {
            assert_eq!(flag(text), Some(true), "{text}");
        }
        for text in ["false", "False", "0", "0.0", "-0.0", "no", "NO"] {
            assert_eq!(flag(text), Some(false), "{text}");
        }
        for text in ["", "good", "2", "0.5", "nan", "y", "truee", "1 0", "-1"] {
            assert_eq!(flag(text), None, "{text}");
        }
    }

    #[test]
    fn a_class_by_number_name_or_flag() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let two = names(&["NEGATIVE", "POSITIVE"]);
        for (text, class_of) in [("1", 1), ("0.0", 0), ("POSITIVE", 1), ("negative", 0), ("True", 1), ("no", 0)] {
            assert_eq!(class(text, &two), Some(class_of), "{text}");
        }
        for text in ["2", "-1", "0.5", "positiv", "", "nan", "LABEL_1"] {
            assert_eq!(class(text, &two), None, "{text}");
        }
        // Three classes are not true or false; names count before flags; a name in two cases is one of two.
        assert_eq!(class("true", &names(&["a", "b", "c"])), None);
        assert_eq!(class("yes", &names(&["yes", "no"])), Some(0));
        assert_eq!((class("a", &names(&["A", "a"])), class("B", &names(&["b", "bB", "b"]))), (Some(1), None));
        assert_eq!((class("7", &[]), class("yes", &[]), class("good", &[])), (Some(7), Some(1), None));
        // A number is a number, also where it is another class's name.
        assert_eq!(class("1", &names(&["1", "2"])), Some(1));
    }
}
