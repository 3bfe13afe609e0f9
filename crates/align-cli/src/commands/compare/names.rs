//! The names of the compared models in tables and figures.

use crate::models;
use std::path::Path;

/// Short names that differ: those of hub models; of a folder the last parts of its path, without a last `model` as in the folder of a
/// run. A model that is given twice has a number.
pub fn short(given: &[String]) -> Vec<String> {
    let parts: Vec<Vec<String>> = given.iter().map(|name| parts(name)).collect();
    let longest = parts.iter().map(Vec::len).max().unwrap_or(1);
    let last = |count: usize| {
        let of = |parts: &Vec<String>| parts.get(parts.len().saturating_sub(count)..).unwrap_or_default().join("/");
        parts.iter().map(of).collect::<Vec<String>>()
    };
    let names = (1..=longest).map(last).find(|names| are_different(names)).unwrap_or_else(|| last(longest));
    let earlier = |at: usize, name: &String| names.iter().take(at).filter(|other| *other == name).count();
    let numbered = |(at, name): (usize, &String)| match earlier(at, name) {
        0 => name.clone(),
        count => format!("{name} ({})", count + 1),
    };
    names.iter().enumerate().map(numbered).collect()
}

fn are_different(names: &[String]) -> bool {
    names.iter().enumerate().all(|(at, name)| !names.iter().take(at).any(|other| other == name))
}

/// The parts of a path, or the name on the hub as one part.
fn parts(name: &str) -> Vec<String> {
    let path = Path::new(name);
    if !path.exists() {
        return vec![models::display_name(Some(name), "")];
    }
    let mut parts: Vec<String> = path
        .components()
        .filter(|part| matches!(part, std::path::Component::Normal(_)))
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if parts.len() > 1 && parts.last().is_some_and(|last| last == "model") {
        parts.pop();
    }
    if parts.is_empty() { vec![name.to_owned()] } else { parts }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_as_short_as_they_can_be_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            path.display().to_string()
        };
        let (hinge, ipo) = (folder("runs/hinge/model"), folder("runs/ipo/model"));
        assert_eq!(short(&[hinge.clone(), ipo.clone()]), ["hinge", "ipo"]);
        let other = folder("more/hinge/model");
        assert_eq!(short(&[hinge.clone(), other, ipo]), ["runs/hinge", "more/hinge", "runs/ipo"]);
        let twice = short(&[hinge.clone(), hinge]);
        assert!(twice[0].ends_with("runs/hinge") && twice[1].ends_with("runs/hinge (2)"), "{twice:?}");
        assert_eq!(short(&["user/name".to_owned(), "user/other".to_owned()]), ["user/name", "user/other"]);
    }
}
