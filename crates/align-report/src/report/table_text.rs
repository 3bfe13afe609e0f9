//! Tables as text of a limited width, for terminals.

use super::column_format::{ColumnFormat, formats, interval_remarks};
use super::table::{Column, Table};
use super::text_grid::Grid;
use super::text_layout::Layout;
use crate::Estimate;
use std::fmt;

impl Table {
    /// The table as text, with its caption above. The numbers have the same digits as in a report.
    ///
    /// Lines have at most `width` columns. A table with more columns than rows is transposed. Columns that do not fit
    /// follow in further blocks, which repeat the row names. Numbers are never broken, so a `width` below that of the
    /// widest number and a short row name is exceeded.
    ///
    /// ```
    /// use align_report::{Cell, Column, Estimate, Row, Table};
    ///
    /// let row = |name: &str, value| Row {
    ///     name: name.to_owned(),
    ///     group: String::new(),
    ///     cells: vec![Cell::Number(Estimate::new(value, value - 0.25, value + 0.25)), Cell::Missing],
    /// };
    /// let table = Table {
    ///     caption: "Mean rewards.".to_owned(),
    ///     row_title: "Model".to_owned(),
    ///     columns: vec![Column::new("Reward", "logit"), Column::new("Win rate", "")],
    ///     rows: vec![row("SFT", 0.5), row("hinge", 1.5)],
    /// };
    /// let text = "\
    /// Mean rewards. ±: half the width of the 95% interval.
    ///
    /// Model  Reward       Win rate
    ///        logit
    /// SFT    0.50 ± 0.25         –
    /// hinge  1.50 ± 0.25         –
    /// ";
    /// assert_eq!(table.to_text(80), text);
    /// ```
    #[must_use]
    pub fn to_text(&self, width: usize) -> String {
        let grid = Grid::of(self);
        let mut lines = Vec::new();
        let mut caption = vec![self.caption.clone()];
        // A caption with a percentage states the level of the intervals itself.
        let states_level = self.caption.contains('%');
        let remark = |text: &str| if states_level { text.replace("95% ", "") } else { text.to_owned() };
        caption.extend(interval_remarks(&formats(self)).into_iter().map(remark));
        caption.retain(|sentence| !sentence.is_empty());
        if !caption.is_empty() {
            lines.extend([textwrap::fill(&caption.join(" "), width), String::new()]);
        }
        lines.extend(Layout::of(&grid, width).lines(&grid, width));
        lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
    }
}

/// The number and its interval, with the digits that they have in a table.
///
/// ```
/// use align_report::Estimate;
///
/// assert_eq!(Estimate::new(1.234, 1.111, 1.357).to_string(), "1.23 ± 0.12");
/// assert_eq!(Estimate::exact(0.5).to_string(), "0.500");
/// ```
impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = ColumnFormat::of(&Column::new("", ""), &[self]);
        f.write_str(&format.write(self.value))?;
        if self.interval.is_some() { write!(f, " {}", format.interval(self)) } else { Ok(()) }
    }
}
