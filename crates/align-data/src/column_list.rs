//! How error messages list the columns of a table.

pub(crate) fn format_missing(forms: &[Vec<String>]) -> String {
    match forms {
        [form] if form.len() == 1 => format!("a column {}", format_columns(form)),
        forms => {
            let forms: Vec<String> = forms.iter().map(|form| format_columns(form)).collect();
            format!("the columns {}", forms.join(", or "))
        }
    }
}

pub(crate) fn format_columns(found: &[String]) -> String {
    if found.is_empty() {
        "no columns".to_owned()
    } else {
        found.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
    }
}

/// What to do about a table whose only column has a name like `a;b`: the file separates columns by something other than commas.
pub(crate) fn other_separator(columns: &[String]) -> Option<&'static str> {
    match columns {
        [one] if one.contains(';') => Some("the file seems to separate columns by \";\", and CSV needs commas"),
        [one] if one.contains('\t') => Some("the file seems to separate columns by tabs, and CSV needs commas"),
        _ => None,
    }
}
