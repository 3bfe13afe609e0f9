//! Suggestions for misspelt names.

/// `; did you mean …?` with the most similar name, or an empty text if none is similar.
pub fn did_you_mean(found: &str, names: &[&str]) -> String {
    let near = names.iter().map(|name| (strsim::osa_distance(found, name), name)).min_by_key(|(distance, _)| *distance);
    match near {
        Some((distance, name)) if distance <= 2.min(name.len() / 2) => format!("; did you mean `{name}`?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_similar_names_are_suggested() {
        let names = ["setup", "demo", "test", "doctor", "env"];
        for (found, expected) in [("stup", "setup"), ("setup", "setup"), ("docotr", "doctor"), ("tests", "test")] {
            assert_eq!(did_you_mean(found, &names), format!("; did you mean `{expected}`?"), "{found}");
        }
        for found in ["install", "x", ""] {
            assert_eq!(did_you_mean(found, &names), "", "{found}");
        }
    }
}
