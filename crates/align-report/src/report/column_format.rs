use super::table::{Cell, Column, Table};
use crate::Estimate;
use crate::escaped_text::EscapedText;
use crate::figure::Better;
use crate::number::{format_number, magnitude, scientific};
use maud::{Markup, html};

/// How the numbers of a column are formatted, so that they are aligned.
pub(super) struct ColumnFormat {
    /// Heading and unit, for narrow screens without a header row.
    label: String,
    is_number: bool,
    format: Format,
    intervals: Intervals,
    /// The best value of the column, if requested and if its interval is apart from all others.
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
        let best = column.better.and_then(|better| clear_best(numbers, better));
        let intervals = intervals_of(numbers, format);
        let unit = if column.unit.is_empty() { String::new() } else { format!(", {}", column.unit) };
        let label = format!("{}{unit}", column.title);
        let mut format = Self { label, is_number: !numbers.is_empty(), format, intervals, best, half_width: 0 };
        let halves = numbers.iter().filter_map(|number| number.interval).map(|ends| (ends.high - ends.low) / 2.0);
        format.half_width = halves.map(|half| format.write(half).chars().count()).max().unwrap_or(0);
        format
    }

    pub(super) fn has_intervals(&self) -> bool {
        self.intervals != Intervals::None
    }

    pub(super) fn class(&self) -> Option<&'static str> {
        let class = if self.has_intervals() { "measure" } else { "number" };
        self.is_number.then_some(class)
    }

    pub(super) fn write(&self, value: f64) -> String {
        match self.format {
            Format::Fixed(decimals) => format_number(value, decimals),
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

    pub(super) fn cell(&self, cell: &Cell) -> Markup {
        let (colspan, label) = (self.has_intervals().then_some(2), EscapedText(&self.label));
        match cell {
            Cell::Missing => html! {
                td class={ (self.class().unwrap_or_default()) " missing" } colspan=[colspan] data-label=(label) { "–" }
            },
            Cell::Text(text) => {
                html! { td class=[self.class()] colspan=[colspan] data-label=(label) { (EscapedText(text)) } }
            }
            Cell::Number(number) => {
                let is_best = self.best == Some(number.value);
                html! {
                    td class={ "number" @if is_best { " best" } } data-label=(label) { (self.write(number.value)) }
                    @if self.has_intervals() { td class="interval" { (self.interval(number)) } }
                }
            }
        }
    }
}

/// The format of each column.
pub(super) fn formats(table: &Table) -> Vec<ColumnFormat> {
    let format = |(index, column)| ColumnFormat::of(column, &table.numbers(index).collect::<Vec<_>>());
    table.columns.iter().enumerate().map(format).collect()
}

/// How to read the intervals of a table, as far as it has any.
pub(super) fn interval_remarks(formats: &[ColumnFormat]) -> Vec<&'static str> {
    let has = |intervals| formats.iter().any(|format| format.intervals == intervals);
    let plus_minus = has(Intervals::PlusMinus).then_some("±: half the width of the 95% interval.");
    plus_minus.into_iter().chain(has(Intervals::Ends).then_some("In brackets: the 95% interval.")).collect()
}

/// The best value, if its interval overlaps with no other. A number without an interval is treated as exact.
fn clear_best(numbers: &[&Estimate], better: Better) -> Option<f64> {
    let gain = |number: &Estimate| better.gain(number.value);
    let best = numbers.iter().copied().max_by(|one, other| gain(one).total_cmp(&gain(other)))?;
    let is_apart = |other: &Estimate| match better {
        Better::Higher => best.lowest() > other.highest(),
        Better::Lower => best.highest() < other.lowest(),
    };
    let is_clear = numbers.iter().filter(|other| !std::ptr::eq(**other, best)).all(|other| is_apart(other));
    is_clear.then_some(best.value)
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
    fn the_best_of_a_column_is_bold_if_its_interval_overlaps_with_no_other() {
        let bold = |numbers: &[Estimate]| -> Vec<bool> {
            let format = format(numbers);
            numbers.iter().map(|number| format.cell(&Cell::Number(*number)).0.contains("number best")).collect()
        };
        assert_eq!(bold(&[Estimate::exact(1.5), Estimate::exact(2.5)]), [false, true]);
        assert_eq!(bold(&[Estimate::exact(2.5), Estimate::exact(2.5)]), [false, false]);
        assert_eq!(bold(&[Estimate::new(1.5, 1.0, 2.0), Estimate::new(2.5, 2.1, 2.9)]), [false, true]);
        assert_eq!(bold(&[Estimate::new(1.5, 1.0, 2.2), Estimate::new(2.5, 2.1, 2.9)]), [false, false]);
        // The third best reaches further up than the second best.
        let third = Estimate::new(1.4, 0.5, 2.3);
        assert_eq!(bold(&[Estimate::new(1.5, 1.4, 1.6), Estimate::new(2.5, 2.1, 2.9), third]), [false; 3]);
    }
}
