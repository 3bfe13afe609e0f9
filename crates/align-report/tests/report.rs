//! Requirements of every page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sample;

use align_report::{
    ComparedText, Configuration, Entry, Error, Estimate, Figure, FigureSize, FigureWidth, Report, ReportFigure,
    SeriesColour, TextComparison, TextComparisons,
};
use base64::Engine;
use std::collections::BTreeSet;

/// A tag of the page: its name and its attributes as written.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

/// The page's opening tags. Checks that tags are closed in order. Texts contain `<` only if escaping failed, and then
/// the check fails.
fn tags(html: &str) -> Vec<Tag<'_>> {
    const VOID: [&str; 2] = ["meta", "input"];
    let (mut tags, mut open) = (Vec::new(), Vec::new());
    let body = html.strip_prefix("<!DOCTYPE html>").unwrap();
    for piece in body.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').unwrap_or_else(|| panic!("a tag without an end: {piece}"));
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed in the wrong order");
            continue;
        }
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        while !rest.is_empty() {
            let bare = rest.split([' ', '=']).next().unwrap();
            match rest[bare.len()..].strip_prefix("=\"") {
                Some(value) => {
                    let (value, after) = value.split_once('"').unwrap_or_else(|| panic!("no end of {bare} in {tag}"));
                    attributes.push((bare, value));
                    rest = after.trim_start();
                }
                None => {
                    attributes.push((bare, ""));
                    rest = rest[bare.len()..].trim_start();
                }
            }
        }
        if !VOID.contains(&name) {
            open.push(name);
        }
        tags.push(Tag { name, attributes });
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    tags
}

fn check(html: &str) {
    let known: BTreeSet<&str> =
        "html head meta title style body fieldset legend input label div header h1 p nav ol li a main section \
                                 h2 h3 ul figure figcaption b span table thead tbody tr th td details summary bdi \
                                 svg desc rect line text path circle g"
            .split_whitespace()
            .collect();
    let mut ids = BTreeSet::new();
    let mut anchors = Vec::new();
    for tag in tags(html) {
        assert!(known.contains(tag.name), "a tag that is not ours: {:?}", tag.name);
        for (name, value) in tag.attributes {
            assert!(!name.starts_with("on"), "a handler: {name}");
            match name {
                "id" => assert!(ids.insert(value), "twice: id {value:?}"),
                "href" => match value.strip_prefix('#') {
                    Some(anchor) => anchors.push(anchor),
                    None => assert!(value.starts_with("data:image/svg+xml;base64,"), "{value:.80}"),
                },
                "aria-labelledby" | "for" => anchors.push(value),
                "src" | "srcset" | "xlink:href" | "action" | "style" => panic!("an attribute that must not be: {name}"),
                "xmlns" => assert_eq!(value, "http://www.w3.org/2000/svg"),
                _ => {}
            }
        }
    }
    for anchor in anchors {
        assert!(ids.contains(anchor), "a link to nothing: {anchor:?}");
    }
    let style = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    assert!(!style.contains("url(") && !style.contains("@import"), "the style sheet asks for something");
    let is_steering = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}');
    assert!(!html.chars().any(is_steering), "characters that steer");
}

#[test]
fn a_sweep_gives_a_valid_page() {
    let html = sample::report().to_html().unwrap();
    check(&html);
    assert!(html.contains("Content-Security-Policy") && html.contains("default-src 'none'"));
    // Wide elements scroll in their own boxes.
    let boxes = html.matches("<div class=\"scroll\"").count();
    assert_eq!(boxes, html.matches("<table").count());
    assert!(html.contains(".scroll { overflow-x: auto;"));
    assert_eq!(html.matches("<details").count(), 47);
    assert!(html.len() < 1_500_000, "{} bytes", html.len());
}

#[test]
fn each_figure_of_the_page_is_well_formed() {
    let html = sample::report().to_html().unwrap();
    let mut count = 0;
    for piece in html.split("<svg ").skip(1) {
        let (svg, _) = piece.split_once("</svg>").unwrap();
        roxmltree::Document::parse(&format!("<svg {svg}</svg>")).unwrap();
        count += 1;
    }
    // Three figures of full width, each in two layouts, and six of half width.
    assert_eq!(count, 3 * 2 + 6);
}

#[test]
fn the_saved_file_is_the_figure() {
    let report = sample::report();
    let html = report.to_html().unwrap();
    let links: Vec<&str> =
        html.split("data:image/svg+xml;base64,").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(links.len(), 9);
    let saved = String::from_utf8(base64::prelude::BASE64_STANDARD.decode(links[0]).unwrap()).unwrap();
    let drawn = report.figures[0].figure.draw(FigureSize { width: 780, height: 460 }).unwrap();
    assert_eq!(saved, drawn.svg());
}

