use crate::{HubError, Result};

/// The most names that a message lists.
const MOST_LISTED: usize = 20;
/// The most characters of each.
const MOST_SHOWN: usize = 100;

/// The parts between slashes of a file's name in a repository, if none of them leads anywhere else.
///
/// # Errors
///
/// If one does.
pub(crate) fn parts(name: &str) -> Result<Vec<&str>> {
    let parts: Vec<&str> = name.split('/').collect();
    if parts.iter().all(|part| is_plain(part)) {
        return Ok(parts);
    }
    Err(HubError::UnsafeFileName { file: name.to_owned() })
}

/// Whether the name is that of a file right in its folder.
pub(crate) fn is_plain(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\']) && !name.chars().any(char::is_control)
}

/// The names for a message.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let shown: Vec<String> = names.by_ref().take(MOST_LISTED).map(shortened).collect();
    match (shown.len(), names.count()) {
        (0, _) => "no files".to_owned(),
        (_, 0) => shown.join(", "),
        (_, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(MOST_SHOWN).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        assert_eq!(parts("onnx/model.bin").unwrap(), ["onnx", "model.bin"]);
        for name in ["", "/etc/passwd", "a/../b", "..", "./a", "a//b", "a\\b", "a\nb", "a/"] {
            assert!(parts(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_message_lists_a_bounded_number_of_names() {
        assert_eq!(listed([]), "no files");
        assert_eq!(listed(["a", "b\n"]), "a, b\\n");
        let many: Vec<String> = (0..25).map(|number| number.to_string()).collect();
        assert!(listed(many.iter().map(String::as_str)).ends_with("18, 19 and 5 more"));
    }
}
