use super::sections::Numbering;
use super::table::{Cell, Column, Table};
use crate::escaped_text::EscapedText;
use crate::number::{fixed, magnitude, scientific};
use crate::{Estimate, Result};
use maud::{Markup, html};

/// Most columns, counting those of intervals, that fit on a narrow screen.
const NARROW: usize = 2;

/// The tables of a section.
pub(super) fn tables(tables: &[Table], numbers: &mut Numbering) -> Result<Markup> {
    let shown: Vec<Markup> =
        tables.iter().map(|table| table_html(table, numbers.next_table())).collect::<Result<_>>()?;
    Ok(html! { @for table in shown { (table) } })
}

fn table_html(table: &Table, number: usize) -> Result<Markup> {
    table.check()?;
    let looks: Vec<ColumnFormat> = table
        .columns
        .iter()
        .enumerate()
        .map(|(i, column)| ColumnFormat::of(column, &table.numbers(i).collect::<Vec<_>>()))
        .collect();
    // On a narrow screen, each row of a wide table becomes a block of lines.
    let is_wide = looks.iter().map(|format| 1 + usize::from(format.has_intervals())).sum::<usize>() > NARROW;
    let has_best = table.columns.iter().any(|column| column.better.is_some());
    let group_ends =
        |i: usize| i > 0 && table.rows.get(i - 1).map(|row| &row.group) != table.rows.get(i).map(|row| &row.group);
    let id = format!("table-{number}");
    Ok(html! {
        figure class="table" {
            figcaption id=(id) {
                p {
                    b { "Table " (number) "." } " " (EscapedText(&table.caption))
                    @if has_best { " " span class="remark" { "Bold: best value of the column." } }
                }
            }
            // Focusable, so that it can be scrolled with the keyboard.
            div class="scroll" role="region" tabindex="0" aria-labelledby=(id) {
                table class=[is_wide.then_some("wide-table")] {
                    thead {
                        tr {
                            th scope="col" { (EscapedText(&table.row_title)) }
                            @for (column, format) in table.columns.iter().zip(&looks) {
                                // A number and its interval have separate cells so that both are aligned.
                                th scope="col" class=[format.class()] colspan=[format.has_intervals().then_some(2)] {
                                    (EscapedText(&column.title))
                                    @if !column.unit.is_empty() { span class="unit" { (EscapedText(&column.unit)) } }
                                }
                            }
                        }
                    }
                    tbody {
                        @for (i, row) in table.rows.iter().enumerate() {
                            tr class=[group_ends(i).then_some("group")] {
                                th scope="row" { span class="name" { (EscapedText(&row.name)) } }
                                @for (cell, format) in row.cells.iter().zip(&looks) { (format.cell(cell)) }
                            }
                        }
                    }
                }
            }
        }
    })
}

