//! The results as one JSON document, with texts in place of their indices.

use super::found::Found;
use align_metrics::{PromptMean, RuleChoices};
use serde_json::{Value, json};

pub fn document(found: &Found<'_>) -> Value {
    let agreement = &found.agreement;
    let judge = |at: usize| agreement.judges.get(at);
    let rule = |at: usize| agreement.rules.get(at).map(|rule| &rule.rule);
    let taus =
        agreement.taus.iter().map(|tau| json!({ "judges": [judge(tau.first), judge(tau.second)], "tau_b": tau.tau }));
    let same = agreement.same_choices.iter();
    let same = same.map(|same| json!({ "rules": [rule(same.first), rule(same.second)], "share": same.share }));
    let cycles = agreement.cycles.iter().map(|cycle| {
        let texts: Vec<_> = cycle.texts.iter().map(|text| found.text(cycle.prompt, *text)).collect();
        json!({ "prompt": found.prompt(cycle.prompt), "texts": texts })
    });
    let dominated = agreement.dominated.iter().map(|dominated| {
        let text = |text| found.text(dominated.prompt, text);
        json!({ "prompt": found.prompt(dominated.prompt), "text": text(dominated.text), "by": text(dominated.by) })
    });
    json!({
        "prompts": agreement.prompts,
        "texts": agreement.texts,
        "prompts_with_a_single_text": agreement.single_texts,
        "judges": agreement.judges,
        "weights": found.texts.weights(),
        "taus": taus.collect::<Vec<_>>(),
        "prompts_with_a_condorcet_winner": agreement.with_condorcet_winner.len(),
        "cycles": cycles.collect::<Vec<_>>(),
        "dominated": dominated.collect::<Vec<_>>(),
        "random_choice": scores(found, &agreement.random_choice),
        "rules": agreement.rules.iter().map(|rule| of_rule(found, rule)).collect::<Vec<_>>(),
        "same_choices": same.collect::<Vec<_>>(),
        "disputed": agreement.disputed().into_iter().map(|prompt| disputed(found, prompt)).collect::<Vec<_>>(),
    })
}

fn scores(found: &Found<'_>, means: &[Option<PromptMean>]) -> Value {
    let of_judge = |(judge, mean): (&String, &Option<PromptMean>)| (judge.clone(), json!(mean));
    Value::Object(found.agreement.judges.iter().zip(means).map(of_judge).collect())
}

fn of_rule(found: &Found<'_>, rule: &RuleChoices) -> Value {
    json!({ "rule": rule.rule, "prompts_with_several_winners": rule.tied, "prompts_ranked_approximately": rule.inexact, "mean_scores": scores(found, &rule.mean_scores) })
}

/// A prompt on which the rules differ, with what each chooses.
fn disputed(found: &Found<'_>, prompt: usize) -> Value {
    let of_rule = |rule: &RuleChoices| {
        let choices = rule.choices.get(prompt).into_iter().flatten();
        let texts =
            choices.map(|(text, probability)| json!({ "text": found.text(prompt, *text), "probability": probability }));
        json!({ "rule": rule.rule, "texts": texts.collect::<Vec<_>>() })
    };
    let choices: Vec<Value> = found.agreement.rules.iter().map(of_rule).collect();
    json!({ "prompt": found.prompt(prompt), "choices": choices })
}
