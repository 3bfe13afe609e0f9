//! Infers the types of extra columns: a column becomes numeric or boolean if all its texts parse as that type, as in
//! polars and pandas.

use super::super::cells::{Cell, Cells};

#[derive(Clone, Copy, PartialEq)]
enum Type {
    Bool,
    Int,
    Float,
    Text,
}

/// Converts the texts of these columns to the inferred types.
pub(super) fn infer_types(cells: &mut Cells, columns: &[usize]) {
    for index in columns {
        let Some((name, mut column)) = cells.columns.get_mut(*index).map(std::mem::take) else { continue };
        if let Some(common) = common_type(cells, &column) {
            column.iter_mut().for_each(|cell| *cell = convert(cells, *cell, common));
        }
        if let Some(at) = cells.columns.get_mut(*index) {
            *at = (name, column);
        }
    }
}

/// The common type of all texts, or `None` for a column of nulls.
fn common_type(cells: &Cells, column: &[Cell]) -> Option<Type> {
    let mut common = None;
    for text in column.iter().filter_map(|cell| cells.text(*cell)) {
        common = match (common, type_of(text)) {
            (None, found) => Some(found),
            (Some(common), found) if common == found => Some(common),
            (Some(Type::Int | Type::Float), Type::Int | Type::Float) => Some(Type::Float),
            _ => return Some(Type::Text),
        };
    }
    common
}

/// Integers that do not fit in 64 bits stay text, so that no digits are lost.
fn type_of(text: &str) -> Type {
    let number = text.strip_prefix(['-', '+']).unwrap_or(text);
    let has_digits = number.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let has_point = has_digits && number.contains(['.', 'e', 'E']);
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        Type::Bool
    } else if has_digits && !text.starts_with('+') && text.parse::<i64>().is_ok() {
        Type::Int
    } else if (has_point || matches!(number, "inf" | "NaN")) && text.parse::<f64>().is_ok() {
        Type::Float
    } else {
        Type::Text
    }
}

fn convert(cells: &Cells, cell: Cell, common: Type) -> Cell {
    let Some(text) = cells.text(cell) else { return cell };
    match common {
        Type::Text => cell,
        Type::Bool => Cell::Bool(text.eq_ignore_ascii_case("true")),
        Type::Int => text.parse().map_or(cell, Cell::Int),
        Type::Float => text.parse().map_or(cell, Cell::Float),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_the_type_of_all_its_texts() {
        for (texts, expected) in [
            (&["1", "-2", "007"][..], Some(Type::Int)),
            (&["1", "2.5", "-1e-3", ".5", "5."], Some(Type::Float)),
            (&["NaN", "-inf"], Some(Type::Float)),
            (&["true", "False"], Some(Type::Bool)),
            (&["true", "1"], Some(Type::Text)),
            (&["1", "x"], Some(Type::Text)),
            (&["1", ""], Some(Type::Text)),
            (&["+1"], Some(Type::Text)),
            (&["12345678901234567890"], Some(Type::Text)),
            (&["e5"], Some(Type::Text)),
            (&[], None),
        ] {
            let mut cells = Cells::with_columns(["c".to_owned()]);
            cells.push_texts([None]);
            texts.iter().for_each(|text| cells.push_texts([Some(*text)]));
            let column = cells.columns.first().map(|(_, column)| column.clone()).unwrap_or_default();
            assert!(common_type(&cells, &column) == expected, "{texts:?}");
        }
    }
}
