//! Text output of the comparison.

use super::{ComparedPolicy, PolicyComparison, TrainedPolicy};
use align_metrics::{Estimate, PairedComparison, SampleMean};
use std::fmt::{Display, Formatter, Result, from_fn};

/// The notebook's table, each policy's differences from the reference, and the findings.
impl Display for PolicyComparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.table(f)?;
        self.against_reference(f)?;
        self.findings().iter().try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

impl PolicyComparison {
    /// The first text of each policy for the first prompts.
    pub fn first_texts(&self, prompts: usize) -> impl Display {
        from_fn(move |f| {
            let texts = self.reference.texts.iter().enumerate().step_by(self.texts_per_prompt.max(1));
            texts.take(prompts).try_for_each(|(row, first)| {
                writeln!(f, "\n{}", first.prompt)?;
                self.all().filter_map(|policy| Some((&policy.name, policy.texts.get(row)?))).try_for_each(
                    |(name, text)| writeln!(f, "  {name:8} [{:+.3}] {}", text.score, text.text.replace('\n', " ")),
                )
            })
        })
    }

    /// The measurements of each policy, on the same number of texts.
    fn table(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(
            f,
            "{:8} {:>6} {:>7} {:>25} {:>25} {:>14} {:>10} {:>27}",
            "", "texts", "tokens", "token entropy, nats", "Miller-Madow", "Chao-Wang-Jost", "notebook", "mean reward"
        )?;
        self.all().try_for_each(|policy| row(policy, f))?;
        writeln!(f, "Entropies are computed on equal sample sizes. In brackets: 95% bootstrap intervals over texts.\n")
    }

    fn against_reference(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(
            f,
            "{:16} {:>27} {:>25} {:>9} {:>16} {:>16}",
            format!("less {}", self.reference.name),
            "reward",
            "win rate",
            "p",
            format!("KL(model‖{})", self.reference.name),
            format!("KL({}‖model)", self.reference.name)
        )?;
        for TrainedPolicy { policy, rewards, held_out, kl_policy_reference, kl_reference_policy } in &self.policies {
            let [kl, reversed] = [kl_policy_reference, kl_reference_policy].map(with_error);
            writeln!(f, "{} {kl:>16} {reversed:>16}", comparison_row(&policy.name, rewards))?;
            if let Some(held_out) = held_out {
                writeln!(f, "{}", comparison_row("  held-out", held_out))?;
            }
        }
        writeln!(
            f,
            "On the same prompts, with intervals over prompts. KL in nats per text, estimated from unmodified samples, ± standard error."
        )
    }
}

fn row(policy: &ComparedPolicy, f: &mut Formatter<'_>) -> Result {
    let report = &policy.report;
    writeln!(
        f,
        "{:8} {:>6} {:>7} {:>25} {:>25} {:>14.4} {:>10.4} {:>27}",
        policy.name,
        report.rows,
        report.tokens,
        with_interval(report.token_entropy),
        with_interval(report.miller_madow_entropy),
        policy.chao_wang_jost,
        report.notebook_entropy.value,
        report.mean_reward.map(with_interval).unwrap_or_default()
    )
}

fn with_interval(e: Estimate) -> String {
    format!("{:.4} [{:.4}, {:.4}]", e.value, e.interval.low, e.interval.high)
}

fn with_error(mean: &SampleMean) -> String {
    format!("{:.2} ± {:.2}", mean.value, mean.standard_error)
}

fn comparison_row(name: &str, found: &PairedComparison) -> String {
    let [difference, won] = [found.mean_difference, found.win_rate].map(with_interval);
    format!("{name:16} {difference:>27} {won:>25} {:>9.4}", found.p_value)
}
