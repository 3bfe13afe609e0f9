//! The HTML report.

use super::chosen_texts;
use super::found::Found;
use align_base::counted;
use align_frontier::judge_agreement_tables;
use align_metrics::Bootstrap;
use align_report::{Cell, Column, Configuration, Entry, Report, Row, Table, TextChoices, format_number};

/// Most prompts whose texts are shown side by side.
const SHOWN_PROMPTS: usize = 30;

/// Most rows of a list.
const LISTED: usize = 20;

pub fn page(found: &Found<'_>, file: &str, bootstrap: &Bootstrap) -> Report {
    let agreement = &found.agreement;
    let mut tables = judge_agreement_tables(&found.agreement, bootstrap);
    tables.extend([cycles(found), dominated(found)].into_iter().flatten());
    let weights = agreement.judges.iter().zip(found.texts.weights());
    Report {
        title: "The agreement of judges, and what voting rules choose".to_owned(),
        subtitle: file.to_owned(),
        summary: format!(
            "{} of {}, scored by {}. Each rule makes a ranking of the texts of a prompt out of the scores, and chooses the first text.",
            counted(agreement.texts, "text"),
            counted(agreement.prompts, "prompt"),
            agreement.judges.join(", ")
        ),
        statements: statements(found),
        tables,
        choices: choices(found).into_iter().collect(),
        configuration: vec![Configuration {
            title: "Weights of the judges".to_owned(),
            entries: weights.map(|(judge, weight)| Entry::new(judge, weight.to_string())).collect(),
        }],
        versions: vec![Entry::new("align", env!("CARGO_PKG_VERSION"))],
        ..Report::default()
    }
}

fn statements(found: &Found<'_>) -> Vec<String> {
    let agreement = &found.agreement;
    let mut statements = Vec::new();
    if agreement.rules.len() > 1 {
        let same = agreement.prompts - agreement.disputed().len();
        statements
            .push(format!("All rules make the same choice for {same} of {}.", counted(agreement.prompts, "prompt")));
    }
    let known = agreement.taus.iter().filter_map(|tau| Some((tau, tau.tau?)));
    if let Some((tau, mean)) = known.min_by(|(_, a), (_, b)| a.value.total_cmp(&b.value)) {
        let judge = |at: usize| agreement.judges.get(at).map_or("", String::as_str);
        statements.push(format!(
            "{} and {} agree least: Kendall's tau-b is {} on average.",
            judge(tau.first),
            judge(tau.second),
            format_number(mean.value, 2)
        ));
    }
    let cycles = agreement.cycles.len();
    statements.push(match cycles {
        0 => "No prompt has a cycle of majorities.".to_owned(),
        _ => format!("{} of {} have a cycle of majorities.", cycles, counted(agreement.prompts, "prompt")),
    });
    statements
}

fn choices(found: &Found<'_>) -> Option<TextChoices> {
    let disputed = found.agreement.disputed();
    let rows: Vec<_> = disputed.iter().take(SHOWN_PROMPTS).filter_map(|at| chosen_texts::choice(found, *at)).collect();
    let shown = if rows.len() < disputed.len() { "The first " } else { "All " };
    (!rows.is_empty()).then(|| TextChoices {
        caption: format!(
            "{shown}{} on which the rules differ, with the texts that they choose and the judges' scores. A percentage is the probability \
             with which a rule chooses one of several winners.",
            counted(rows.len(), "prompt")
        ),
        rows,
    })
}

/// The beginning of a text, for a cell.
fn beginning(text: &str) -> String {
    const LENGTH: usize = 90;
    let mut shown: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LENGTH + 1).collect();
    if shown.chars().count() > LENGTH {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// The beginning of a text after its prompt.
fn text_of(found: &Found<'_>, prompt: usize, text: usize) -> String {
    let (prompt, text) = (found.prompt(prompt).unwrap_or_default(), found.text(prompt, text).unwrap_or_default());
    beginning(text.strip_prefix(prompt).filter(|rest| !rest.trim().is_empty()).unwrap_or(text))
}

/// A caption with the number of rows that are listed.
fn listed(caption: &str, rows: usize) -> String {
    if rows > LISTED { format!("{caption} The first {LISTED} of {rows}.") } else { caption.to_owned() }
}

fn cycles(found: &Found<'_>) -> Option<Table> {
    let cycles = &found.agreement.cycles;
    let row = |cycle: &align_metrics::Cycle| {
        let texts: Vec<String> = cycle.texts.iter().map(|text| text_of(found, cycle.prompt, *text)).collect();
        let name = beginning(found.prompt(cycle.prompt).unwrap_or_default());
        Row { name, group: String::new(), cells: vec![Cell::Text(texts.join(" > "))] }
    };
    (!cycles.is_empty()).then(|| Table {
        caption: listed(
            "Cycles: a majority prefers each text to the next, and the last one to the first.",
            cycles.len(),
        ),
        row_title: "Prompt".to_owned(),
        columns: vec![Column::new("Texts", "")],
        rows: cycles.iter().take(LISTED).map(row).collect(),
    })
}

fn dominated(found: &Found<'_>) -> Option<Table> {
    let dominated = &found.agreement.dominated;
    let row = |of: &align_metrics::DominatedText| {
        let cell = |text| Cell::Text(text_of(found, of.prompt, text));
        let name = beginning(found.prompt(of.prompt).unwrap_or_default());
        Row { name, group: of.prompt.to_string(), cells: vec![cell(of.text), cell(of.by)] }
    };
    (!dominated.is_empty()).then(|| Table {
        caption: listed("Pareto-dominated texts.", dominated.len()),
        row_title: "Prompt".to_owned(),
        columns: vec![Column::new("Text", ""), Column::new("Dominated by", "")],
        rows: dominated.iter().take(LISTED).map(row).collect(),
    })
}
