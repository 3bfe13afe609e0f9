//! The results as tables and sentences.

use align_audit::{AuditReport, Check, Exactness, Finding, FoundRow, Margins, Prediction};
use align_base::counted;
use align_report::{Cell, Column, Estimate, Row, Table, format_number};

/// Where a table is shown.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Terminal,
    Report,
}

/// Characters of the rows that are listed for each finding on a terminal.
const LISTED_CHARACTERS: usize = 26;

/// Languages that are listed.
const LANGUAGES: usize = 8;

/// A share in percent, with three significant digits.
pub fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let decimals = if percent >= 10.0 {
        1
    } else if percent >= 1.0 || percent == 0.0 {
        2
    } else {
        3
    };
    format!("{}%", format_number(percent, decimals))
}

/// What was read, in a sentence.
pub fn summary(report: &AuditReport) -> String {
    let kinds = [
        (report.pairs > 0).then(|| counted(report.pairs, "preference pair")),
        (report.labelled > 0).then(|| {
            let desirable = percent(report.desirable as f64 / report.labelled as f64);
            format!("{} ({desirable} desirable)", counted(report.labelled, "labelled completion"))
        }),
    ];
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
    let held_out: u64 = report.held_out_files.iter().map(|file| file.rows).sum();
    let unreadable = report
        .unreadable_held_out
        .as_ref()
        .map_or(String::new(), |of| format!(", of which {} cannot be read", of.rows));
    let held_out = match held_out {
        0 => String::new(),
        rows => format!("; {}{unreadable}", counted(rows, "held-out row")),
    };
    format!("{} of {}{kinds}{held_out}", counted(report.rows, "row"), counted(report.files.len() as u64, "file"))
}

/// The tables that are printed.
pub fn of_terminal(report: &AuditReport) -> Vec<Table> {
    let findings: Vec<&Finding> = report.problems().collect();
    let found = (!findings.is_empty()).then(|| findings_table(report, &findings, Place::Terminal));
    let predictions = predictions(report).map(|mut table| {
        // The rules are printed below.
        table.columns.truncate(1);
        table.rows.iter_mut().for_each(|row| row.cells.truncate(1));
        table
    });
    found.into_iter().chain(predictions).collect()
}

/// The tables of the HTML report: also the checks that found nothing.
pub fn of_report(report: &AuditReport) -> Vec<Table> {
    let findings: Vec<&Finding> = report.findings.iter().collect();
    let found = findings_table(report, &findings, Place::Report);
    let margins = report.score_margins.as_ref().map(margins);
    let all = std::iter::once(found).chain(predictions(report)).chain(languages(report)).chain(margins);
    all.chain(not_checked(report)).collect()
}

fn findings_table(report: &AuditReport, findings: &[&Finding], shown: Place) -> Table {
    let several = report.files.len() > 1;
    let row = |finding: &&Finding| {
        let group = format!("{:?}", finding.name.group());
        let count = Cell::Number(Estimate::exact(finding.count as f64));
        let share = Cell::Text(percent(finding.share));
        let rows = first_rows(finding, several, shown);
        let more = if finding.count > rows.len() as u64 { ", …" } else { "" };
        let rows = if rows.is_empty() { Cell::Missing } else { Cell::Text(format!("{}{more}", rows.join(", "))) };
        Row { name: finding.name.to_string(), group, cells: vec![count, share, rows] }
    };
    Table {
        caption: match shown {
            Place::Terminal => "What was found, with the first rows".to_owned(),
            Place::Report => "What was found, with the first rows; \"of\" is the row that a row repeats, contradicts or shares its prompt with".to_owned(),
        },
        row_title: "Finding".to_owned(),
        columns: vec![Column { decimals: Some(0), ..Column::new("Rows", "") }, Column::new("Share", ""), Column::new("First rows", "")],
        rows: findings.iter().map(row).collect(),
    }
}

/// The first rows of a finding: on a terminal as many as fit, without the rows that they are like.
fn first_rows(finding: &Finding, several: bool, shown: Place) -> Vec<String> {
    if shown == Place::Report {
        return finding.first_rows.iter().map(|row| place(row, several)).collect();
    }
    let (mut rows, mut characters) = (Vec::new(), 0);
    for row in &finding.first_rows {
        let text = place(&FoundRow { other: None, ..row.clone() }, several);
        characters += text.chars().count() + 2;
        if characters > LISTED_CHARACTERS && !rows.is_empty() {
            break;
        }
        rows.push(text);
    }
    rows
}

/// A row, with its file if there are several.
fn place(row: &FoundRow, with_file: bool) -> String {
    let name = |place: &align_audit::RowPlace, with_file: bool| match with_file {
        true => format!("{}:{}", file_name(&place.file), place.row),
        false => place.row.to_string(),
    };
    let own = name(&row.place, with_file);
    match &row.other {
        Some(other) => format!("{own} (of {})", name(other, other.file != row.place.file)),
        None => own,
    }
}

fn file_name(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file)
}

fn predictions(report: &AuditReport) -> Option<Table> {
    let row = |prediction: &Prediction| {
        let share = Estimate::new(prediction.accuracy, prediction.low, prediction.high);
        let cells = vec![Cell::Number(share), Cell::Text(prediction.rule.clone())];
        Row { name: prediction.name.to_string(), group: String::new(), cells }
    };
    (!report.predictions.is_empty()).then(|| Table {
        caption: "How well single properties tell the choice: the share of right predictions with 95% intervals, where 0.5 is chance.".to_owned(),
        row_title: "Property".to_owned(),
        columns: vec![Column { decimals: Some(3), ..Column::new("Right", "") }, Column::new("Rule", "")],
        rows: report.predictions.iter().map(row).collect(),
    })
}

