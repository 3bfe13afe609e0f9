use super::{JudgeFindings, JudgeSweep};
use crate::sweep_csv::CsvRow;

/// Formats the sweep as CSV: one row per policy, the model before training first, with all digits.
///
/// The columns of a judge have its name in brackets, such as `score[safe]`. Divergences are in nats per text. The suffixes `_low` and `_high` denote confidence limits and `_se`
/// standard errors, all clustered by prompt. Values that do not apply to the model before training are empty.
#[must_use]
pub fn judge_csv(sweep: &JudgeSweep, findings: &JudgeFindings) -> String {
    let mut text = String::new();
    for (index, policy) in sweep.policies.iter().enumerate() {
        let mut row = CsvRow::default();
        row.text("policy", policy.kind.name(&sweep.judges));
        row.text("group", policy.kind.group().to_owned());
        row.text("pairs", policy.pairs.to_string());
        row.text("texts", policy.samples.len().to_string());
        for (judge, name) in sweep.judges.iter().enumerate() {
            let against = policy.against_sft.get(judge);
            row.estimate(&format!("score[{name}]"), policy.scores.get(judge).copied());
            row.estimate(&format!("difference[{name}]"), against.map(|found| found.mean_difference));
            row.number(&format!("p_value[{name}]"), against.map(|found| found.p_value));
        }
        let of = &policy.evaluation;
        row.estimate("mean_standard_score", Some(of.reward));
        row.estimate("held_out_mean_standard_score", of.held_out_reward);
        row.sample_mean("kl_policy_reference", of.policy_reference_kl);
        row.estimate("token_entropy", Some(of.token_entropy));
        row.number("mean_length", Some(of.diversity.mean_length));
        row.text("on_front", findings.front.contains(&index).to_string());
        text += &row.lines(index == 0);
    }
    text
}
