//! Arranges the texts of a table in lines of a limited width.

use super::text_grid::{Grid, GridCell, GridRow};
use std::ops::Range;
use textwrap::core::{Word, display_width};
use textwrap::{Options, WordSeparator, WordSplitter};

/// Spaces between two columns.
const GAP: usize = 2;
/// Narrowest width to which a long word of a heading or a row name is broken.
const NARROWEST: usize = 14;

/// The widths of the columns.
pub(super) struct Layout {
    /// Width of the row names.
    names: usize,
    columns: Vec<ColumnWidths>,
    /// Whether intervals are below their numbers.
    is_stacked: bool,
}

#[derive(Clone, Copy)]
struct ColumnWidths {
    /// Width of the whole column.
    all: usize,
    /// Width of the widest number without its interval.
    value: usize,
    /// Width of the widest interval.
    interval: usize,
}

impl ColumnWidths {
    /// The widths of a column's cells.
    fn of_cells<'a>(cells: impl Iterator<Item = &'a GridCell>, is_stacked: bool) -> Self {
        let (mut value, mut interval, mut text) = (0, 0, 0);
        for cell in cells {
            match cell {
                GridCell::Number { value: number, interval: of } => {
                    value = value.max(display_width(number));
                    interval = interval.max(display_width(of));
                }
                GridCell::Text(found) => text = text.max(display_width(found)),
            }
        }
        let number = if interval > 0 && !is_stacked { value + 1 + interval } else { value.max(interval) };
        Self { all: number.max(text), value, interval }
    }
}

impl Layout {
    /// The layout with the fewest lines. Intervals are put below their numbers only in a table of few columns, whose rows are
    /// long.
    pub fn of(grid: &Grid, width: usize) -> Self {
        let candidates = [Self::candidates(grid, width, false), Self::candidates(grid, width, true)];
        let stackings = if grid.is_transposed { 2 } else { 1 };
        let cost = |layout: &Self| (!layout.fits(width), layout.lines(grid, width).len());
        // The first of several equally good ones.
        let best = candidates.into_iter().take(stackings).flatten().min_by_key(cost);
        best.unwrap_or(Self { names: 0, columns: Vec::new(), is_stacked: false })
    }

    /// The lines of the table. Columns that do not fit follow in further blocks.
    pub fn lines(&self, grid: &Grid, width: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for (index, block) in self.blocks(width).into_iter().enumerate() {
            if index > 0 {
                lines.push(String::new());
            }
            self.write(grid, block, &mut lines);
        }
        lines
    }

    /// Nothing broken, headings broken, row names broken too.
    fn candidates(grid: &Grid, width: usize, is_stacked: bool) -> [Self; 3] {
        let cells = |index| grid.rows.iter().filter_map(move |row: &GridRow| row.cells.get(index));
        let columns = |width_of: &dyn Fn(&str) -> usize| -> Vec<ColumnWidths> {
            let headings = grid.headings.iter().enumerate();
            headings
                .map(|(index, heading)| {
                    let cells = ColumnWidths::of_cells(cells(index), is_stacked);
                    ColumnWidths { all: cells.all.max(width_of(heading)), ..cells }
                })
                .collect()
        };
        let widest_name = |width_of: &dyn Fn(&str) -> usize| {
            grid.rows.iter().map(|row| row.name.as_str()).chain([grid.corner.as_str()]).map(width_of).max().unwrap_or(0)
        };
        let narrow = |text: &str| widest_word(text).min(NARROWEST);
        let (whole, broken) = (columns(&widest_line), columns(&narrow));
        let (names, shortest) = (widest_name(&widest_line), widest_name(&narrow));
        let rest: usize = broken.iter().map(|column| GAP + column.all).sum();
        let broken_names = names.min(width.saturating_sub(rest)).max(shortest);
        [
            Self { names, columns: whole, is_stacked },
            Self { names, columns: broken.clone(), is_stacked },
            Self { names: broken_names, columns: broken, is_stacked },
        ]
    }

