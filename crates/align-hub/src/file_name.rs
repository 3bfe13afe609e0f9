use crate::{HubError, Result};

/// Most names that a message lists.
const MAX_LISTED: usize = 20;
/// Most characters of each name.
const MAX_SHOWN: usize = 100;

/// Splits a file name in a repository at its slashes.
///
/// # Errors
///
/// If a component could escape the folder, such as `..`.
pub(crate) fn components(name: &str) -> Result<Vec<&str>> {
    let parts: Vec<&str> = name.split('/').collect();
    if parts.iter().all(|part| is_plain_name(part)) {
        return Ok(parts);
    }
    Err(HubError::UnsafeFileName { file: name.to_owned() })
}

/// Whether the name is a single safe path component.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\']) && !name.chars().any(char::is_control)
}

/// Formats the names for a message.
pub(crate) fn format_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let shown: Vec<String> = names.by_ref().take(MAX_LISTED).map(shorten).collect();
    match (shown.len(), names.count()) {
        (0, _) => "no files".to_owned(),
        (_, 0) => shown.join(", "),
        (_, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

fn shorten(name: &str) -> String {
    name.chars().take(MAX_SHOWN).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_rejected() {
        assert_eq!(components("onnx/model.bin").unwrap(), ["onnx", "model.bin"]);
        for name in ["", "/etc/passwd", "a/../b", "..", "./a", "a//b", "a\\b", "a\nb", "a/"] {
            assert!(components(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_message_lists_a_limited_number_of_names() {
        assert_eq!(format_list([]), "no files");
        assert_eq!(format_list(["a", "b\n"]), "a, b\\n");
        let many: Vec<String> = (0..25).map(|number| number.to_string()).collect();
        assert!(format_list(many.iter().map(String::as_str)).ends_with("18, 19 and 5 more"));
    }
}
