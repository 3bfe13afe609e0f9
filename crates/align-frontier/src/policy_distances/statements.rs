use super::{ModelPair, PolicyDistances, TreeDistance, pair_indices};
use crate::Comparison;
use crate::comparison::format_estimate;
use align_report::format_number;

/// Significance level of adjusted p-values.
const SIGNIFICANCE_LEVEL: f64 = 0.05;

impl PolicyDistances {
    /// The findings as sentences: which models are nearest, whose texts differ, and whose scores differ.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        let mut statements: Vec<String> = Vec::new();
        if self.models.len() > 2 {
            statements.extend(self.tree_distances().filter_map(|of| self.nearest(of)));
        }
        for ModelPair { first, second, found } in self.texts.iter().flatten() {
            let (mmd, p) = (format_number(found.mmd_squared.value, 4), found.mmd_squared.adjusted_p_value);
            let p = format!("squared MMD {mmd}, adjusted p = {p:.3}");
            statements.push(match found.mmd_squared.adjusted_p_value <= SIGNIFICANCE_LEVEL {
                true => format!("The texts of {first} and {second} differ ({p})."),
                false => format!("The texts of {first} and {second} could not be told apart ({p})."),
            });
        }
        for judge in self.judges.iter().flatten() {
            statements.extend(judge.differences.iter().map(|pair| scores(&judge.judge, pair)));
        }
        statements
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

fn scores(judge: &str, pair: &ModelPair<Comparison>) -> String {
    let ModelPair { first, second, found } = pair;
    let difference = found.paired.mean_difference;
    let by = format_estimate(difference);
    match found.adjusted_p_value <= SIGNIFICANCE_LEVEL {
        true if difference.value > 0.0 => format!("{judge} scores {first} higher than {second} (by {by})."),
        true => format!("{judge} scores {first} lower than {second} (difference {by})."),
        false => format!("{judge} could not tell {first} and {second} apart (difference {by})."),
    }
}
