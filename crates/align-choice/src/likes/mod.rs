//! How much texts are liked, out of counts such as those of social networks, corrected for how much they were seen.
//!
//! A text that many people see has more likes than a better one that few see. Counts out of views are binomial, with a beta distribution of the
//! share of likes over all texts; counts without views are Poisson, with a gamma distribution of the rate over all texts and an
//! [`Exposure`] that follows from the times of the texts. The [`Prior`] is estimated from all texts. The [`Posterior`] of a text gives the
//! probability that it is liked more than another one, and credible bounds.
//!
//! ```
//! use align_choice::likes::{Counts, Measure, Posterior, Prior};
//!
//! let counts = [(50.0, 1000.0), (20.0, 100.0), (3.0, 80.0), (1.0, 40.0)];
//! let evidence = counts
//!     .map(|(likes, views)| Counts { likes, dislikes: None, views: Some(views) }.evidence(Measure::PerView, 1.0))
//!     .into_iter()
//!     .collect::<Result<Vec<_>, _>>()?;
//! let prior = Prior::estimate(&evidence)?;
//! let posteriors = evidence.iter().map(|one| Posterior::new(&prior, one)).collect::<Result<Vec<_>, _>>()?;
//! assert!(posteriors[1].probability_above(&posteriors[0])? > 0.99);
//! // Too few views to tell.
//! assert!(posteriors[2].probability_above(&posteriors[3])? < 0.9);
//! # Ok::<(), align_choice::likes::LikesError>(())
//! ```

mod counts;
mod curve;
mod empirical_bayes;
mod error;
mod exposure;
mod measure;
mod posterior;
mod prior;

pub use counts::{Counts, Evidence};
pub use error::LikesError;
pub use exposure::{Attention, Exposure};
pub use measure::Measure;
pub use posterior::Posterior;
pub use prior::Prior;
