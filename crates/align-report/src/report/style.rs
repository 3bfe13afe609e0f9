use crate::figure::{ON_DARK, ON_LIGHT, TEXT_ON_LIGHT};
use std::fmt::Write;

/// The style sheet: `report.css` and the series colours.
pub(super) fn style() -> String {
    let mut style = include_str!("report.css").to_owned();
    let mut light = String::new();
    let mut adaptive = String::new();
    let mut rules = String::new();
    for (i, ((mark, letters), dark)) in ON_LIGHT.iter().zip(TEXT_ON_LIGHT).zip(ON_DARK).enumerate() {
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
