//! The colour, marker and dashes of a series. Series of one name look the same in all figures of a page.

use super::palette::{DOTS, Ink, dashes};
use serde::{Deserialize, Serialize};

/// What a series takes its colour, marker and dashes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesColour {
    /// Its own name.
    #[default]
    OwnName,
    /// Another name, such as the loss of a training run.
    NameOf(String),
    /// The model before training, which is drawn in the colour of text, with a star.
    Baseline,
}

impl SeriesColour {
    /// The name that decides; none for the baseline.
    pub(super) fn key<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        match self {
            Self::OwnName => Some(name),
            Self::NameOf(other) => Some(other),
            Self::Baseline => None,
        }
    }
}

/// The place of each name in the palette, in the order in which names occur in the figures of a page.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct SeriesOrder {
    names: Vec<String>,
}

impl SeriesOrder {
    /// The order of the names that decide, as [`Figure::series_keys`](super::Figure::series_keys) lists them.
    pub(crate) fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names: Vec<String> = Vec::new();
        for key in keys {
            if !names.iter().any(|name| name == key) {
                names.push(key.to_owned());
            }
        }
        Self { names }
    }

    /// The style of a series.
    pub(crate) fn style(&self, name: &str, colour: &SeriesColour) -> SeriesStyle {
        let number = |key: &str| self.names.iter().position(|name| name == key).unwrap_or(self.names.len());
        SeriesStyle { number: colour.key(name).map(number) }
    }
}

/// The style of a series, which is a place in the palette or that of the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeriesStyle {
    number: Option<usize>,
}

impl SeriesStyle {
    pub(crate) const BASELINE: Self = Self { number: None };

    /// The place in the palette; none for the baseline.
    pub(crate) fn number(self) -> Option<usize> {
        self.number
    }

    /// The colour of lines and markers.
    pub(crate) fn ink(self) -> Ink {
        self.number.map_or(Ink::Text, Ink::Series)
    }

    /// The colour of text.
    pub(crate) fn text_ink(self) -> Ink {
        self.number.map_or(Ink::Text, Ink::SeriesText)
    }

    /// The dashes of its line. A line with hollow markers is dotted.
    pub(crate) fn dashes(self, hollow: bool) -> &'static str {
        if hollow { DOTS } else { dashes(self.number.unwrap_or(0)) }
    }
}
