//! Names out of files, in messages.

/// A name out of a file, safe to print: control characters escaped, cut where it is absurdly long.
pub(super) fn printable_name(name: &str) -> String {
    const LONGEST: usize = 160;
    let mut text: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if name.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text
}

/// Names joined by commas, the tail replaced by its count.
pub(super) fn printable_list(names: &[String], most: usize) -> String {
    let mut text = names.iter().take(most).map(|name| printable_name(name)).collect::<Vec<_>>().join(", ");
    if names.len() > most {
        text.push_str(&format!(" and {} more", names.len() - most));
    }
    text
}
