//! Selects the modules of a LoRA adapter by name, with the rules of PEFT.

use super::Modules;
use super::name_pattern::{NamePattern, regex};
use super::require::require;
use crate::{LoraConfig, Result};
use regex::Regex;

/// Maximum number of regular expressions in one option.
const EXPRESSIONS: usize = 64;

/// Finds the number of the layer in a module's name if `layers_pattern` is not set.
const ANY_LAYERS: &str = r"^.*?\.[^.]*\.(\d+)\.";

/// The compiled options of a [`LoraConfig`] that select modules by names such as `transformer.h.0.attn.c_attn`.
#[derive(Debug)]
pub(super) struct Matcher<'a> {
    config: &'a LoraConfig,
    target: ModuleSelector<'a>,
    exclude: Option<ModuleSelector<'a>>,
    layers: Vec<Regex>,
    ranks: Vec<(NamePattern, i64)>,
    alphas: Vec<(NamePattern, f64)>,
}

#[derive(Debug)]
enum ModuleSelector<'a> {
    All,
    Pattern(Regex),
    Listed(&'a [String]),
}

impl<'a> Matcher<'a> {
    /// # Errors
    /// A pattern is not a regular expression, or has look-around or a back-reference.
    pub fn new(config: &'a LoraConfig) -> Result<Self> {
        let layers = config.layers_pattern.as_deref().unwrap_or_default();
        limit_expressions("layers_pattern", layers.len())?;
        limit_expressions(
            "rank_pattern",
            config.rank_pattern.keys().filter(|name| NamePattern::is_expression(name)).count(),
        )?;
        limit_expressions(
            "alpha_pattern",
            config.alpha_pattern.keys().filter(|name| NamePattern::is_expression(name)).count(),
        )?;
        let layers = match layers {
            [] => vec![regex("layers_pattern", ANY_LAYERS)?],
            names => {
                let one = |name: &String| regex("layers_pattern", &format!(r"^(?:.*?\.)?(?:{name})\.(\d+)\."));
                names.iter().map(one).collect::<Result<_>>()?
            }
        };
        let ranks = config.rank_pattern.iter().map(|(name, r)| Ok((NamePattern::new("rank_pattern", name)?, *r)));
        let alphas =
            config.alpha_pattern.iter().map(|(name, alpha)| Ok((NamePattern::new("alpha_pattern", name)?, *alpha)));
        Ok(Self {
            config,
            target: selector("target_modules", &config.target_modules)?,
            exclude: config.exclude_modules.as_ref().map(|modules| selector("exclude_modules", modules)).transpose()?,
            layers,
            ranks: ranks.collect::<Result<_>>()?,
            alphas: alphas.collect::<Result<_>>()?,
        })
    }

    /// Whether the module gets an adapter if it is a linear layer. `all-linear` matches every name.
    pub fn is_target(&self, module: &str) -> bool {
        if self.exclude.as_ref().is_some_and(|names| names.matches(module)) || self.is_inside_saved(module) {
            return false;
        }
        let by_name = matches!(self.target, ModuleSelector::Listed(_));
        self.target.matches(module) && (!by_name || self.is_in_layers(module))
    }

    /// Whether the module is fully trained and saved. As in PEFT, this compares suffixes that need not begin after a dot.
    pub fn is_saved(&self, module: &str) -> bool {
        self.config.modules_to_save.iter().any(|name| module.ends_with(name.as_str()))
    }

    /// The rank of a target.
    pub fn rank(&self, module: &str) -> i64 {
        self.ranks.iter().find(|(name, _)| name.is_match(module)).map_or(self.config.r, |(_, r)| *r)
    }

    /// The scaling of a target.
    pub fn scaling(&self, module: &str) -> f64 {
        let own = self.alphas.iter().find(|(name, _)| name.is_match(module));
        let (r, alpha) = (self.rank(module) as f64, own.map_or(self.config.lora_alpha, |(_, alpha)| *alpha));
        alpha / if self.config.use_rslora { r.sqrt() } else { r }
    }

    /// The first name or pattern that matches none of the targets, and so has no effect.
    pub fn unused_name(&self, targets: &[&str]) -> Option<(&'static str, String)> {
        let hits = |pattern: &NamePattern| targets.iter().any(|target| pattern.is_match(target));
        let config = self.config;
        let ranks = config.rank_pattern.keys().zip(&self.ranks).filter(|(_, (pattern, _))| !hits(pattern));
        let alphas = config.alpha_pattern.keys().zip(&self.alphas).filter(|(_, (pattern, _))| !hits(pattern));
        let patterns =
            ranks.map(|(name, _)| ("rank_pattern", name)).chain(alphas.map(|(name, _)| ("alpha_pattern", name)));
        let names = match &self.target {
            ModuleSelector::Listed(names) => *names,
            _ => &[],
        };
        let unused = names.iter().filter(|name| !targets.iter().any(|target| is_named(target, name)));
        unused.map(|name| ("target_modules", name)).chain(patterns).map(|(option, name)| (option, name.clone())).next()
    }

    /// Whether the module or a parent of it is in `modules_to_save`.
    fn is_inside_saved(&self, module: &str) -> bool {
        let ends = module.match_indices('.').map(|(at, _)| at).chain([module.len()]);
        let mut around = ends.filter_map(|end| module.get(..end));
        around.any(|outer| self.config.modules_to_save.iter().any(|name| is_named(outer, name)))
    }

