//! The language of a text.

use crate::row::Turn;
use whatlang::{Lang, Script};

/// Most bytes of a text that are looked at.
const LOOKED_AT: usize = 600;

/// Fewest letters of a text whose language is told. Of shorter texts only the script is.
const FEWEST_LETTERS: usize = 60;

/// The smallest lead of the language over the next one, as whatlang measures it.
const CONFIDENCE: f64 = 0.95;

/// What is known about the language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spoken {
    script: Script,
    language: Option<Lang>,
}

impl Spoken {
    /// Looks at the first turn with a text.
    pub fn of(turns: &[Turn]) -> Option<Self> {
        let text = turns.iter().map(|turn| turn.text.trim()).find(|text| !text.is_empty())?;
        let text = text.get(..text.floor_char_boundary(LOOKED_AT)).unwrap_or_default();
        let info = whatlang::detect(text)?;
        let letters = text.chars().filter(|character| character.is_alphabetic()).count();
        let is_sure = letters >= FEWEST_LETTERS && info.confidence() >= CONFIDENCE;
        // A script of one language tells it.
        let is_unique = info.script() != Script::Latin && info.script().langs().len() == 1;
        Some(Self { script: info.script(), language: (is_sure || is_unique).then(|| info.lang()) })
    }

    /// Whether two texts are surely not in the same language.
    pub fn differs(self, other: Self) -> bool {
        let scripts = self.script != other.script && !(is_east_asian(self.script) && is_east_asian(other.script));
        scripts || self.language.zip(other.language).is_some_and(|(a, b)| a != b)
    }

    /// The English name of the language, if it is known.
    pub fn name(self) -> Option<&'static str> {
        self.language.map(|language| language.eng_name())
    }
}

/// Japanese is written in several scripts.
fn is_east_asian(script: Script) -> bool {
    matches!(script, Script::Mandarin | Script::Hiragana | Script::Katakana)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ENGLISH: &str =
        "The weather was fine, and we walked along the river until the sun went down behind the hills.";
    const GERMAN: &str =
        "Das Wetter war schön, und wir gingen am Fluss entlang, bis die Sonne hinter den Hügeln unterging.";
    const RUSSIAN: &str = "Погода была хорошая, и мы шли вдоль реки, пока солнце не зашло за холмы.";

    fn spoken(text: &str) -> Spoken {
        Spoken::of(&[Turn::plain(text)]).unwrap()
    }

    #[test]
    fn languages_and_scripts_are_told_apart() {
        assert_eq!(spoken(ENGLISH).name(), Some("English"));
        assert!(spoken(ENGLISH).differs(spoken(GERMAN)));
        assert!(spoken(ENGLISH).differs(spoken(RUSSIAN)));
        assert!(spoken("Yes, I do.").differs(spoken("Да, конечно.")));
        assert!(!spoken(ENGLISH).differs(spoken("Ja, gern.")), "a short text may be in any language of its script");
        assert!(Spoken::of(&[Turn::plain("  ")]).is_none());
    }
}
