use super::LikedText;
use crate::{Error, Result};
use align_choice::likes::{Attention, Exposure, Measure};

/// How likes become probabilities. What is `None` follows from the texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LikesOptions {
    /// By what a text is liked more: by default likes per view if views are known, likes against dislikes if these are, and likes in the
    /// time that the text was seen otherwise.
    pub measure: Option<Measure>,
    /// How exposure follows from times, for [`Measure::PerTime`]: by default [`Attention::Thread`] if times are known.
    pub attention: Option<Attention>,
    /// Hours in which attention halves; by default [`LikesOptions::HALF_LIFE`].
    pub half_life: Option<f64>,
    /// When the likes were counted, in seconds since 1970; by default long after the texts.
    pub as_of: Option<f64>,
    /// The prior's parameters: likes and other trials, or likes and exposure. By default they are estimated from the texts.
    pub prior: Option<(f64, f64)>,
}

impl LikesOptions {
    /// The default half-life of attention, in hours.
    pub const HALF_LIFE: f64 = 12.0;

    /// The measure for these texts.
    pub(super) fn measure(&self, texts: &[LikedText]) -> Result<Measure> {
        let has = |known: fn(&LikedText) -> bool| !texts.is_empty() && texts.iter().all(known);
        let has_views = has(|text| text.views.is_some());
        let has_dislikes = has(|text| text.dislikes.is_some());
        match self.measure {
            Some(measure) => Ok(measure),
            None if has_views && has_dislikes => Err(Error::Option {
                option: "measure",
                expected: "per-view or approval, because the texts have both views and dislikes".to_owned(),
                found: "none".to_owned(),
            }),
            None if has_views => Ok(Measure::PerView),
            None if has_dislikes => Ok(Measure::Approval),
            None => Ok(Measure::PerTime),
        }
    }

    /// The exposure for these texts. Options that have no effect are errors.
    pub(super) fn exposure(&self, measure: Measure, texts: &[LikedText]) -> Result<Exposure> {
        let given = [
            ("attention", self.attention.map(|attention| attention.to_string())),
            ("half_life", self.half_life.map(|hours| hours.to_string())),
            ("as_of", self.as_of.map(|time| time.to_string())),
        ];
        let first = |from: usize| given.iter().skip(from).find_map(|(name, value)| Some((*name, value.clone()?)));
        let refused = |(option, found): (&'static str, String), reason: String| Error::Option {
            option,
            expected: format!("no value, because {reason}"),
            found,
        };
        if measure != Measure::PerTime {
            return match first(0) {
                Some(option) => Err(refused(option, format!("likes {} do not depend on times", described(measure)))),
                None => Ok(Exposure { attention: Attention::Equal, half_life: Self::HALF_LIFE, as_of: None }),
            };
        }
        let has_times = !texts.is_empty() && texts.iter().all(|text| text.time.is_some());
        let attention = match self.attention {
            Some(attention) if attention != Attention::Equal && !has_times => {
                let expected = "equal, because not all texts have a time".to_owned();
                return Err(Error::Option { option: "attention", expected, found: attention.to_string() });
            }
            Some(attention) => attention,
            None if has_times => Attention::Thread,
            None => Attention::Equal,
        };
        if let (Attention::Equal, Some(option)) = (attention, first(1)) {
            let reason = if has_times { "attention is equal" } else { "not all texts have a time" };
            return Err(refused(option, reason.to_owned()));
        }
        let half_life = self.half_life.unwrap_or(Self::HALF_LIFE);
        let exposure = Exposure { attention, half_life, as_of: self.as_of };
        exposure.check().map_err(Error::likes_option)?;
        Ok(exposure)
    }
}

fn described(measure: Measure) -> &'static str {
    match measure {
        Measure::PerView => "per view",
        Measure::Approval => "against dislikes",
        Measure::PerTime => "per time",
    }
}
