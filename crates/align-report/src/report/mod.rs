//! A report in one HTML file.

mod contents;
mod figures;
mod page;
mod style;
mod table;
mod table_html;
mod texts;

pub use figures::{FigureWidth, ReportFigure};
pub use table::{Cell, Column, Row, Table};
pub use texts::{RewardedText, TextComparison, TextComparisons};

use serde::{Deserialize, Serialize};

/// What a report says. All but the title may be empty, and then has no section.
///
/// The page has no script and asks for nothing outside itself; its own policy (`Content-Security-Policy`) forbids both.
/// Texts may hold anything: markup is shown as it is written, and control characters and those that turn the direction
/// of writing are spelt out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// The report's title.
    pub title: String,
    /// A line under the title: the model, the data, the date.
    pub subtitle: String,
    /// What was done and found, in a paragraph.
    pub summary: String,
    /// Findings, a sentence each: which loss dominates where.
    pub statements: Vec<String>,
    /// Tables of results.
    pub tables: Vec<Table>,
    /// Figures of results.
    pub figures: Vec<ReportFigure>,
    /// Curves of training.
    pub training: Vec<ReportFigure>,
    /// Histograms of rewards.
    pub rewards: Vec<ReportFigure>,
    /// Texts before and after training, side by side.
    pub texts: Vec<TextComparisons>,
    /// What the runs were configured with.
    pub configuration: Vec<Configuration>,
    /// What computed the results: programs and libraries with their versions.
    pub versions: Vec<Entry>,
}

/// Names and values under a heading of their own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// What is configured so; no heading where it is empty.
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
    /// The value as it is to be shown.
    pub value: String,
}

impl Entry {
    /// A name with its value.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}
