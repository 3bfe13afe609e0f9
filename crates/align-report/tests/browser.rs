//! Tests the page in Chromium, if available (`ALIGN_CHROMIUM`, or `chromium` on `PATH`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sample;

use align_report::Report;
use maud::html;
use serde::Deserialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Widths of a small phone, a phone, a tablet and a desktop in CSS pixels.
const WIDTHS: [u32; 4] = [320, 400, 800, 1400];

/// Widths at which the tables of the unchanged report fit without being scrolled.
const FITTING: [u32; 2] = [400, 1400];

/// Measurements of the page at one width.
#[derive(Debug, Deserialize)]
struct Found {
    width: f64,
    scroll_width: f64,
    is_dark: bool,
    background: String,
    background_by_switch: [String; 2],
    requests: usize,
    scrolled_tables: usize,
    pictures: usize,
    texts: usize,
    problems: Vec<String>,
}

/// Measures the page in each frame. Glyphs are lower than their line box, so boxes are shrunk by a sixth at the top and
/// the bottom before comparison.
const MEASURE: &str = r#"
function box(text) {
    const { left, top, right, bottom } = text.getBoundingClientRect();
    const turned = text.hasAttribute('transform');
    const [x, y] = turned ? [(right - left) / 6, 0] : [0, (bottom - top) / 6];
    return { words: text.textContent, left: left + x, right: right - x, top: top + y, bottom: bottom - y };
}
function overlaps(a, b) {
    return a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
}
function inspect(frame) {
    const page = frame.contentWindow, root = page.document.documentElement, problems = [];
    const shown = [...page.document.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width > 0);
    let texts = 0;
    for (const svg of shown) {
        const picture = svg.getBoundingClientRect(), boxes = [...svg.querySelectorAll('text')].map(box);
        texts += boxes.length;
        boxes.forEach((one, i) => {
            const inside = one.left >= picture.left - 1 && one.right <= picture.right + 1
                && one.top >= picture.top - 1 && one.bottom <= picture.bottom + 1;
            if (!inside) problems.push(`${one.words} leaves its picture`);
            const covered = boxes.slice(i + 1).filter(other => overlaps(one, other));
            problems.push(...covered.map(other => `${one.words} on ${other.words}`));
        });
    }
    const background = () => page.getComputedStyle(root).backgroundColor;
    const found = {
        width: page.innerWidth, scroll_width: root.scrollWidth, background: background(),
        is_dark: page.matchMedia('(prefers-color-scheme: dark)').matches,
        scrolled_tables: [...page.document.querySelectorAll('.table .scroll')]
            .filter(box => box.scrollWidth > box.clientWidth).length,
        requests: page.performance.getEntriesByType('resource').length, pictures: shown.length, texts, problems,
    };
    found.background_by_switch = ['light', 'dark'].map(scheme => {
        page.document.getElementById('scheme-' + scheme).click();
        return background();
    });
    return found;
}
addEventListener('load', () => {
    const found = [...document.querySelectorAll('iframe')].map(inspect);
    document.getElementById('found').textContent = JSON.stringify(found);
});
"#;

/// Path of the browser, if available.
fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ALIGN_CHROMIUM") {
        assert!(Path::new(&named).is_file(), "ALIGN_CHROMIUM is {named:?}, which is no file");
        return Some(named.into());
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).map(|folder| folder.join("chromium")).find(|path| path.is_file())
}

/// The report with a word of 400 letters, which fits on no line, in every text.
fn with_long_words(mut report: Report) -> Report {
    let word = "unbreakable".repeat(40);
    for text in [&mut report.title, &mut report.subtitle, &mut report.summary, &mut report.tables[0].caption] {
        *text = format!("{text} {word}");
    }
    report.statements.push(word.clone());
    report.tables[0].rows[1].name.clone_from(&word);
    report.figures[0].caption.clone_from(&word);
    report.configuration[0].title.clone_from(&word);
    report.configuration[0].entries[0].value.clone_from(&word);
    let texts = &mut report.texts[0];
    let row = &mut texts.rows[0];
    for text in [&mut texts.caption, &mut texts.before, &mut row.prompt, &mut row.before.text] {
        text.clone_from(&word);
    }
    texts.rows[1].after.text.push_str(&word);
    report
}

/// Loads a file in one of the colour schemes and returns the resulting document.
fn dump(browser: &Path, folder: &Path, page: &Path, scheme: &str) -> String {
    let output = folder.join("dump.html");
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--dump-dom"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1500,1000",
        ])
        .arg(format!("--user-data-dir={}", folder.join(format!("profile-{scheme}")).display()))
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(format!("file://{}", page.display()))
        .stdout(std::fs::File::create(&output).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(180) {
            child.kill().unwrap();
            panic!("the browser took more than 3 minutes");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::read_to_string(output).unwrap()
}

#[test]
fn the_page_fits_and_no_labels_overlap() {
    let Some(browser) = chromium() else {
        // Written directly to standard error, which the test harness does not capture.
        writeln!(std::io::stderr(), "\nskipped: no Chromium found; set ALIGN_CHROMIUM to check pages in a browser")
            .unwrap();
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let report = with_long_words(sample::report()).to_html().unwrap();
    let plain = sample::report().to_html().unwrap();
    let frames = html! {
        meta charset="utf-8";
        meta name="color-scheme" content="light dark";
        @for width in WIDTHS { iframe width=(width) height="900" style="border:0" srcdoc=(report) {} }
        @for width in FITTING { iframe width=(width) height="900" style="border:0" srcdoc=(plain) {} }
        pre id="found" {}
        script { (maud::PreEscaped(MEASURE)) }
    };
    let page = folder.path().join("page.html");
    std::fs::write(&page, format!("<!DOCTYPE html>{}", frames.0)).unwrap();

    let mut backgrounds = Vec::new();
    for (scheme, is_dark) in [("1", false), ("0", true)] {
        let dump = dump(&browser, folder.path(), &page, scheme);
        let found = dump.rsplit_once("<pre id=\"found\">").and_then(|(_, rest)| rest.split_once("</pre>")).unwrap().0;
        let found = found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let found: Vec<Found> = serde_json::from_str(&found).unwrap_or_else(|e| panic!("{e}: {found}"));
        assert_eq!(found.len(), WIDTHS.len() + FITTING.len());
        for found in found.iter().skip(WIDTHS.len()) {
            assert_eq!(found.scrolled_tables, 0, "cut at {} pixels", found.width);
        }
        for (found, width) in found.into_iter().zip(WIDTHS.into_iter().chain(FITTING)) {
            assert_eq!(found.width, f64::from(width));
            assert!(found.scroll_width <= found.width, "wider than the page: {found:?}");
            assert_eq!(found.is_dark, is_dark, "{found:?}");
            // Figures of full width have two layouts, of which one is visible.
            assert_eq!(found.pictures, 9, "{found:?}");
            assert!(found.texts > 200, "{found:?}");
            assert_eq!(found.problems, <[String; 0]>::default(), "at {width} pixels");
            assert_eq!(found.requests, 0, "{found:?}");
            assert_eq!(found.background, found.background_by_switch[usize::from(is_dark)]);
            assert_ne!(found.background_by_switch[0], found.background_by_switch[1]);
            backgrounds.push(found.background);
        }
    }
    assert_ne!(backgrounds.first(), backgrounds.last());
}
