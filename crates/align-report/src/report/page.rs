use super::figures::figures;
use super::sections::{Numbering, Section, contents};
use super::style::style;
use super::table_html::tables;
use super::text_choices::choices;
use super::texts::texts;
use super::{Configuration, Entry, Report};
use crate::Result;
use crate::escaped_text::EscapedText;
use crate::figure::SeriesOrder;
use crate::output_file::write_file;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::path::Path;

/// The content security policy: no external resources and no scripts.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// The policy of a page that a server keeps up to date: its own script may ask the server.
const LIVE_CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'self'; connect-src \
                                            'self'; base-uri 'none'; form-action 'none'";

impl Report {
    /// The report as an HTML page.
    ///
    /// # Errors
    /// When a figure, table or text contains a number that cannot be shown (see [`Figure::draw`](crate::Figure::draw)),
    /// or a row has a wrong number of cells.
    pub fn to_html(&self) -> Result<String> {
        page(self, None)
    }

    /// The report as a page of a server, with a script of that server, which keeps it up to date, and with an element `live` whose text the script
    /// sets.
    ///
    /// # Errors
    /// As for [`to_html`](Self::to_html).
    pub fn to_live_html(&self, script: &str) -> Result<String> {
        page(self, Some(script))
    }

    /// Writes the page to a file atomically. Missing folders are created.
    ///
    /// # Errors
    /// As for [`to_html`](Self::to_html), when the file exists and `overwrite` is false, or when it cannot be written.
    pub fn write(&self, path: &Path, overwrite: bool) -> Result<()> {
        write_file(path, self.to_html()?.as_bytes(), overwrite)
    }
}

/// The whole page.
fn page(report: &Report, script: Option<&str>) -> Result<String> {
    let policy = if script.is_some() { LIVE_CONTENT_SECURITY_POLICY } else { CONTENT_SECURITY_POLICY };
    let sections = sections(report)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (EscapedText(&report.title)) }
                style { (PreEscaped(style())) }
                @if let Some(script) = script { script src=(script) defer {} }
            }
            body {
                (scheme_switch())
                @if script.is_some() { p id="live" class="live" role="status" { "live" } }
                div class="page" {
                    header {
                        h1 { (EscapedText(&report.title)) }
                        @if !report.subtitle.is_empty() { p class="subtitle" { (EscapedText(&report.subtitle)) } }
                    }
                    @if sections.len() > 1 { (contents(&sections)) }
                    main { @for section in &sections { (section.html()) } }
                }
            }
        }
    };
    Ok(page.0)
}

/// The non-empty sections.
fn sections(report: &Report) -> Result<Vec<Section>> {
    let mut numbers = Numbering::default();
    let drawn = [&report.figures, &report.training, &report.rewards];
    // A series has one colour in all figures of the page.
    let order = SeriesOrder::of(drawn.into_iter().flatten().flat_map(|figure| figure.figure.series_keys()));
    let mut sections = Vec::new();
    let mut add = |id, heading, is_there: bool, body: Markup| {
        if is_there {
            sections.push(Section { id, heading, body });
        }
    };
    let summary = html! { p class="summary" { (EscapedText(&report.summary)) } };
    add("summary", "Summary", !report.summary.is_empty(), summary);
    let statements = findings(&report.statements);
    add("findings", "Findings", !report.statements.is_empty(), statements);
    add("figures", "Figures", !report.figures.is_empty(), figures(&report.figures, &mut numbers, &order)?);
    add("results", "Results", !report.tables.is_empty(), tables(&report.tables, &mut numbers)?);
    let training = html! {
        @if !report.training_note.is_empty() { p class="remark" { (EscapedText(&report.training_note)) } }
        @if !report.training.is_empty() { (figures(&report.training, &mut numbers, &order)?) }
    };
    add("training", "Training", !report.training.is_empty() || !report.training_note.is_empty(), training);
    add("rewards", "Rewards", !report.rewards.is_empty(), figures(&report.rewards, &mut numbers, &order)?);
    add("texts", "Texts", !report.texts.is_empty(), texts(&report.texts)?);
    add("choices", "Choices", !report.choices.is_empty(), choices(&report.choices));
    let configuration = html! { @for part in &report.configuration { (configuration(part)) } };
    add("configuration", "Configuration", !report.configuration.is_empty(), configuration);
    add("versions", "Versions", !report.versions.is_empty(), entries("Versions", &report.versions));
    Ok(sections)
}

/// The first finding, and a list of the others.
fn findings(statements: &[String]) -> Markup {
    let (lead, others) = statements.split_at(statements.len().min(1));
    html! {
        @for statement in lead { p class="lead" { (EscapedText(statement)) } }
        @if !others.is_empty() { ul { @for statement in others { li { (EscapedText(statement)) } } } }
    }
}

/// The colour scheme switch: three radio buttons that work with CSS only. The choice is not stored.
fn scheme_switch() -> Markup {
    html! {
        fieldset class="scheme" {
            legend class="unseen" { "Colours" }
            @for (id, label) in [("auto", "Auto"), ("light", "Light"), ("dark", "Dark")] {
                input type="radio" name="scheme" id={ "scheme-" (id) } checked[id == "auto"];
                label for={ "scheme-" (id) } { (label) }
            }
        }
    }
}

fn configuration(part: &Configuration) -> Markup {
    html! {
        @if !part.title.is_empty() { h3 { (EscapedText(&part.title)) } }
        (entries(if part.title.is_empty() { "Configuration" } else { &part.title }, &part.entries))
    }
}

fn entries(label: &str, entries: &[Entry]) -> Markup {
    html! {
        div class="scroll" role="region" tabindex="0" aria-label={ (EscapedText(label)) } {
            table class="entries" {
                tbody {
                    @for entry in entries {
                        tr {
                            th scope="row" { (EscapedText(&entry.name)) }
                            td { (EscapedText(&entry.value)) }
                        }
                    }
                }
            }
        }
    }
}
