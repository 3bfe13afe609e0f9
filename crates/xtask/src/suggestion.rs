//! What somebody who misspelled a name may have meant.

/// `; did you mean …?` with the nearest of the names, or nothing where none is near.
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
    fn the_nearest_is_suggested_and_nothing_far() {
        let names = ["setup", "demo", "test", "doctor", "env"];
        for (found, meant) in [("stup", "setup"), ("set-up", "setup"), ("docotr", "doctor"), ("tests", "test")] {
            assert_eq!(did_you_mean(found, &names), format!("; did you mean `{meant}`?"), "{found}");
        }
        for found in ["install", "x", ""] {
            assert_eq!(did_you_mean(found, &names), "", "{found}");
        }
    }
}
