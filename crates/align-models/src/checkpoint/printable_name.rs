//! Makes names from files safe to print in messages.

/// Escapes control characters in a name from a file, and truncates very long names.
pub(super) fn printable_name(name: &str) -> String {
    const LONGEST: usize = 160;
    let mut text: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if name.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text
}

/// Joins names with commas. If there are more than `most`, the rest is only counted.
pub(super) fn printable_list(names: &[String], most: usize) -> String {
    let mut text = names.iter().take(most).map(|name| printable_name(name)).collect::<Vec<_>>().join(", ");
    if names.len() > most {
        text.push_str(&format!(" and {} more", names.len() - most));
    }
    text
}
