//! Texts that were chosen for prompts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_report::{ChosenText, Report, TextChoice, TextChoices};

#[test]
fn chosen_texts_are_side_by_side() {
    let chosen = |chosen_by: &str, text: &str, remark: &str| ChosenText {
        chosen_by: chosen_by.to_owned(),
        text: text.to_owned(),
        remark: remark.to_owned(),
    };
    let texts = vec![chosen("borda, <nash>", "This movie was", "safe 0.5"), chosen("schulze", "A film", "")];
    let rows = vec![TextChoice { prompt: "This movie".to_owned(), texts }];
    let report = Report { choices: vec![TextChoices { caption: "Two rules.".to_owned(), rows }], ..Report::default() };
    let html = report.to_html().unwrap();
    for part in [
        "<h2>Choices</h2><div class=\"comparisons\"><p>Two rules.</p><details open>",
        "<p class=\"model\">borda, &lt;nash&gt;</p>",
        "<span class=\"prompt\">This movie</span> was</p><p class=\"remark\">safe 0.5</p>",
        "<p class=\"text\" dir=\"auto\">A film</p></div>",
    ] {
        assert!(html.contains(part), "{html}\nlacks {part}");
    }
    assert!(!Report::default().to_html().unwrap().contains("Choices"));
}
