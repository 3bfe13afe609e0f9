//! Four texts by three judges that disagree, and what each rule makes of them.

use align_choice::{
    Judge, Options, PairwisePreferences, Rule, ScoreTable, Unranked, condorcet_cycle, condorcet_winner,
};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let texts = ["curt", "warm", "long", "vague"];
    let helpful = Judge::new("helpful", [0.7, 0.5, 0.9, 0.2]);
    let harmless = Judge::new("harmless", [0.8, 0.9, 0.3, 0.6]);
    // This judge abstains on the last text.
    let fluent = Judge::with_abstentions("fluent", [Some(0.1), Some(0.6), Some(0.7), None]);
    let table = ScoreTable::new(texts, [helpful, harmless, fluent])?;

    let mut out = std::io::stdout().lock();
    let mut rules = Rule::all();
    rules.push("threshold:harmless>=0.5".parse()?);
    for rule in rules {
        let outcome = rule.apply(&table, &Options::default())?;
        writeln!(out, "{:28} {}", rule.to_string(), outcome.ranking.to_text(&texts))?;
    }

    let pairs = PairwisePreferences::new(&table.profile(), Unranked::NoOpinion)?;
    writeln!(out, "Condorcet winner: {:?}, cycle: {:?}", condorcet_winner(&pairs), condorcet_cycle(&pairs))?;
    for (judge, taus) in table.judges().iter().zip(table.kendall_tau_b()) {
        writeln!(out, "Kendall's tau-b of {}: {:.2?}", judge.name(), taus.into_iter().flatten().collect::<Vec<f64>>())?;
    }
    writeln!(out, "dominated by: {:?}", table.pareto_dominators())?;
    Ok(())
}
