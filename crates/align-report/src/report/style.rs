use crate::figure::{LETTERS_ON_LIGHT, ON_DARK, ON_LIGHT};
use std::fmt::Write;

/// The page's style sheet: the file beside this one, and the colours of the figures' series.
pub(super) fn style() -> String {
    let mut style = include_str!("report.css").to_owned();
    let mut light = String::new();
    let mut adaptive = String::new();
    let mut rules = String::new();
    for (i, ((mark, letters), dark)) in ON_LIGHT.iter().zip(LETTERS_ON_LIGHT).zip(ON_DARK).enumerate() {
        // Writing to a string never fails.
        let _ = write!(light, "--series-{i}:{mark};--letters-{i}:{letters};");
        let _ = write!(adaptive, "--series-{i}:light-dark({mark},{dark});--letters-{i}:light-dark({letters},{dark});");
        let _ = write!(rules, ".drawing .fill-series-{i}{{fill:var(--series-{i})}}");
        let _ = write!(rules, ".drawing .stroke-series-{i}{{stroke:var(--series-{i})}}");
        let _ = write!(rules, ".drawing .fill-letters-{i}{{fill:var(--letters-{i})}}");
    }
    let _ = write!(style, ":root{{{light}}}@supports (color:light-dark(red,red)){{:root{{{adaptive}}}}}{rules}");
    style
}