/// How the numbers of a column are formatted, so that they are aligned.
pub(super) struct ColumnFormat {
    /// Heading and unit, for narrow screens without a header row.
    label: String,
    is_number: bool,
    format: Format,
    intervals: Intervals,
    /// The best value of the column, if requested.
    best: Option<f64>,
    /// Width of the widest interval in characters.
    half_width: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Format {
    Fixed(usize),
    Scientific(usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Intervals {
    None,
    /// All intervals are symmetric after rounding: `± 0.12`.
    PlusMinus,
    /// Some are not: `[1.02, 1.31]`.
    Ends,
}

impl ColumnFormat {
    pub(super) fn of(column: &Column, numbers: &[&Estimate]) -> Self {
        let format =
            column.decimals.map_or_else(|| format_of(numbers), |decimals| Format::Fixed(usize::from(decimals)));
        let best = column.better.and_then(|better| {
            let values = numbers.iter().map(|number| number.value);
            values.max_by(|one, other| better.gain(*one).total_cmp(&better.gain(*other)))
        });
        let intervals = intervals_of(numbers, format);
        let unit = if column.unit.is_empty() { String::new() } else { format!(", {}", column.unit) };
        let label = format!("{}{unit}", column.title);
        let mut format = Self { label, is_number: !numbers.is_empty(), format, intervals, best, half_width: 0 };
        let halves = numbers.iter().filter_map(|number| number.interval).map(|ends| (ends.high - ends.low) / 2.0);
        format.half_width = halves.map(|half| format.write(half).chars().count()).max().unwrap_or(0);
        format
    }

    fn has_intervals(&self) -> bool {
        self.intervals != Intervals::None
    }

    fn class(&self) -> Option<&'static str> {
        let class = if self.has_intervals() { "measure" } else { "number" };
        self.is_number.then_some(class)
    }

    pub(super) fn write(&self, value: f64) -> String {
        match self.format {
            Format::Fixed(decimals) => fixed(value, decimals),
            Format::Scientific(decimals) => scientific(value, decimals),
        }
    }

    pub(super) fn interval(&self, number: &Estimate) -> String {
        match (self.intervals, number.interval) {
            (Intervals::PlusMinus, Some(interval)) => {
                let (half, width) = (self.write((interval.high - interval.low) / 2.0), self.half_width);
                // Figure spaces are as wide as digits.
                format!("± {}{half}", "\u{2007}".repeat(width.saturating_sub(half.chars().count())))
            }
            (Intervals::Ends, Some(interval)) => {
                format!("[{}, {}]", self.write(interval.low), self.write(interval.high))
            }
            _ => String::new(),
        }
    }

    fn cell(&self, cell: &Cell) -> Markup {
        let (colspan, label) = (self.has_intervals().then_some(2), EscapedText(&self.label));
        match cell {
            Cell::Missing => html! {
                td class={ (self.class().unwrap_or_default()) " missing" } colspan=[colspan] data-label=(label) { "–" }
            },
            Cell::Text(text) => {
                html! { td class=[self.class()] colspan=[colspan] data-label=(label) { (EscapedText(text)) } }
            }
            Cell::Number(number) => {
                // Values that look equal are equally good.
                let is_best = self.best.is_some_and(|best| self.write(best) == self.write(number.value));
                html! {
                    td class={ "number" @if is_best { " best" } } data-label=(label) { (self.write(number.value)) }
                    @if self.has_intervals() { td class="interval" { (self.interval(number)) } }
                }
            }
        }
    }
}

/// The number of decimals that suits the median half-width of the intervals, or else the largest number.
fn format_of(numbers: &[&Estimate]) -> Format {
    let largest = numbers.iter().map(|number| number.value.abs()).fold(0.0, f64::max);
    if largest != 0.0 && !(1e-4..1e7).contains(&largest) {
        return Format::Scientific(2);
    }
    let mut halves: Vec<f64> = numbers
        .iter()
        .filter_map(|number| number.interval)
        .map(|interval| (interval.high - interval.low) / 2.0)
        .filter(|half| *half > 0.0)
        .collect();
    halves.sort_by(f64::total_cmp);
    let is_whole = numbers.iter().all(|number| number.value.fract() == 0.0);
    match halves.get(halves.len() / 2) {
        Some(half) => decimals(1 - magnitude(*half)),
        None if is_whole => Format::Fixed(0),
        None => decimals(2 - magnitude(largest)),
    }
}

fn decimals(wanted: i32) -> Format {
    Format::Fixed(usize::try_from(wanted.clamp(0, 6)).unwrap_or(0))
}

fn intervals_of(numbers: &[&Estimate], format: Format) -> Intervals {
    let unit = match format {
        Format::Fixed(decimals) => 0.1f64.powi(i32::try_from(decimals).unwrap_or(0)),
        Format::Scientific(_) => 0.0,
    };
    let mut intervals = numbers.iter().filter_map(|number| Some((number.value, number.interval?))).peekable();
    if intervals.peek().is_none() {
        return Intervals::None;
    }
    let is_symmetric = |(value, interval): (f64, crate::Interval)| {
        (interval.high + interval.low - 2.0 * value).abs() <= unit && (interval.low..=interval.high).contains(&value)
    };
    if intervals.all(is_symmetric) { Intervals::PlusMinus } else { Intervals::Ends }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Better;

    fn format(numbers: &[Estimate]) -> ColumnFormat {
        ColumnFormat::of(&Column::new("x", "").with_best(Better::Higher), &numbers.iter().collect::<Vec<_>>())
    }

    #[test]
    fn decimals_follow_the_intervals() {
        let numbers = [Estimate::new(1.234, 1.111, 1.357), Estimate::new(-0.5, -0.6, -0.4)];
        let format = format(&numbers);
        assert_eq!(format.format, Format::Fixed(2));
        assert_eq!(numbers.map(|number| format.write(number.value)), ["1.23", "−0.50"]);
        assert_eq!(numbers.map(|number| format.interval(&number)), ["± 0.12", "± 0.10"]);
    }

    #[test]
    fn half_widths_are_aligned() {
        let numbers = [Estimate::new(1.0, 0.5, 1.5), Estimate::new(40.0, 25.0, 55.0)];
        let format =
            ColumnFormat::of(&Column { decimals: Some(1), ..Column::new("x", "") }, &[&numbers[0], &numbers[1]]);
        assert_eq!(numbers.map(|number| format.interval(&number)), ["± \u{2007}0.5", "± 15.0"]);
    }

    #[test]
    fn asymmetric_intervals_are_shown_by_their_ends() {
        let numbers = [Estimate::new(1.0, 0.8, 1.5), Estimate::exact(2.0)];
        let format = format(&numbers);
        assert_eq!(numbers.map(|number| format.interval(&number)), ["[0.80, 1.50]".to_owned(), String::new()]);
        // An interval that does not contain the number has no ± form either.
        assert_eq!(intervals_of(&[&Estimate::new(3.0, 1.0, 2.0)], Format::Fixed(2)), Intervals::Ends);
    }

    #[test]
    fn numbers_without_intervals_have_three_digits() {
        let write = |values: &[f64]| {
            let numbers: Vec<Estimate> = values.iter().map(|value| Estimate::exact(*value)).collect();
            let format = format(&numbers);
            values.iter().map(|value| format.write(*value)).collect::<Vec<_>>()
        };
        assert_eq!(write(&[0.512, 0.25]), ["0.512", "0.250"]);
        assert_eq!(write(&[200.0, 46.0]), ["200", "46"]);
        assert_eq!(write(&[1e-5, 3e-6]), ["1.00e−5", "3.00e−6"]);
    }

    #[test]
    fn the_best_of_a_column_is_bold() {
        let format = format(&[Estimate::exact(1.5), Estimate::exact(2.5)]);
        let is_bold = |value| format.cell(&Cell::Number(Estimate::exact(value))).0.contains("number best");
        assert!(is_bold(2.5) && !is_bold(1.5));
    }
}
