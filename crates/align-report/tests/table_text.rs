//! Tables as text of a limited width.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use align_report::{Cell, Column, Estimate, Row, Table};

const METRICS: [(&str, &str); 6] = [
    ("Mean reward", "logit"),
    ("Token entropy", "nats"),
    ("Miller-Madow corrected", "nats"),
    ("Chao-Wang-Jost corrected", "nats"),
    ("Notebook's entropy", "nats"),
    ("Reward, held-out prompts", "logit"),
];

/// A table with a number in every cell that is in no other cell.
fn table(rows: &[&str], columns: usize) -> Table {
    let row = |(index, name): (usize, &&str)| Row {
        name: (*name).to_owned(),
        group: String::new(),
        cells: (0..columns)
            .map(|column| {
                let value = (100 + 10 * index + column) as f64 / 8.0;
                Cell::Number(Estimate::new(value, value - 0.125, value + 0.125))
            })
            .collect(),
    };
    Table {
        caption: "Means over 230 texts per model with equal sample sizes; 95% bootstrap intervals over texts."
            .to_owned(),
        row_title: "Model".to_owned(),
        columns: METRICS.iter().take(columns).map(|(title, unit)| Column::new(*title, *unit)).collect(),
        rows: rows.iter().enumerate().map(row).collect(),
    }
}

fn widest(text: &str) -> usize {
    text.lines().map(textwrap::core::display_width).max().unwrap()
}

const MANY: [&str; 8] = [
    "SFT",
    "sigmoid, β 0.1",
    "sigmoid+js_divergence, β 0.03",
    "sigmoid+js_divergence, β 3",
    "hinge, β 1",
    "ipo, β 0.3",
    "texts-of-the-model-after-three-epochs-with-a-small-learning-rate-scored.csv",
    "文章.csv",
];

#[test]
fn no_line_is_wider_than_asked_for_and_no_number_is_lost() {
    for rows in [&MANY[..1], &MANY[..3], &MANY[6..], &MANY] {
        let table = table(rows, METRICS.len());
        for width in [40, 80, 160] {
            let text = table.to_text(width);
            assert!(widest(&text) <= width, "{} of {width}:\n{text}", widest(&text));
            for index in 0..rows.len() {
                for column in 0..METRICS.len() {
                    let number = format!("{:.2}", (100 + 10 * index + column) as f64 / 8.0);
                    assert_eq!(text.matches(&number).count(), 1, "{number} at {width}:\n{text}");
                }
            }
            assert_eq!(text.matches("± 0.12").count(), rows.len() * METRICS.len(), "{text}");
        }
    }
}

#[test]
fn long_names_are_broken_but_keep_all_their_letters() {
    let table = table(&MANY[6..7], 2);
    let heading = |text: String| {
        let lines = text.lines().skip_while(|line| !line.is_empty()).take_while(|line| !line.contains('±'));
        lines.map(|line| line.trim().trim_start_matches("Mean reward,")).collect::<String>().replace(' ', "")
    };
    for width in [40, 80, 160] {
        assert!(heading(table.to_text(width)).contains(MANY[6]), "{}", table.to_text(width));
    }
}

#[test]
fn the_name_of_a_group_is_printed_once() {
    let mut table = table(&MANY[..6], 2);
    table.rows[2..4].iter_mut().for_each(|row| row.group = "sigmoid+js_divergence".to_owned());
    let text = table.to_text(80);
    assert_eq!(text.matches("sigmoid+js_divergence").count(), 1, "{text}");
    assert!(text.contains("\n\nsigmoid+js_divergence\n  β 0.03") && text.contains("\n  β 3 "), "{text}");
}

#[test]
fn intervals_go_below_the_numbers_if_all_columns_fit_then() {
    let text = table(&["SFT", "hinge", "sigmoid"], 6).to_text(46);
    assert_eq!(text.lines().filter(|line| line.starts_with("Mean reward")).count(), 1, "{text}");
    let line = text.lines().find(|line| line.starts_with("Mean reward")).unwrap();
    let numbers = line.split_whitespace().filter(|word| word.contains('.'));
    assert_eq!(numbers.collect::<Vec<_>>(), ["12.50", "13.75", "15.00"], "{text}");
    assert!(!line.contains('±') && widest(&text) <= 46, "{text}");
}

#[test]
fn the_caption_states_the_level_of_the_intervals_once() {
    let mut table = table(&MANY[..2], 1);
    assert!(table.to_text(160).contains("95% bootstrap intervals over texts. ±: half the width of the interval.\n"));
    table.caption = "Means.".to_owned();
    assert!(table.to_text(160).starts_with("Means. ±: half the width of the 95% interval.\n"));
}

#[test]
fn few_rows_become_columns() {
    let text = table(&["SFT", "hinge", "sigmoid"], 6).to_text(80);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[3].trim_start().starts_with("SFT") && lines[3].ends_with("sigmoid"), "{text}");
    assert_eq!(
        lines[4].split_whitespace().take(6).collect::<Vec<_>>(),
        ["Mean", "reward,", "logit", "12.50", "±", "0.12"]
    );
    // The numbers of a column are aligned.
    let places: Vec<Option<usize>> = lines[4..].iter().map(|line| line.find('±')).collect();
    assert!(places.iter().all(|place| *place == places[0]), "{text}");
}

#[test]
fn columns_that_do_not_fit_continue_below() {
    let text = table(&MANY, 4).to_text(60);
    assert_eq!(text.lines().filter(|line| line.starts_with("SFT ")).count(), 2, "{text}");
    let wide = table(&MANY[..5], 4).to_text(160);
    assert_eq!(wide.lines().filter(|line| line.starts_with("SFT ")).count(), 1, "{wide}");
    let table = wide.split_once("\n\n").unwrap().1;
    assert!(widest(table) < 110, "no wider than necessary:\n{wide}");
}

#[test]
fn other_cells_are_shown_too() {
    let mut table = table(&["a", "b", "c"], 3);
    table.rows[0].cells = vec![Cell::Text("no scores".to_owned()), Cell::Missing, Cell::Number(Estimate::exact(2.0))];
    table.rows[1].group = "other".to_owned();
    table.caption = String::new();
    let text = table.to_text(80);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with('±') && lines[2].starts_with("Model"), "{text}");
    assert!(
        lines.iter().any(|line| line.starts_with("a ") && line.contains("no scores") && line.contains('–')),
        "{text}"
    );
    assert!(lines[3..].contains(&""), "a blank line separates groups:\n{text}");
    // Control characters would control the terminal.
    table.rows[0].name = "\u{1b}[31m".to_owned();
    assert!(!table.to_text(80).contains('\u{1b}'));
}
