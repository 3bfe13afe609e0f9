//! Reports as single HTML files.

mod column_format;
mod figures;
mod page;
mod sections;
mod style;
mod table;
mod table_html;
mod table_text;
mod table_width;
mod text_choices;
mod text_grid;
mod text_layout;
mod texts;

pub use figures::{FigureWidth, ReportFigure};
pub use table::{Cell, Column, Row, Table};
pub use text_choices::{ChosenText, TextChoice, TextChoices};
pub use texts::{ComparedText, TextComparison, TextComparisons};

use serde::{Deserialize, Serialize};

/// The contents of a report. Everything but the title may be empty; empty sections are omitted.
///
/// The page has no scripts and loads no external resources; its `Content-Security-Policy` forbids both. Texts may have
/// any content: markup is shown literally, and control characters and bidirectional overrides are escaped.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// The report's title.
    pub title: String,
    /// The line below the title: model, data, date.
    pub subtitle: String,
    /// A summary of the runs in one paragraph.
    pub summary: String,
    /// Findings, a sentence each. The most important one is first and larger than the others.
    pub statements: Vec<String>,
    /// Tables of results.
    pub tables: Vec<Table>,
    /// Figures of results.
    pub figures: Vec<ReportFigure>,
    /// Training curves.
    pub training: Vec<ReportFigure>,
    /// A remark above the training curves, such as why there are none of held-out rows.
    pub training_note: String,
    /// Reward histograms.
    pub rewards: Vec<ReportFigure>,
    /// Texts before and after training, side by side.
    pub texts: Vec<TextComparisons>,
    /// Texts that were chosen for prompts, side by side.
    pub choices: Vec<TextChoices>,
    /// The configuration of the runs.
    pub configuration: Vec<Configuration>,
    /// Programs and libraries with their versions.
    pub versions: Vec<Entry>,
}

/// A group of options with a heading.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The heading; omitted if empty.
    #[serde(default)]
    pub title: String,
    /// The options.
    pub entries: Vec<Entry>,
}

/// A name with its value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The formatted value.
    pub value: String,
}

impl Entry {
    /// Creates an entry.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}