fn languages(report: &AuditReport) -> Option<Table> {
    let row = |of: &align_audit::LanguageRows| Row {
        name: of.language.unwrap_or("not known").to_owned(),
        group: String::new(),
        cells: vec![Cell::Number(Estimate::exact(of.rows as f64))],
    };
    let named = report
        .languages
        .iter()
        .take(LANGUAGES)
        .chain(report.languages.iter().skip(LANGUAGES).filter(|of| of.language.is_none()));
    (!report.languages.is_empty()).then(|| Table {
        caption: "The languages of the answers; that of short texts is not known".to_owned(),
        row_title: "Language".to_owned(),
        columns: vec![Column { decimals: Some(0), ..Column::new("Rows", "") }],
        rows: named.map(row).collect(),
    })
}

fn margins(margins: &Margins) -> Table {
    let quantiles = margins.quantiles;
    let values = [
        ("5%", quantiles.p05),
        ("25%", quantiles.p25),
        ("50%", quantiles.p50),
        ("75%", quantiles.p75),
        ("95%", quantiles.p95),
        ("mean", margins.mean),
    ];
    let row = |(name, value): (&str, f64)| Row {
        name: name.to_owned(),
        group: String::new(),
        cells: vec![Cell::Number(Estimate::exact(value))],
    };
    Table {
        caption: format!(
            "Chosen minus rejected score: quantiles and mean of {} with scores",
            counted(margins.pairs, "pair")
        ),
        row_title: "Quantile".to_owned(),
        columns: vec![Column::new("Margin", "")],
        rows: values.into_iter().map(row).collect(),
    }
}

fn not_checked(report: &AuditReport) -> Option<Table> {
    let row = |check: &align_audit::NotChecked| Row {
        name: check.name.to_string(),
        group: String::new(),
        cells: vec![Cell::Text(check.why.clone())],
    };
    (!report.not_checked.is_empty()).then(|| Table {
        caption: "What was not checked".to_owned(),
        row_title: "Finding".to_owned(),
        columns: vec![Column::new("Why", "")],
        rows: report.not_checked.iter().map(row).collect(),
    })
}

/// What a finding means and what to do about it.
pub fn advice(finding: &Finding) -> String {
    let estimate = match &finding.exactness {
        Exactness::Exact => String::new(),
        Exactness::Estimate { standard_error: Some(error), method } => {
            format!(" An estimate with the standard error {} by {method}.", format_number(*error, 1))
        }
        Exactness::Estimate { standard_error: None, method } => format!(" An estimate by {method}."),
    };
    let problem = finding.problem.as_ref().map(|problem| format!(" The first one: {problem}.")).unwrap_or_default();
    format!("{}: {}{problem}{estimate} {}", finding.name, finding.finds, finding.advice)
}

/// What to do about a prediction that is better than chance.
pub fn advice_on(prediction: &Prediction) -> &'static str {
    match prediction.is_above_chance() || prediction.name == Check::ReferenceMargins {
        true => prediction.advice,
        false => "Chance is within the interval.",
    }
}

/// The other results for a terminal, a paragraph each.
pub fn remarks(report: &AuditReport) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(lengths) = report.lengths {
        let [chosen, rejected] =
            [lengths.mean_chosen_chars, lengths.mean_rejected_chars].map(|mean| format_number(mean, 0));
        remarks.push(format!("Mean length: {chosen} characters of chosen and {rejected} of rejected texts."));
    }
    if let Some(margins) = &report.score_margins {
        let [mean, median] = [margins.mean, margins.quantiles.p50].map(|value| format_number(value, 3));
        let pairs = counted(margins.pairs, "pair");
        remarks.push(format!("Chosen minus rejected score of {pairs} with scores: mean {mean}, median {median}."));
    }
    let known = report.languages.iter().filter(|of| of.language.is_some());
    let shares: Vec<String> =
        known.take(LANGUAGES).map(|of| format!("{} {}", of.language.unwrap_or_default(), of.rows)).collect();
    if !shares.is_empty() {
        remarks.push(format!("Languages of the answers that are long enough to tell: {}.", shares.join(", ")));
    }
    let nothing: Vec<&str> = report.findings.iter().filter(|of| of.count == 0).map(|of| of.name.name()).collect();
    if !nothing.is_empty() {
        remarks.push(format!("Nothing found: {}.", nothing.join(", ")));
    }
    remarks.extend(reasons(report));
    remarks
}

/// The checks that did not run, by the reason.
fn reasons(report: &AuditReport) -> Option<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for check in &report.not_checked {
        match reasons.iter_mut().find(|(why, _)| *why == check.why) {
            Some((_, names)) => names.push(check.name.name()),
            None => reasons.push((&check.why, vec![check.name.name()])),
        }
    }
    let reasons = reasons.iter().map(|(why, names)| format!("{} ({why})", names.join(", ")));
    let reasons: Vec<String> = reasons.collect();
    (!reasons.is_empty()).then(|| format!("Not checked: {}.", reasons.join("; ")))
}
