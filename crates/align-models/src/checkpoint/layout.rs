use super::entry::Entry;
use super::mismatch::Mismatch;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Name and shape of a tensor of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its full name in transformers, such as `transformer.wte.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<i64>,
}

impl TensorSpec {
    /// A tensor with this name and shape.
    #[must_use]
    pub fn new(name: impl Into<String>, shape: impl Into<Vec<i64>>) -> Self {
        Self { name: name.into(), shape: shape.into() }
    }
}

/// The prefix that `torch.compile` adds to all names.
const COMPILED: &str = "_orig_mod.";

/// The tensors that a model expects in its checkpoint.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The prefix of the base model's names, including the dot: `transformer.` or `distilbert.`. A checkpoint of only the base model does
    /// not have it.
    pub prefix: &'static str,
    /// The tensors in the order of the model, with canonical names: the names of the base model have the prefix, those of the head
    /// (`lm_head.weight`, `classifier.bias`) do not.
    pub tensors: Vec<TensorSpec>,
    /// `(alias, source)` if the config ties two weights: `lm_head.weight` and `transformer.wte.weight`. The source is in `tensors`, the
    /// alias is not.
    pub tied: Option<(String, String)>,
    /// Whether a stored tensor is a buffer that older versions saved, such as `h.0.attn.bias`. Called with the name without the prefix.
    pub ignored: fn(&str) -> bool,
    /// Whether a stored tensor of an unknown module is an error. If not, such a tensor is ignored, as in transformers: for example that of
    /// another head (`v_head.summary.weight`). An unexpected tensor of a known module (`h.2.ln_1.weight` in a model with two blocks) is
    /// always an error.
    pub strict: bool,
}

/// The stored tensors matched with those of the model.
#[derive(Debug)]
pub(super) struct Matched<'a> {
    /// Canonical names and stored tensors, in the order of the layout.
    pub tensors: Vec<(&'a str, &'a Entry)>,
    /// The tied alias, if it is stored in addition to its source.
    pub alias: Option<(&'a str, &'a Entry)>,
    /// Stored tensors of unknown modules.
    pub unmatched: Vec<&'a str>,
}

impl Layout {
    /// Matches all stored tensors with the layout, or returns all mismatches.
    pub(super) fn matched<'a>(&'a self, entries: &'a [Entry]) -> Result<Matched<'a>, Mismatch> {
        let specs: HashMap<&str, &TensorSpec> = self.tensors.iter().map(|spec| (spec.name.as_str(), spec)).collect();
        let tied = self.tied.as_ref().map(|(alias, source)| (alias.as_str(), source.as_str()));
        let canonical = |stored: &str| -> Option<&'a str> {
            let known = |name: &str| match tied {
                Some((alias, _)) if alias == name => Some(alias),
                _ => specs.get(name).map(|spec| spec.name.as_str()),
            };
            known(stored).or_else(|| known(&format!("{}{stored}", self.prefix)))
        };

        let (mut mismatch, mut unmatched) = (Mismatch::default(), Vec::new());
        let modules = self.modules();
        let mut stored: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            let name = entry.name().strip_prefix(COMPILED).unwrap_or(entry.name());
            if let Some(canonical) = canonical(name) {
                stored.entry(canonical).or_default().push(entry);
            } else if !(self.ignored)(name.strip_prefix(self.prefix).unwrap_or(name)) {
                match self.strict || modules.contains(self.module(name)) {
                    true => mismatch.unexpected.push(entry.name().to_owned()),
                    false => unmatched.push(name),
                }
            }
        }
        for (name, entries) in stored.iter().filter(|(_, entries)| entries.len() > 1) {
            let names: Vec<_> = entries.iter().map(|entry| entry.name()).collect();
            mismatch.ambiguous.push(format!("{name}: {}", names.join(" and ")));
        }
        let find = |name: &str| stored.get(name).and_then(|entries| entries.first()).copied();

        let mut tensors = Vec::with_capacity(self.tensors.len());
        let mut alias = None;
        for spec in &self.tensors {
            let source_of = tied.filter(|(_, source)| *source == spec.name);
            let stored_alias = source_of.and_then(|(alias, _)| find(alias).map(|entry| (alias, entry)));
            if let Some((name, entry)) = stored_alias {
                mismatch.mismatched.extend(shape_or_dtype_mismatch(name, &spec.shape, entry));
            }
            match (find(&spec.name), stored_alias) {
                (Some(entry), _) => {
                    mismatch.mismatched.extend(shape_or_dtype_mismatch(&spec.name, &spec.shape, entry));
                    tensors.push((spec.name.as_str(), entry));
                    alias = alias.or(stored_alias);
                }
                (None, Some((_, entry))) => tensors.push((spec.name.as_str(), entry)),
                (None, None) => mismatch.missing.push(spec.name.clone()),
            }
        }
        if mismatch.is_empty() {
            return Ok(Matched { tensors, alias, unmatched });
        }
        // Unknown names, for example with a prefix of another program, explain why expected ones are missing.
        mismatch.unexpected.extend(unmatched.into_iter().map(str::to_owned));
        mismatch.sort();
        Err(mismatch)
    }

    /// The canonical names of the tensors that are not stored.
    pub(super) fn missing(&self, entries: &[Entry]) -> Vec<String> {
        self.matched(entries).map_or_else(|mismatch| mismatch.missing, |_| Vec::new())
    }

    /// The outermost module of a name after the prefix: `h`, `wte`, `classifier`.
    fn module<'n>(&self, name: &'n str) -> &'n str {
        let own = name.strip_prefix(self.prefix).unwrap_or(name);
        own.split_once('.').map_or(own, |(module, _)| module)
    }

    fn modules(&self) -> HashSet<&str> {
        let alias = self.tied.iter().map(|(alias, _)| alias.as_str());
        self.tensors.iter().map(|spec| spec.name.as_str()).chain(alias).map(|name| self.module(name)).collect()
    }
}

/// Why `entry` cannot be the weight `name`; `None` if it can.
fn shape_or_dtype_mismatch(name: &str, expected: &[i64], entry: &Entry) -> Option<String> {
    if entry.shape() != expected {
        return Some(format!("{name}: expected shape {expected:?}, found {:?}", entry.shape()));
    }
    (!entry.is_float()).then(|| format!("{name}: stored as {:?}, expected a floating-point dtype", entry.kind()))
}
