//! Which file of a crate uses which, and whether that goes in circles. A `pub use` is no use: what it passes on is looked for where it
//! is defined.

use crate::module::{Module, Route};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

/// The circles among the files of a crate's `src`, in words.
pub fn circles(source: &Path, files: &[PathBuf]) -> Vec<String> {
    let modules: BTreeMap<Route, Module> = files
        .iter()
        .filter(|file| !file.starts_with(source.join("bin")))
        .map(|file| {
            let route = route(file.strip_prefix(source).unwrap());
            let module = Module::read(file, &route);
            (route, module)
        })
        .collect();
    let uses: BTreeMap<&Path, BTreeSet<&Path>> =
        modules.values().map(|module| (module.file.as_path(), used(module, &modules))).collect();
    let mut found = BTreeSet::new();
    for (from, targets) in &uses {
        for to in targets {
            found.extend(shortest_way(&uses, to, from).map(smallest_first));
        }
    }
    found.into_iter().map(|circle| in_words(&circle, source)).collect()
}

/// The module that a file is.
fn route(file: &Path) -> Route {
    let mut route: Route = file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let last = route.last().map(String::as_str);
    if last == Some("mod") || route.len() == 1 && matches!(last, Some("lib" | "main")) {
        route.pop();
    }
    route
}

/// The other files whose items a module names.
fn used<'a>(module: &Module, modules: &'a BTreeMap<Route, Module>) -> BTreeSet<&'a Path> {
    let files = module.named.iter().filter_map(|route| defining_file(route, modules, &mut BTreeSet::new()));
    files.filter(|file| *file != module.file).collect()
}

/// The file of the item at a path: through modules, and through what they pass on.
fn defining_file<'a>(
    route: &Route,
    modules: &'a BTreeMap<Route, Module>,
    seen: &mut BTreeSet<Route>,
) -> Option<&'a Path> {
    if !seen.insert(route.clone()) {
        return None;
    }
    // The longest beginning that is a module with a file.
    let at = (0..=route.len()).rev().find(|length| modules.contains_key(&route[..*length]))?;
    let module = &modules[&route[..at]];
    let Some(name) = route.get(at) else { return Some(&module.file) };
    if let Some(target) = module.imports.get(name) {
        let behind = [target, &route[at + 1..]].concat();
        return defining_file(&behind, modules, seen);
    }
    let through_glob = module.globs.iter().find_map(|glob| {
        let behind = [glob, &route[at..]].concat();
        modules.contains_key(&behind).then(|| defining_file(&behind, modules, seen)).flatten()
    });
    through_glob.or(Some(&module.file))
}

/// The files from one to another, both included.
fn shortest_way<'a>(
    uses: &BTreeMap<&'a Path, BTreeSet<&'a Path>>,
    from: &'a Path,
    to: &'a Path,
) -> Option<Vec<&'a Path>> {
    let mut before: BTreeMap<&Path, &Path> = BTreeMap::new();
    let mut next = VecDeque::from([from]);
    while let Some(file) = next.pop_front() {
        if file == to {
            let mut way = vec![to];
            while let Some(file) = before.get(way[way.len() - 1]).filter(|_| way[way.len() - 1] != from) {
                way.push(file);
            }
            return Some(way);
        }
        for target in &uses[file] {
            if *target != from && !before.contains_key(target) {
                before.insert(target, file);
                next.push_back(target);
            }
        }
    }
    None
}

/// A circle from its first file by name, so that it is found once.
fn smallest_first(mut circle: Vec<&Path>) -> Vec<&Path> {
    circle.reverse();
    let smallest = circle.iter().enumerate().min_by_key(|(_, file)| **file).map_or(0, |(place, _)| place);
    circle.rotate_left(smallest);
    circle
}

fn in_words(circle: &[&Path], source: &Path) -> String {
    let name = source.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let files: Vec<String> =
        circle.iter().map(|file| file.strip_prefix(source).unwrap().display().to_string()).collect();
    format!("{name}: {} → {}", files.join(" → "), files[0])
}
