//! One source file: the module that it is, what it defines, what it brings in, and which paths it names.

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
    /// The modules in it that have no file of their own.
    pub inline: BTreeSet<String>,
    /// The modules under it that have files.
    pub children: BTreeSet<String>,
    /// Names that `use` brings in, with where they come from.
    pub imports: BTreeMap<String, Route>,
    /// Where `use path::*` leads.
    pub globs: Vec<Route>,
    /// What the file's own code names: imports that are not passed on, and paths in expressions and types.
    pub named: BTreeSet<Route>,
}

impl Module {
    pub fn read(file: &Path, route: &Route) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        let tree = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut reader = Reader { route: route.clone(), module: Self { file: file.to_owned(), ..Self::default() } };
        // Children first: their names begin paths.
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
    /// A path from the crate's root, if it leads into the crate.
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

    fn import(&mut self, tree: &UseTree, before: &[String], is_passed_on: bool) {
        let with = |name: String| [before, &[name]].concat();
        let (path, name) = match tree {
            UseTree::Path(path) => return self.import(&path.tree, &with(path.ident.to_string()), is_passed_on),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(tree, before, is_passed_on));
            }
            UseTree::Glob(_) => {
                if let Some(route) = self.absolute(before) {
                    self.module.globs.push(route.clone());
                    self.module.named.extend((!is_passed_on).then_some(route));
                }
                return;
            }
            // `use path::{self}` brings in the path's last name.
            UseTree::Name(name) if name.ident == "self" => (before.to_vec(), before.last().cloned()),
            UseTree::Name(name) => (with(name.ident.to_string()), Some(name.ident.to_string())),
            UseTree::Rename(rename) => (with(rename.ident.to_string()), Some(rename.rename.to_string())),
        };
        if let (Some(route), Some(name)) = (self.absolute(&path), name) {
            self.module.imports.insert(name, route.clone());
            self.module.named.extend((!is_passed_on).then_some(route));
        }
    }
}

impl Visit<'_> for Reader {
    fn visit_item_mod(&mut self, item: &ItemMod) {
        if is_for_tests(&item.attrs) {
            return;
        }
        // An inline module's `super` is this file.
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

    // `pub(in path)` names no item.
    fn visit_visibility(&mut self, _: &Visibility) {}
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}
