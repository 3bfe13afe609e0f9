//! Colours of the series: the Okabe–Ito palette, which is safe for colour-blind readers. Line styles and markers
//! distinguish the series in black and white.

/// A colour role. Style sheets of a page may override the colour of its class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ink {
    Text,
    Muted,
    Grid,
    Paper,
    Series(usize),
    /// The text colour of a series. Text needs more contrast than markers.
    SeriesText(usize),
}

/// Series colours on a white background.
pub(crate) const ON_LIGHT: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4a4a4a"];

/// Text colours of the series on a white background.
pub(crate) const TEXT_ON_LIGHT: [&str; 7] =
    ["#005f96", "#a84a00", "#007353", "#8f4069", "#8a5f00", "#1f6f9f", "#4a4a4a"];

/// Series colours on a dark background, for markers and text.
pub(crate) const ON_DARK: [&str; 7] = ["#4a98e8", "#ee7733", "#2bc79a", "#e48fc4", "#f2ce5b", "#a5dfff", "#858585"];

impl Ink {
    /// The suffix of its CSS class.
    pub(crate) fn class(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Muted => "muted".to_owned(),
            Self::Grid => "grid".to_owned(),
            Self::Paper => "paper".to_owned(),
            Self::Series(number) => format!("series-{}", number % ON_LIGHT.len()),
            Self::SeriesText(number) => format!("letters-{}", number % ON_LIGHT.len()),
        }
    }

    /// The colour in print.
    pub(crate) fn colour(self) -> &'static str {
        match self {
            Self::Text => "#1a1a1a",
            Self::Muted => "#595959",
            Self::Grid => "#e4e4e4",
            Self::Paper => "#ffffff",
            Self::Series(number) => ON_LIGHT.get(number % ON_LIGHT.len()).copied().unwrap_or("#1a1a1a"),
            Self::SeriesText(number) => TEXT_ON_LIGHT.get(number % TEXT_ON_LIGHT.len()).copied().unwrap_or("#1a1a1a"),
        }
    }
}

/// The dash pattern of a line with hollow markers.
pub(crate) const DOTS: &str = "1.5 3.5";

/// The dash pattern of a series' line in pixels; the first series is solid.
pub(crate) fn dashes(series: usize) -> &'static str {
    match series % 5 {
        0 => "none",
        1 => "7 3",
        2 => "2.5 2.5",
        3 => "9 3 2 3",
        _ => "12 4",
    }
}

#[cfg(test)]
mod tests {
    use super::{ON_DARK, ON_LIGHT, TEXT_ON_LIGHT};
    use crate::figure::heat_map::STRONGEST;

    /// Linear-light red, green and blue of `#rrggbb`, from 0 to 1 (IEC 61966-2-1).
    fn linear(colour: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap_or(0)) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// The contrast ratio of the Web Content Accessibility Guidelines 2.2.
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |colour| {
            let [red, green, blue] = linear(colour);
            0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05
        };
        let (one, other) = (luminance(one), luminance(other));
        one.max(other) / one.min(other)
    }

    /// CIE L*a*b* of a linear-light colour, with white point D65.
    fn lab([red, green, blue]: [f64; 3]) -> [f64; 3] {
        let bend = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let x = bend((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.950_47);
        let y = bend(0.2126 * red + 0.7152 * green + 0.0722 * blue);
        let z = bend((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.088_83);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// Normal vision, deuteranopia and protanopia: the matrices of Machado, Oliveira and Fernandes (2009) at severity
    /// 1.
    const COLOUR_VISION: [[[f64; 3]; 3]; 3] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    ];

    #[test]
    fn colours_have_enough_contrast() {
        for colour in &ON_LIGHT[..4] {
            assert!(contrast(colour, "#ffffff") >= 3.0, "{colour}");
        }
        for colour in TEXT_ON_LIGHT {
            assert!(contrast(colour, "#ffffff") >= 4.5, "{colour}");
        }
        for colour in ON_DARK {
            assert!(contrast(colour, "#17181b") >= 4.5, "{colour}");
        }
    }

    #[test]
    fn numbers_are_legible_on_every_colour_of_a_heat_map() {
        let blend = |colour: &str, page: &str| {
            let part = |text: &str, at: usize| f64::from(u8::from_str_radix(&text[at..at + 2], 16).unwrap_or(0));
            let mixed =
                [1, 3, 5].map(|at| (STRONGEST * part(colour, at) + (1.0 - STRONGEST) * part(page, at)).round() as u8);
            format!("#{:02x}{:02x}{:02x}", mixed[0], mixed[1], mixed[2])
        };
        // The colours of text and page in report.css.
        for (colours, text, page) in [(ON_LIGHT, "#1a1a1a", "#ffffff"), (ON_DARK, "#e5e3de", "#17181b")] {
            let strongest = blend(colours[0], page);
            assert!(contrast(&strongest, text) >= 4.5, "{strongest}: {}", contrast(&strongest, text));
            assert!(contrast(&strongest, page) >= 2.0, "{strongest}: {}", contrast(&strongest, page));
        }
    }

    #[test]
    fn colours_differ_for_colour_blind_readers() {
        for palette in [ON_LIGHT, ON_DARK] {
            for eye in COLOUR_VISION {
                let seen = palette.map(|colour| {
                    let light = linear(colour);
                    let see = |row: [f64; 3]| row.iter().zip(light).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0);
                    lab(eye.map(see))
                });
                for (i, one) in seen.iter().enumerate() {
                    for (j, other) in seen.iter().enumerate().skip(i + 1) {
                        let distance = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                        assert!(distance > 15.0, "{} and {}: {distance}", palette[i], palette[j]);
                    }
                }
            }
        }
    }
}
