use super::LikesError;
use std::fmt::{Display, Formatter};
use std::str::FromStr;

/// How much of the attention at its beginning a thread has left, at least, for a text that comes late.
const LEAST_ATTENTION: f64 = 0.01;

const SECONDS_PER_HOUR: f64 = 3600.0;

/// Whose age decides how much a text is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attention {
    /// Attention to a thread halves from its beginning on, so that late texts are seen less.
    Thread,
    /// Attention to a text halves from its own time on, so that new texts have been seen less.
    Text,
    /// All texts are seen equally.
    Equal,
}

impl Attention {
    /// The models and their names.
    pub const ALL: [(Self, &'static str); 3] = [(Self::Thread, "thread"), (Self::Text, "text"), (Self::Equal, "equal")];
}

impl Display for Attention {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let name = Self::ALL.iter().find(|(attention, _)| attention == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for Attention {
    type Err = LikesError;

    fn from_str(text: &str) -> Result<Self, LikesError> {
        let known = Self::ALL.iter().find(|(_, name)| *name == text).map(|(attention, _)| *attention);
        let expected = "thread, text or equal";
        known.ok_or_else(|| LikesError::Option { option: "attention", expected, found: format!("{text:?}") })
    }
}

/// How long a text was seen, in hours of the attention that a new text in a new thread has.
///
/// Attention halves every `half_life` hours. A text that was posted `d` hours after its thread began, and whose likes were counted `a` hours
/// later, was seen for
///
/// `half_life / ln 2 · max(2^(-d / half_life), 0.01) · (1 - 2^(-a / half_life))`
///
/// hours. `d` is 0 by [`Attention::Text`]. If `as_of` is unknown, the likes were counted long after. By [`Attention::Equal`] the exposure is 1.
///
/// ```
/// use align_choice::likes::{Attention, Exposure};
///
/// let exposure = Exposure { attention: Attention::Thread, half_life: 6.0, as_of: None };
/// let (first, six_hours_later) = (exposure.hours(0.0, 0.0)?, exposure.hours(6.0 * 3600.0, 0.0)?);
/// assert!((first - 2.0 * six_hours_later).abs() < 1e-12);
/// # Ok::<(), align_choice::likes::LikesError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Exposure {
    /// Whose age decides.
    pub attention: Attention,
    /// Hours in which attention halves.
    pub half_life: f64,
    /// When the likes were counted, in seconds since 1970. `None` means long after the texts.
    pub as_of: Option<f64>,
}

impl Exposure {
    /// Checks the half-life and the time of the counts.
    ///
    /// # Errors
    /// A half-life that is not a positive number; a time that is not finite; [`Attention::Text`] without the time of the counts, by which all
    /// texts would be seen equally.
    pub fn check(&self) -> Result<(), LikesError> {
        let wrong = |option, expected, found: String| Err(LikesError::Option { option, expected, found });
        if !(self.half_life.is_finite() && self.half_life > 0.0) {
            return wrong("half_life", "a number of hours above 0", self.half_life.to_string());
        }
        match self.as_of {
            Some(time) if !time.is_finite() => {
                wrong("as_of", "a finite number of seconds since 1970", time.to_string())
            }
            None if self.attention == Attention::Text => {
                wrong("as_of", "the time of the counts, from which attention to a text follows", "none".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The exposure of a text that was posted at `time` in a thread that began at `start`, in seconds since 1970.
    ///
    /// # Errors
    /// As [`Exposure::check`]; a time that is not finite, that is not before the time of the counts, or before the thread began.
    pub fn hours(&self, time: f64, start: f64) -> Result<f64, LikesError> {
        self.check()?;
        if let Some(wrong) = [time, start].into_iter().find(|time| !time.is_finite()) {
            return Err(LikesError::Time(wrong));
        }
        if let Some(as_of) = self.as_of.filter(|as_of| time >= *as_of) {
            return Err(LikesError::TimeInFuture { time, as_of });
        }
        let left_after = |seconds: f64| (-seconds / SECONDS_PER_HOUR / self.half_life).exp2();
        let attention = match self.attention {
            Attention::Equal => return Ok(1.0),
            Attention::Text => 1.0,
            Attention::Thread if time < start => return Err(LikesError::TimeBeforeThread { time, start }),
            Attention::Thread => left_after(time - start).max(LEAST_ATTENTION),
        };
        let ln_2_per_hour = std::f64::consts::LN_2 / self.half_life;
        // 1 - 2^(-a / half_life), exact for small ages too.
        let seen = self.as_of.map_or(1.0, |as_of| -(-(as_of - time) / SECONDS_PER_HOUR * ln_2_per_hour).exp_m1());
        Ok(attention * seen / ln_2_per_hour)
    }
}
