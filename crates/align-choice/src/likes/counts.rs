use super::{LikesError, Measure};

/// The counts of a text as a site shows them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counts {
    /// The likes.
    pub likes: f64,
    /// The dislikes, if known.
    pub dislikes: Option<f64>,
    /// How often the text was seen, if known.
    pub views: Option<f64>,
}

/// What the counts say about how much a text is liked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Evidence {
    /// Likes out of trials: views, or likes and dislikes.
    OutOf {
        /// The likes.
        likes: f64,
        /// The trials.
        trials: f64,
    },
    /// Likes during an exposure, such as hours.
    During {
        /// The likes.
        likes: f64,
        /// The exposure, above 0.
        exposure: f64,
    },
}

/// Up to here, float64 has every whole number.
const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

impl Counts {
    /// Checks that the counts are whole numbers, and that there are no more reactions than views.
    ///
    /// # Errors
    /// A count that is negative, fractional or not finite; more likes, or more likes and dislikes, than views.
    pub fn check(&self) -> Result<(), LikesError> {
        check_count("likes", self.likes)?;
        self.dislikes.map_or(Ok(()), |dislikes| check_count("dislikes", dislikes))?;
        let Some(views) = self.views else { return Ok(()) };
        check_count("views", views)?;
        let likes = self.likes;
        match self.dislikes {
            _ if likes > views => Err(LikesError::LikesAboveViews { likes, views }),
            Some(dislikes) if likes + dislikes > views => {
                Err(LikesError::ReactionsAboveViews { likes, dislikes, views })
            }
            _ => Ok(()),
        }
    }

    /// What the counts say by a measure. Only [`Measure::PerTime`] uses the exposure.
    ///
    /// # Errors
    /// As [`Counts::check`]; a count that the measure needs is not known; an exposure that is not positive.
    pub fn evidence(&self, measure: Measure, exposure: f64) -> Result<Evidence, LikesError> {
        self.check()?;
        let likes = self.likes;
        let needs =
            |count: Option<f64>, needed| count.ok_or(LikesError::MissingCount { measure: measure.name(), needed });
        match measure {
            Measure::PerView => Ok(Evidence::OutOf { likes, trials: needs(self.views, "views")? }),
            Measure::Approval => Ok(Evidence::OutOf { likes, trials: likes + needs(self.dislikes, "dislikes")? }),
            Measure::PerTime if exposure.is_finite() && exposure > 0.0 => Ok(Evidence::During { likes, exposure }),
            Measure::PerTime => Err(LikesError::Exposure(exposure)),
        }
    }
}

fn check_count(name: &'static str, count: f64) -> Result<(), LikesError> {
    match (0.0..=MAX_COUNT).contains(&count) && count.fract() == 0.0 {
        true => Ok(()),
        false => Err(LikesError::Count { name, found: count }),
    }
}
