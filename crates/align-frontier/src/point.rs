use crate::error::refusal;
use crate::{LossSetting, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A point of a sweep: a loss and its beta.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// The loss.
    pub loss: LossSetting,
    /// Its strength of the pull towards the reference.
    pub beta: f64,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, β = {}", self.loss, self.beta)
    }
}

impl Point {
    /// The name of its file.
    pub(crate) fn file_name(&self) -> String {
        format!("{}-beta-{}", self.loss, self.beta)
    }
}

/// The points of losses with their betas: loss by loss, from the strongest pull to the weakest.
///
/// ```
/// use align_frontier::points;
/// let found = points(&[("hinge".parse()?, vec![0.1, 0.5])])?;
/// assert_eq!(found.iter().map(|point| point.beta).collect::<Vec<_>>(), [0.5, 0.1]);
/// # Ok::<(), align_frontier::Error>(())
/// ```
///
/// # Errors
/// No losses, a loss or a beta that stands twice, no betas, or a beta that is not a finite number above 0.
pub fn points(losses: &[(LossSetting, Vec<f64>)]) -> Result<Vec<Point>> {
    if losses.is_empty() {
        return Err(refusal("losses", "there are none: name at least one"));
    }
    let mut points: Vec<Point> = Vec::new();
    for (loss, betas) in losses {
        if points.iter().any(|point| point.loss == *loss) {
            return Err(refusal("losses", format!("{loss} stands twice: name it once")));
        }
        if betas.is_empty() {
            return Err(refusal("betas", format!("there are none for {loss}: name at least one")));
        }
        let mut betas = betas.clone();
        betas.sort_unstable_by(|a, b| b.total_cmp(a));
        if let Some(beta) = betas.iter().find(|beta| !(beta.is_finite() && **beta > 0.0)) {
            return Err(refusal("betas", format!("{loss} has {beta}, expected a finite number above 0")));
        }
        if let Some((beta, _)) = betas.iter().zip(betas.iter().skip(1)).find(|(a, b)| a == b) {
            return Err(refusal("betas", format!("{loss} has {beta} twice: name it once")));
        }
        points.extend(betas.into_iter().map(|beta| Point { loss: *loss, beta }));
    }
    Ok(points)
}