    fn is_in_layers(&self, module: &str) -> bool {
        match self.config.layers_to_transform.as_deref() {
            None | Some([]) => true,
            Some(wanted) => {
                let number = self.layers.iter().find_map(|regex| regex.captures(module)?.get(1)?.as_str().parse().ok());
                number.is_some_and(|number: i64| wanted.contains(&number))
            }
        }
    }
}

impl ModuleSelector<'_> {
    fn matches(&self, module: &str) -> bool {
        match self {
            Self::All => true,
            Self::Pattern(regex) => regex.is_match(module),
            Self::Listed(names) => names.iter().any(|name| is_named(module, name)),
        }
    }
}

fn selector<'a>(option: &'static str, modules: &'a Modules) -> Result<ModuleSelector<'a>> {
    Ok(match modules {
        all if all.is_all_linear() && option == "target_modules" => ModuleSelector::All,
        Modules::Default => ModuleSelector::Listed(&[]),
        Modules::Pattern(text) => ModuleSelector::Pattern(regex(option, &format!("^(?:{text})$"))?),
        Modules::Names(names) => ModuleSelector::Listed(names),
    })
}

/// Whether a name is that of the module or a suffix of it after a dot.
fn is_named(module: &str, name: &str) -> bool {
    module.strip_suffix(name).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

fn limit_expressions(option: &'static str, count: usize) -> Result<()> {
    require(option, count <= EXPRESSIONS, || {
        format!("contains {count} expressions, at most {EXPRESSIONS} are supported: use names")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LAYERS: [&str; 6] = [
        "model.layers.0.self_attn.q_proj",
        "model.layers.0.mlp.up_proj",
        "model.layers.1.self_attn.q_proj",
        "model.layers.1.mlp.up_proj",
        "model.layers.11.self_attn.q_proj",
        "score",
    ];

    fn hits(config: &LoraConfig) -> Vec<usize> {
        let matcher = Matcher::new(config).unwrap();
        (0..LAYERS.len()).filter(|layer_index| matcher.is_target(LAYERS[*layer_index])).collect()
    }

    fn names(names: &[&str]) -> Modules {
        Modules::Names(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn of(target_modules: Modules) -> LoraConfig {
        LoraConfig { target_modules, ..LoraConfig::default() }
    }

    #[test]
    fn names_match_suffixes_and_expressions_match_whole_names() {
        assert_eq!(hits(&of(names(&["q_proj"]))), [0, 2, 4]);
        assert_eq!(hits(&of(names(&["proj"]))), [0; 0]);
        assert_eq!(hits(&of(names(&["1.mlp.up_proj", "score"]))), [3, 5]);
        assert_eq!(hits(&of(Modules::Pattern(r".*\.1\..*".into()))), [2, 3]);
        assert_eq!(hits(&of(Modules::Pattern("q_proj".into()))), [0; 0]);
        assert_eq!(hits(&of(Modules::all_linear())), [0, 1, 2, 3, 4, 5]);
        let without = |exclude| LoraConfig { exclude_modules: Some(exclude), ..of(Modules::all_linear()) };
        assert_eq!(hits(&without(names(&["q_proj", "score"]))), [1, 3]);
        assert_eq!(hits(&without(Modules::Pattern(".*mlp.*".into()))), [0, 2, 4, 5]);
        let saved = LoraConfig { modules_to_save: vec!["1.mlp".into(), "score".into()], ..of(Modules::all_linear()) };
        assert_eq!(hits(&saved), [0, 1, 2, 4]);
    }

    #[test]
    fn layer_numbers_are_found_with_and_without_a_pattern() {
        let layers = |layers: &[i64], pattern: &[&str]| LoraConfig {
            layers_to_transform: Some(layers.to_vec()),
            layers_pattern: Some(pattern.iter().map(|name| (*name).to_owned()).collect()),
            ..of(names(&["q_proj", "up_proj"]))
        };
        assert_eq!(hits(&layers(&[1], &[])), [2, 3]);
        assert_eq!(hits(&layers(&[0, 11], &["layers"])), [0, 1, 4]);
        assert_eq!(hits(&layers(&[0], &["h", "layers"])), [0, 1]);
        assert_eq!(hits(&layers(&[0], &["h"])), [0; 0]);
        assert_eq!(hits(&layers(&[], &[])), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_first_matching_pattern_determines_rank_and_alpha() {
        let config = LoraConfig {
            rank_pattern: [("1.self_attn.q_proj".into(), 3), (r"layers\.\d\.mlp.*".into(), 16)].into(),
            alpha_pattern: [("up_proj".to_owned(), 4.0)].into(),
            ..of(names(&["q_proj", "up_proj"]))
        };
        let matcher = Matcher::new(&config).unwrap();
        assert_eq!(LAYERS.map(|module| matcher.rank(module)), [8, 16, 3, 16, 8, 8]);
        assert_eq!(LAYERS.map(|module| matcher.scaling(module)), [1.0, 0.25, 8.0 / 3.0, 0.25, 1.0, 1.0]);
        assert_eq!(matcher.unused_name(&LAYERS), None);
        assert_eq!(matcher.unused_name(&LAYERS[..2]), Some(("rank_pattern", "1.self_attn.q_proj".into())));
        let config = of(Modules::Pattern("(?=look).*".into()));
        let problem = Matcher::new(&config).unwrap_err().to_string();
        assert!(problem.contains("target_modules") && problem.contains("look-around"), "{problem}");
    }
}
