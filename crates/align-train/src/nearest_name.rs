/// Minimum similarity, from 0 to 1, of a suggested name to a misspelled one.
const MIN_SIMILARITY: f64 = 0.8;

/// The one of the `known` names that is most similar to a misspelled `name`, if any is similar enough.
#[must_use]
pub fn nearest_name<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let similarity = |candidate: &str| strsim::jaro_winkler(name, candidate);
    known.filter(|n| similarity(n) >= MIN_SIMILARITY).max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
}