#[test]
fn every_part_is_optional() {
    let whole = serde_json::to_value(sample::report()).unwrap();
    for part in whole.as_object().unwrap().keys() {
        let one = serde_json::json!({ part: whole[part].clone() });
        let report: Report = serde_json::from_value(one).unwrap();
        let html = report.to_html().unwrap();
        check(&html);
        let sections = usize::from(!["title", "subtitle"].contains(&part.as_str()));
        assert_eq!(html.matches("<section").count(), sections, "{part}");
    }
}

#[test]
fn a_report_round_trips_through_json_and_is_deterministic() {
    let report = sample::report();
    let read: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(report.to_html().unwrap(), sample::report().to_html().unwrap());
    assert_eq!(read.to_html().unwrap(), report.to_html().unwrap());
}

/// Texts that a model might generate, or that might break out of an element, attribute, title, style sheet or comment.
const HOSTILE: &str = "</p></title></style></svg>--><script>alert(1)</script>\" onload=\"alert(1)' \
                       <img src=x onerror=alert(1)> \
                       &lt; \0\u{1}\u{8}\u{1b}[31m\u{7f}\u{85}\u{202e}\u{2066}\u{fffe} ]]>";

#[test]
fn malicious_texts_are_shown_literally() {
    // Replaces every string of a report.
    fn poison(value: &mut serde_json::Value, path: &str) {
        const NAMES: [&str; 7] = ["scale", "height", "better", "width", "colour", "pareto/x", "pareto/y"];
        match value {
            serde_json::Value::String(text) if text == "missing" || NAMES.iter().any(|name| path.ends_with(name)) => {}
            serde_json::Value::String(text) => HOSTILE.clone_into(text),
            serde_json::Value::Array(values) => values.iter_mut().for_each(|value| poison(value, path)),
            serde_json::Value::Object(fields) => {
                fields.iter_mut().for_each(|(name, value)| poison(value, &format!("{path}/{name}")));
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(sample::report()).unwrap();
    poison(&mut value, "");
    let report: Report = serde_json::from_value(value).unwrap();
    assert_eq!(report.texts[0].rows[0].after.text, HOSTILE);
    let html = report.to_html().unwrap();
    check(&html);
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;alert(1)'"));
    assert!(html.contains("\\u{0}\\u{1}\\u{8}\\u{1b}[31m\\u{7f}\\u{85}\\u{202e}\\u{2066}\\u{fffe}"));
    let drawing = report.figures[0].figure.draw(FigureSize::default()).unwrap();
    let document = roxmltree::Document::parse(drawing.svg()).unwrap();
    assert!(!document.descendants().any(|node| node.has_tag_name("script")));
}

#[test]
fn the_prompt_is_marked_in_a_text() {
    let text = |text: &str| ComparedText { text: text.to_owned(), reward: None };
    let row = |prompt: &str, before: &str| TextComparison {
        prompt: prompt.to_owned(),
        before: text(before),
        after: text("x"),
    };
    let report = |row| Report {
        texts: vec![TextComparisons {
            caption: String::new(),
            before: "SFT".to_owned(),
            after: "DPO".to_owned(),
            rows: vec![row],
        }],
        ..Report::default()
    };
    let html = report(row("This <movie", "This <movie was")).to_html().unwrap();
    assert!(html.contains("<span class=\"prompt\">This &lt;movie</span> was</p>"));
    assert!(!report(row("This movie", "A film")).to_html().unwrap().contains("<span class=\"prompt\">"));
    // Only texts with rewards have numbers beside them.
    let with_rewards = |before, after| {
        let mut row = row("This movie", "A film");
        (row.before.reward, row.after.reward) = (before, after);
        report(row).to_html()
    };
    for (before, after, shown) in [(Some(0.5), Some(0.75), true), (None, None, false), (Some(0.5), None, false)] {
        let html = with_rewards(before, after).unwrap();
        assert_eq!(html.contains("<span class=\"rewards\">"), shown);
        assert_eq!(html.contains("that of"), shown);
    }
    assert!(with_rewards(None, Some(f64::NAN)).is_err());
}

#[test]
fn files_are_written_atomically_and_only_overwritten_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let report = Report { title: "One".to_owned(), ..Report::default() };
    let path = folder.path().join("new/report.html");
    report.write(&path, false).unwrap();
    let other = Report { title: "Other".to_owned(), ..Report::default() };
    assert!(matches!(other.write(&path, false), Err(Error::Exists { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), report.to_html().unwrap());
    other.write(&path, true).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), other.to_html().unwrap());

    let figure = Figure::from(sample::rewards("hinge", 1.0)).draw(FigureSize::default()).unwrap();
    let (svg, png) = (folder.path().join("new/a.svg"), folder.path().join("new/a.png"));
    figure.write_svg(&svg, false).unwrap();
    figure.write_png(&png, 96, false).unwrap();
    assert!(matches!(figure.write_svg(&svg, false), Err(Error::Exists { .. })));
    assert!(matches!(figure.write_png(&png, 96, false), Err(Error::Exists { .. })));
    assert_eq!(std::fs::read_to_string(&svg).unwrap(), figure.svg());
    assert_eq!(std::fs::read(&png).unwrap(), figure.png(96).unwrap());

    // A failed report leaves no files, and a file in place of a folder is named.
    let mut broken = sample::report();
    broken.tables[0].rows[0].cells[0] = align_report::Cell::Number(Estimate::exact(f64::NAN));
    let nothing = folder.path().join("new/nothing.html");
    assert!(broken.write(&nothing, true).is_err() && !nothing.exists());
    let message = report.write(&svg.join("report.html"), false).unwrap_err().to_string();
    assert!(message.contains("a.svg/report.html: cannot be written"), "{message}");
    let names: BTreeSet<_> =
        std::fs::read_dir(folder.path().join("new")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["a.png", "a.svg", "report.html"].map(Into::into).into());
}

#[test]
fn configuration_and_versions_are_shown_unchanged() {
    let report = Report {
        configuration: vec![Configuration {
            title: String::new(),
            entries: vec![Entry::new("beta", "0.1  # two  spaces")],
        }],
        versions: vec![Entry::new("align", "0.1.0")],
        ..Report::default()
    };
    let html = report.to_html().unwrap();
    assert!(html.contains("<th scope=\"row\">beta</th><td>0.1  # two  spaces</td>"));
    assert!(html.contains("<th scope=\"row\">align</th><td>0.1.0</td>"));
}

/// The colour classes of all elements of a page's figures with this word in their tooltip, such as `series-1`.
fn colours(html: &str, word: &str) -> BTreeSet<String> {
    let groups = html.split("<g>").filter_map(|rest| Some(rest.split_once("</g>")?.0)).filter(|group| {
        let title = group.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
        title.is_some_and(|(title, _)| title.contains(word))
    });
    let class =
        |group: &str| Some(group.split_once("fill-series-")?.1.chars().take_while(char::is_ascii_digit).collect());
    groups.filter_map(class).collect()
}

#[test]
fn a_loss_has_one_colour_in_all_figures_of_a_page() {
    let mut report = sample::report();
    // The sweep begins with sigmoid, the histograms with hinge, and their names have a beta.
    let coloured = |loss: &str| {
        let mut histogram = sample::rewards(&format!("{loss}, β = 0.05"), 1.9);
        histogram.groups[1].colour = SeriesColour::NameOf(loss.to_owned());
        ReportFigure { figure: histogram.into(), caption: String::new(), width: FigureWidth::Half }
    };
    report.rewards = vec![coloured("hinge"), coloured("sigmoid")];
    let html = report.to_html().unwrap();
    let (sigmoid, hinge) = (colours(&html, "sigmoid, "), colours(&html, "hinge, "));
    assert!(sigmoid.len() == 1 && hinge.len() == 1 && sigmoid != hinge, "{sigmoid:?} {hinge:?}");
    // The model before training has the colour of text in all figures.
    assert!(html.contains("<title>baseline, SFT: ") && html.contains("<title>SFT (n = 460"));
    assert_eq!((colours(&html, "baseline, SFT"), colours(&html, "SFT (n =")), Default::default());
}

#[test]
fn captions_say_what_intervals_and_bold_numbers_mean() {
    let html = sample::report().to_html().unwrap();
    assert!(html.contains("±: half the width of the 95% interval."));
    assert!(html.contains("Bold: the best value of the column, if its interval overlaps with no other."));
    assert!(html.contains("In brackets: the 95% interval."));
    let mut report = sample::report();
    // The second table has no intervals.
    report.tables.remove(0);
    let html = report.to_html().unwrap();
    assert!(!html.contains("interval."), "a remark without an interval");
}

#[test]
fn the_first_finding_leads_and_an_empty_section_says_why() {
    let statements =
        ["No two losses could be told apart.", "β = 0.1 has the highest reward."].map(str::to_owned).to_vec();
    let report = Report { statements, training_note: "No step was logged.".to_owned(), ..Report::default() };
    let html = report.to_html().unwrap();
    assert!(html.contains("<p class=\"lead\">No two losses could be told apart.</p><ul><li>β = 0.1"), "{html}");
    assert!(html.contains("<h2>Training</h2><p class=\"remark\">No step was logged.</p>"), "{html}");
}

#[test]
fn negative_numbers_have_a_minus_sign() {
    let html = sample::report().to_html().unwrap();
    let (_, body) = html.split_once("<body>").unwrap();
    let texts = body.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text);
    let has_hyphen = |text: &&str| {
        text.as_bytes().windows(2).enumerate().any(|(at, pair)| {
            let starts = at == 0 || matches!(text.as_bytes()[at - 1], b' ' | b'(' | b'[' | b'e');
            starts && pair[0] == b'-' && pair[1].is_ascii_digit()
        })
    };
    let options = ["1e-5"];
    let found: Vec<&str> = texts.filter(has_hyphen).filter(|text| !options.contains(text)).collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(html.contains("−"));
}
