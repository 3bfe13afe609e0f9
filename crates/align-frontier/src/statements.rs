//! The findings of a sweep in words: the comparison of the losses, then the point with the highest reward.

use crate::comparison::{against_reference, format_estimate};
use crate::findings::name;
use crate::group_by_loss::group_by_loss;
use crate::{CurveComparison, Findings, Sweep};
use align_report::format_number;

impl Findings {
    /// The findings as sentences. The first one says which losses differ.
    #[must_use]
    pub fn statements(&self, sweep: &Sweep) -> Vec<String> {
        let mut statements = losses(&self.curve_comparisons, group_by_loss(sweep).len());
        statements.extend(self.best.first().and_then(|best| highest_reward(sweep, *best)));
        statements
    }
}

/// Which losses differ in reward at equal divergence.
fn losses(comparisons: &[CurveComparison], losses: usize) -> Vec<String> {
    if losses < 2 {
        return vec!["Only one loss was trained, so no losses are compared.".to_owned()];
    }
    if comparisons.is_empty() {
        return vec!["No two losses reach the same KL(policy ‖ SFT), so none can be compared.".to_owned()];
    }
    let clear = || comparisons.iter().filter(|found| found.compared.is_significant());
    let mut statements: Vec<String> = clear()
        .map(|CurveComparison { above, below, compared, .. }| {
            let by = format_estimate(compared.paired.mean_difference);
            format!("{above} has a higher reward than {below} at equal KL(policy ‖ SFT) (by {by}).")
        })
        .collect();
    match comparisons.len() - statements.len() {
        0 => {}
        _ if statements.is_empty() => statements.push("No two losses could be told apart.".to_owned()),
        1 => statements.push("The losses of one other pair could not be told apart.".to_owned()),
        pairs => statements.push(format!("The losses of {pairs} other pairs could not be told apart.")),
    }
    statements
}

/// The point with the highest mean reward, compared with the model before training.
fn highest_reward(sweep: &Sweep, index: usize) -> Option<String> {
    let (_, run) = sweep.points.get(index)?;
    let (best, reward) = (name(sweep, index + 1), run.evaluation.reward);
    let against = against_reference(sweep).into_iter().find(|(point, _)| *point == index).map(|(_, found)| found);
    let Some(against) = against else {
        let (reward, sft) = (format_estimate(reward), format_estimate(sweep.sft.evaluation.reward));
        return Some(format!("{best} has the highest mean reward ({reward}; SFT: {sft})."));
    };
    let difference = format_estimate(against.paired.mean_difference);
    let p = format_number(against.adjusted_p_value, 3);
    Some(match against.is_significant() {
        true => format!("{best} has the highest mean reward, and a higher one than SFT (by {difference})."),
        false => {
            format!(
                "{best} has the highest mean reward, which could not be told apart from that of SFT (difference {difference}, adjusted p = {p})."
            )
        }
    })
}
