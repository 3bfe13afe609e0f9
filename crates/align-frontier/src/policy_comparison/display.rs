//! The comparison as text.

use super::{ComparedPolicy, PolicyComparison, TrainedPolicy};
use align_metrics::{Estimate, PairedComparison, SampleMean};
use std::fmt::{Display, Formatter, Result, from_fn};

/// The notebook's table, each policy less the reference, and what the intervals say.
impl Display for PolicyComparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.table(f)?;
        self.against_reference(f)?;
        self.findings().iter().try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

impl PolicyComparison {
    /// Each policy's first text for the first prompts.
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

    /// Each policy on equally many texts.
    fn table(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(
            f,
            "{:8} {:>6} {:>7} {:>25} {:>25} {:>14} {:>10} {:>27}",
            "", "texts", "tokens", "token entropy, nats", "Miller-Madow", "Chao-Wang-Jost", "notebook's", "mean reward"
        )?;
        self.all().try_for_each(|policy| row(policy, f))?;
        writeln!(f, "Entropies are of equal samples. In brackets: 95% bootstrap confidence intervals over texts.\n")
    }

    fn against_reference(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(
            f,
            "{:16} {:>27} {:>25} {:>9} {:>16} {:>16}",
            format!("less {}", self.reference.name),
            "reward",
            "share of texts won",
            "p",
            format!("KL(model‖{})", self.reference.name),
            format!("KL({}‖model)", self.reference.name)
        )?;
        for TrainedPolicy { policy, rewards, held_out, kl, opposite_kl } in &self.policies {
            let [kl, opposite] = [kl, opposite_kl].map(with_error);
            writeln!(f, "{} {kl:>16} {opposite:>16}", in_words(&policy.name, rewards))?;
            if let Some(held_out) = held_out {
                writeln!(f, "{}", in_words("  held-out", held_out))?;
            }
        }
        writeln!(
            f,
            "On equal prompts, intervals over prompts. KL in nats a text, from plain samples, ± standard error."
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

fn in_words(name: &str, found: &PairedComparison) -> String {
    let [difference, won] = [found.mean_difference, found.win_rate].map(with_interval);
    format!("{name:16} {difference:>27} {won:>25} {:>9.4}", found.p_value)
}
