//! The agreement of judges and rules as tables.

use align_base::counted;
use align_metrics::{Bootstrap, JudgeAgreement, PromptMean, Proportion};
use align_report::{Cell, Column, Estimate, Row, Table};

/// The agreement of judges and rules as tables. `bootstrap` has the options of its intervals.
#[must_use]
pub fn judge_agreement_tables(agreement: &JudgeAgreement, bootstrap: &Bootstrap) -> Vec<Table> {
    let mut tables = vec![taus(agreement, bootstrap), disagreement(agreement), mean_scores(agreement, bootstrap)];
    if agreement.rules.len() > 1 {
        tables.push(same_choices(agreement, bootstrap));
    }
    tables
}

fn mean(mean: Option<PromptMean>) -> Cell {
    mean.map_or(Cell::Missing, |mean| {
        Cell::Number(match mean.interval {
            Some(interval) => Estimate::new(mean.value, interval.low, interval.high),
            None => Estimate::exact(mean.value),
        })
    })
}

fn over_prompts(bootstrap: &Bootstrap) -> String {
    format!("{}% bootstrap intervals over prompts ({} resamples)", 100.0 * bootstrap.level, bootstrap.resamples)
}

/// A table of each two of `names`.
fn of_each_two(
    caption: String,
    row_title: &str,
    names: &[String],
    values: &[(usize, usize, Option<PromptMean>)],
) -> Table {
    let cell = |row: usize, column: usize| {
        let of = values.iter().find(|(a, b, _)| (*a, *b) == (row, column) || (*b, *a) == (row, column));
        of.map_or(Cell::Missing, |(_, _, value)| mean(*value))
    };
    let row = |(row, name): (usize, &String)| Row {
        name: name.clone(),
        group: String::new(),
        cells: (0..names.len()).map(|column| cell(row, column)).collect(),
    };
    Table {
        caption,
        row_title: row_title.to_owned(),
        columns: names.iter().map(|name| Column::new(name, "")).collect(),
        rows: names.iter().enumerate().map(row).collect(),
    }
}

fn taus(agreement: &JudgeAgreement, bootstrap: &Bootstrap) -> Table {
    let values: Vec<_> = agreement.taus.iter().map(|tau| (tau.first, tau.second, tau.tau)).collect();
    let caption = format!(
        "Kendall's tau-b between the judges' scores of the texts of a prompt, mean over prompts: 1 for the same order, -1 for the reverse. {}.",
        over_prompts(bootstrap)
    );
    of_each_two(caption, "Judge", &agreement.judges, &values)
}

fn same_choices(agreement: &JudgeAgreement, bootstrap: &Bootstrap) -> Table {
    let same = agreement.same_choices.iter();
    let values: Vec<_> = same.map(|same| (same.first, same.second, same.share)).collect();
    let names: Vec<String> = agreement.rules.iter().map(|rule| rule.rule.to_string()).collect();
    let caption = format!(
        "How often two rules choose the same text; of tied texts each rule draws one on its own, so that rules that tie the same texts are below 1. {}.",
        over_prompts(bootstrap)
    );
    of_each_two(caption, "Rule", &names, &values)
}

fn disagreement(agreement: &JudgeAgreement) -> Table {
    let row = |name: &str, successes: usize, trials: usize| {
        let share = Proportion { successes, trials };
        let interval = share.wilson_interval();
        let cells = vec![
            Cell::Number(Estimate::exact(successes as f64)),
            Cell::Number(Estimate::exact(trials as f64)),
            Cell::Number(Estimate::new(share.value(), interval.low, interval.high)),
        ];
        Row { name: name.to_owned(), group: String::new(), cells }
    };
    let prompts = agreement.prompts;
    let mut rows = vec![
        row("Prompts with a Condorcet winner", agreement.with_condorcet_winner.len(), prompts),
        row("Prompts with a cycle of majorities", agreement.cycles.len(), prompts),
        row("Pareto-dominated texts", agreement.dominated.len(), agreement.texts),
    ];
    if agreement.rules.len() > 1 {
        rows.push(row("Prompts on which the rules differ", agreement.disputed().len(), prompts));
    }
    let tied = agreement
        .rules
        .iter()
        .map(|rule| row(&format!("Prompts with several winners by {}", rule.rule), rule.tied, prompts));
    let inexact = agreement.rules.iter();
    let inexact =
        inexact.map(|rule| row(&format!("Prompts ranked approximately by {}", rule.rule), rule.inexact, prompts));
    let is_found = |row: &Row| row.cells.first() != Some(&Cell::Number(Estimate::exact(0.0)));
    rows.extend(tied.chain(inexact).filter(is_found));
    let mut caption = "Disagreement, with Wilson's 95% intervals. A Condorcet winner beats each other text by a majority; a dominated \
                       text is scored higher than another one by no judge, and lower by at least one."
        .to_owned();
    if agreement.single_texts > 0 {
        caption += &format!(" {} with a single text not counted.", counted(agreement.single_texts, "prompt"));
    }
    Table {
        caption,
        row_title: String::new(),
        columns: vec![Column::new("Number", ""), Column::new("Of", ""), Column::new("Share", "")],
        rows,
    }
}

fn mean_scores(agreement: &JudgeAgreement, bootstrap: &Bootstrap) -> Table {
    let row = |name: String, group: &str, scores: &[Option<PromptMean>]| Row {
        name,
        group: group.to_owned(),
        cells: scores.iter().map(|score| mean(*score)).collect(),
    };
    let mut rows = vec![row("(a text at random)".to_owned(), "random", &agreement.random_choice)];
    rows.extend(agreement.rules.iter().map(|rule| row(rule.rule.to_string(), "rules", &rule.mean_scores)));
    Table {
        caption: format!("The mean score of the chosen text by each judge. {}.", over_prompts(bootstrap)),
        row_title: "Rule".to_owned(),
        columns: agreement.judges.iter().map(|judge| Column::new(judge, "")).collect(),
        rows,
    }
}
