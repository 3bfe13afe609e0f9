//! Texts that several judges score: how far the judges agree, and preference pairs by a voting rule.
//!
//! The table has the columns prompt and text, and a column of scores for each judge.
//!
//! ```sh
//! cargo run --example judges -- judged.csv helpful,safe,fluent schulze pairs.jsonl
//! ```

use align::choice::Rule;
use align::data::judges::{JudgedPairOptions, JudgedPrompt, JudgedTexts};
use align::metrics::{Bootstrap, JudgeAgreement};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, judges, rule, output] = &arguments[..] else {
        return Err("usage: judges FILE JUDGES RULE PAIRS".into());
    };
    let rule: Rule = rule.parse()?;
    let texts = JudgedTexts::read(file, &judges.split(',').collect::<Vec<_>>())?;

    let prompts = texts.prompts()?;
    let scores: Vec<_> = prompts.iter().map(JudgedPrompt::table).collect();
    let agreement = JudgeAgreement::of(&scores, &[rule.clone(), Rule::MaximalLotteries], &Bootstrap::default())?;
    for tau in &agreement.taus {
        let [first, second] = [tau.first, tau.second].map(|judge| &texts.judges()[judge]);
        println!("Kendall's tau-b of {first} and {second}: {:.2}", tau.tau.map_or(f64::NAN, |tau| tau.value));
    }
    println!("{} of {} prompts have a cycle of majorities", agreement.cycles.len(), agreement.prompts);
    println!("{} of them get another text by a maximal lottery", agreement.disputed().len());

    let (pairs, report) = texts.pair(&JudgedPairOptions { min_agreement: 0.5, ..JudgedPairOptions::new(rule) })?;
    println!("{report}");
    pairs.write(output, false)?;
    Ok(())
}
