//! Preference pairs out of the scores of several judges: of two texts for one prompt, the one that a voting rule ranks higher is chosen.
//!
//! [`JudgedTexts`] reads the texts. The rules are those of [`align_choice`].

mod draw;
mod error;
mod judged_prompt;
mod judged_texts;
mod options;
mod pair;
mod report;
mod support;
mod weights;

pub use error::JudgesError;
pub use judged_prompt::JudgedPrompt;
pub use judged_texts::{JudgedText, JudgedTexts};
pub(crate) use judged_texts::{SCORE, check_judges};
pub use options::JudgedPairOptions;
pub use pair::{JudgedPair, pair_judged};
pub use report::JudgedPairReport;
pub use support::Support;
pub use weights::JudgeWeights;
