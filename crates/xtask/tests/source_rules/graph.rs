//! Finds cycles of imports between the files of a crate. A `pub use` does not count as an import: a re-exported item belongs to the file
//! that defines it.

use crate::module::{Module, Route};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

/// The import cycles between the files of a crate's `src`, as text.
pub fn cycles(source: &Path, files: &[PathBuf]) -> Vec<String> {
    let modules: BTreeMap<Route, Module> = files
        .iter()
        .filter(|file| !file.starts_with(source.join("bin")))
        .map(|file| {
            let route = route(file.strip_prefix(source).unwrap());
            let module = Module::read(file, &route);
            (route, module)
        })
        .collect();
    let imports: BTreeMap<&Path, BTreeSet<&Path>> =
        modules.values().map(|module| (module.file.as_path(), imported_files(module, &modules))).collect();
    let mut cycles = BTreeSet::new();
    for (from, targets) in &imports {
        for to in targets {
            cycles.extend(shortest_path(&imports, to, from).map(smallest_first));
        }
    }
    cycles.into_iter().map(|cycle| format_cycle(&cycle, source)).collect()
}

/// The module path of a file.
fn route(file: &Path) -> Route {
    let mut route: Route = file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let last = route.last().map(String::as_str);
    if last == Some("mod") || route.len() == 1 && matches!(last, Some("lib" | "main")) {
        route.pop();
    }
    route
}

/// The other files whose items a module uses.
fn imported_files<'a>(module: &Module, modules: &'a BTreeMap<Route, Module>) -> BTreeSet<&'a Path> {
    let files = module.named.iter().filter_map(|route| defining_file(route, modules, &mut BTreeSet::new()));
    files.filter(|file| *file != module.file).collect()
}

/// The file that defines the item at a path. Follows modules and re-exports.
fn defining_file<'a>(
    route: &Route,
    modules: &'a BTreeMap<Route, Module>,
    seen: &mut BTreeSet<Route>,
) -> Option<&'a Path> {
    if !seen.insert(route.clone()) {
        return None;
    }
    // The longest prefix that is a module with a file.
    let length = (0..=route.len()).rev().find(|length| modules.contains_key(&route[..*length]))?;
    let module = &modules[&route[..length]];
    let Some(name) = route.get(length) else { return Some(&module.file) };
    if let Some(target) = module.imports.get(name) {
        let resolved = [target, &route[length + 1..]].concat();
        return defining_file(&resolved, modules, seen);
    }
    let through_glob = module.globs.iter().find_map(|glob| {
        let resolved = [glob, &route[length..]].concat();
        modules.contains_key(&resolved).then(|| defining_file(&resolved, modules, seen)).flatten()
    });
    through_glob.or(Some(&module.file))
}

/// The shortest chain of imports from one file to another, both included, in reverse order.
fn shortest_path<'a>(
    imports: &BTreeMap<&'a Path, BTreeSet<&'a Path>>,
    from: &'a Path,
    to: &'a Path,
) -> Option<Vec<&'a Path>> {
    let mut predecessors: BTreeMap<&Path, &Path> = BTreeMap::new();
    let mut next = VecDeque::from([from]);
    while let Some(file) = next.pop_front() {
        if file == to {
            let mut path = vec![to];
            while let Some(file) = predecessors.get(path[path.len() - 1]).filter(|_| path[path.len() - 1] != from) {
                path.push(file);
            }
            return Some(path);
        }
        for target in &imports[file] {
            if *target != from && !predecessors.contains_key(target) {
                predecessors.insert(target, file);
                next.push_back(target);
            }
        }
    }
    None
}

/// Rotates a cycle so that it begins with the first file by name, so that equal cycles are found once.
fn smallest_first(mut cycle: Vec<&Path>) -> Vec<&Path> {
    cycle.reverse();
    let smallest = cycle.iter().enumerate().min_by_key(|(_, file)| **file).map_or(0, |(index, _)| index);
    cycle.rotate_left(smallest);
    cycle
}

fn format_cycle(cycle: &[&Path], source: &Path) -> String {
    let name = source.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let files: Vec<String> =
        cycle.iter().map(|file| file.strip_prefix(source).unwrap().display().to_string()).collect();
    format!("{name}: {} → {}", files.join(" → "), files[0])
}
