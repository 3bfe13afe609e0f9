//! A source file as a module: its submodules, its imports, and the paths that it uses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

/// A path from the crate's root.
pub type Route = Vec<String>;

/// A file as a module.
#[derive(Debug, Default)]
pub struct Module {
    pub file: PathBuf,
    /// Its inline submodules.
    pub inline: BTreeSet<String>,
    /// Its submodules in separate files.
    pub children: BTreeSet<String>,
    /// The names that `use` imports, with their paths.
    pub imports: BTreeMap<String, Route>,
    /// The paths of glob imports.
    pub globs: Vec<Route>,
    /// The paths that the file's own code uses: imports that are not re-exported, and paths in expressions and types.
    pub named: BTreeSet<Route>,
}

impl Module {
    pub fn read(file: &Path, route: &Route) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        let tree = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut reader = Reader { route: route.clone(), module: Self { file: file.to_owned(), ..Self::default() } };
        // Submodules first, because relative paths may begin with their names.
        for item in &tree.items {
            if let Item::Mod(ItemMod { ident, content, .. }) = item {
                let modules = if content.is_some() { &mut reader.module.inline } else { &mut reader.module.children };
                modules.insert(ident.to_string());
            }
        }
        reader.visit_file(&tree);
        reader.module
    }
}

struct Reader {
    route: Route,
    module: Module,
}

impl Reader {
    /// A path from the crate's root, or `None` if it leads outside the crate.
    fn absolute(&self, path: &[String]) -> Option<Route> {
        let (first, rest) = path.split_first()?;
        let up = path.iter().take_while(|part| *part == "super").count();
        if up > 0 {
            let above = self.route.len().checked_sub(up)?;
            return Some([&self.route[..above], &path[up..]].concat());
        }
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([&self.route, rest].concat()),
            first if self.module.children.contains(first) => Some([&self.route, path].concat()),
            _ => None,
        }
    }

    fn import(&mut self, tree: &UseTree, before: &[String], is_reexported: bool) {
        let with = |name: String| [before, &[name]].concat();
        let (path, name) = match tree {
            UseTree::Path(path) => return self.import(&path.tree, &with(path.ident.to_string()), is_reexported),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(tree, before, is_reexported));
            }
            UseTree::Glob(_) => {
                if let Some(route) = self.absolute(before) {
                    self.module.globs.push(route.clone());
                    self.module.named.extend((!is_reexported).then_some(route));
                }
                return;
            }
            // `use path::{self}` imports the last name of the path.
            UseTree::Name(name) if name.ident == "self" => (before.to_vec(), before.last().cloned()),
            UseTree::Name(name) => (with(name.ident.to_string()), Some(name.ident.to_string())),
            UseTree::Rename(rename) => (with(rename.ident.to_string()), Some(rename.rename.to_string())),
        };
        if let (Some(route), Some(name)) = (self.absolute(&path), name) {
            self.module.imports.insert(name, route.clone());
            self.module.named.extend((!is_reexported).then_some(route));
        }
    }
}

impl Visit<'_> for Reader {
    fn visit_item_mod(&mut self, item: &ItemMod) {
        if is_for_tests(&item.attrs) {
            return;
        }
        // In an inline module, `super` is this file.
        if item.content.is_some() {
            self.route.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.route.pop();
        }
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.import(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if parts.len() > 1
            && let Some(route) = self.absolute(&parts)
        {
            self.module.named.insert(route);
        }
        visit::visit_path(self, path);
    }

    // A path in `pub(in path)` is not a use.
    fn visit_visibility(&mut self, _: &Visibility) {}
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}
