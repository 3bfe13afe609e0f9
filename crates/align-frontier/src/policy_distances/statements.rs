use super::{EmbeddingDistances, ModelPair, PolicyDistances, TreeDistance, pair_indices};
use crate::Comparison;
use crate::comparison::{SIGNIFICANCE_LEVEL, format_estimate};
use align_report::format_number;
use std::cmp::Ordering;

/// If there are more pairs, those that do not differ are counted.
const FEW_PAIRS: usize = 3;

impl PolicyDistances {
    /// The findings as sentences: which models are nearest, whose texts differ, and whose scores differ.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        let mut statements: Vec<String> = Vec::new();
        if self.models.len() > 2 {
            let is_beyond_chance = |of: &TreeDistance| *of != TreeDistance::Texts || self.some_texts_differ();
            statements.extend(self.tree_distances().filter(is_beyond_chance).filter_map(|of| self.nearest(of)));
        }
        statements.extend(self.texts.iter().flat_map(|pairs| findings(pairs, "texts", texts)));
        for judge in self.judges.iter().flatten() {
            let of = |pair: &ModelPair<Comparison>| scores(&judge.judge, pair);
            statements.extend(findings(&judge.differences, &format!("scores by {}", judge.judge), of));
        }
        statements
    }

    fn some_texts_differ(&self) -> bool {
        self.texts.iter().flatten().any(|pair| texts(pair).0)
    }

    fn nearest(&self, of: TreeDistance) -> Option<String> {
        let distances = self.distance_of_each_pair(of)?;
        let pairs = || pair_indices(self.models.len()).zip(&distances);
        let name = |((first, second), _): ((usize, usize), &f64)| {
            Some(format!("{} and {}", self.models.get(first)?, self.models.get(second)?))
        };
        let nearest = name(pairs().min_by(|a, b| a.1.total_cmp(b.1))?)?;
        let farthest = name(pairs().max_by(|a, b| a.1.total_cmp(b.1))?)?;
        let differ = distances.iter().any(|distance| Some(distance) != distances.first());
        let measure = match of {
            TreeDistance::Divergence => "Jensen-Shannon divergence",
            TreeDistance::Weights => "weights",
            TreeDistance::Texts => "embedded texts",
            TreeDistance::Hidden => "hidden states",
        };
        differ.then(|| format!("By {measure}, {nearest} are nearest to each other, and {farthest} farthest."))
    }
}

/// A sentence for each pair that differs, and for each that does not if there are few. `describe` gives whether a pair differs.
fn findings<T>(pairs: &[ModelPair<T>], what: &str, describe: impl Fn(&ModelPair<T>) -> (bool, String)) -> Vec<String> {
    let described: Vec<(bool, String)> = pairs.iter().map(describe).collect();
    let alike = described.iter().filter(|(differs, _)| !differs).count();
    let is_short = pairs.len() <= FEW_PAIRS;
    let mut sentences: Vec<String> =
        described.into_iter().filter(|(differs, _)| *differs || is_short).map(|(_, sentence)| sentence).collect();
    if alike > 0 && !is_short {
        sentences.push(match alike == pairs.len() {
            true => format!("No two models could be told apart by their {what}."),
            false => format!("{alike} of {} pairs of models could not be told apart by their {what}.", pairs.len()),
        });
    }
    sentences
}

fn texts(pair: &ModelPair<EmbeddingDistances>) -> (bool, String) {
    let ModelPair { first, second, found } = pair;
    let (mmd, p) = (format_number(found.mmd_squared.value, 4), found.mmd_squared.adjusted_p_value);
    let p_text = format!("squared MMD {mmd}, adjusted p = {p:.3}");
    match p <= SIGNIFICANCE_LEVEL {
        true => (true, format!("The texts of {first} and {second} differ ({p_text}).")),
        false => (false, format!("The texts of {first} and {second} could not be told apart ({p_text}).")),
    }
}

fn scores(judge: &str, pair: &ModelPair<Comparison>) -> (bool, String) {
    let ModelPair { first, second, found } = pair;
    let difference = found.paired.mean_difference;
    let by = format_estimate(difference);
    match found.significant_direction() {
        Some(Ordering::Greater) => (true, format!("{first} has higher scores by {judge} than {second} (by {by}).")),
        Some(_) => (true, format!("{first} has lower scores by {judge} than {second} (difference {by}).")),
        None => {
            (false, format!("The scores of {first} and {second} by {judge} could not be told apart (difference {by})."))
        }
    }
}