    /// Whether the row names and any one column fit.
    fn fits(&self, width: usize) -> bool {
        self.columns.iter().all(|column| self.names + GAP + column.all <= width)
    }

    /// The columns that are printed side by side.
    fn blocks(&self, width: usize) -> Vec<Range<usize>> {
        let (mut blocks, mut start, mut used) = (Vec::new(), 0, self.names);
        for (index, column) in self.columns.iter().enumerate() {
            if index > start && used + GAP + column.all > width {
                blocks.push(start..index);
                (start, used) = (index, self.names);
            }
            used += GAP + column.all;
        }
        if start < self.columns.len() {
            blocks.push(start..self.columns.len());
        }
        blocks
    }

    fn write(&self, grid: &Grid, block: Range<usize>, lines: &mut Vec<String>) {
        let columns = self.columns.get(block.clone()).unwrap_or_default();
        let headings: Vec<Vec<String>> = (grid.headings.get(block.clone()).unwrap_or_default().iter().zip(columns))
            .map(|(heading, column)| self.heading_lines(heading, column))
            .collect();
        self.write_row(&grid.corner, &headings, columns, lines);
        for row in &grid.rows {
            match row.new_group.as_deref() {
                None => {}
                Some("") => lines.push(String::new()),
                Some(heading) => lines.extend([String::new(), heading.to_owned()]),
            }
            let cells = row.cells.get(block.clone()).unwrap_or_default().iter().zip(columns);
            let cells: Vec<Vec<String>> = cells.map(|(cell, column)| self.cell_lines(cell, column)).collect();
            self.write_row(&row.name, &cells, columns, lines);
        }
    }

    /// Writes a row name and its cells, each of which may have several lines.
    fn write_row(&self, name: &str, cells: &[Vec<String>], columns: &[ColumnWidths], lines: &mut Vec<String>) {
        let name = wrap(name, self.names);
        let line_of = |texts: &[String], line: usize| texts.get(line).cloned().unwrap_or_default();
        for line in 0..cells.iter().map(Vec::len).chain([name.len()]).max().unwrap_or(0) {
            let mut text = pad_right(&line_of(&name, line), self.names);
            for (cell, column) in cells.iter().zip(columns) {
                text += &pad_left(&line_of(cell, line), GAP + column.all);
            }
            lines.push(text);
        }
    }

    /// A heading is above the numbers, not above their intervals.
    fn heading_lines(&self, heading: &str, column: &ColumnWidths) -> Vec<String> {
        let lines = wrap(heading, column.all);
        match self.is_stacked || column.interval == 0 {
            true => lines,
            false => lines.iter().map(|line| pad_right(&pad_left(line, column.value), column.all)).collect(),
        }
    }

    /// The numbers of a column are aligned, and so are its intervals.
    fn cell_lines(&self, cell: &GridCell, column: &ColumnWidths) -> Vec<String> {
        match cell {
            GridCell::Number { value, interval } if self.is_stacked => {
                [value, interval].into_iter().filter(|text| !text.is_empty()).cloned().collect()
            }
            GridCell::Number { value, interval } if column.interval > 0 => {
                vec![format!("{} {}", pad_left(value, column.value), pad_right(interval, column.interval))]
            }
            GridCell::Number { value, .. } => vec![value.clone()],
            GridCell::Text(text) => vec![text.clone()],
        }
    }
}

fn widest_line(text: &str) -> usize {
    text.lines().map(display_width).max().unwrap_or(0)
}

fn widest_word(text: &str) -> usize {
    text.lines().flat_map(words).map(|word| display_width(word.trim_end())).max().unwrap_or(0)
}

/// The parts between which a line may be broken: names of files have no spaces.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '-', '_', '/', '+'])
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let separator = WordSeparator::Custom(|line| Box::new(words(line).map(Word::from)));
    let options = Options::new(width.max(1)).word_separator(separator).word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(|line| line.into_owned()).collect()
}

fn pad_left(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(display_width(text))))
}

fn pad_right(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(display_width(text))))
}
