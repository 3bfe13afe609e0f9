use crate::error::option_error;
use crate::{LossSetting, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A point of a sweep: a loss with its beta.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// The loss.
    pub loss: LossSetting,
    /// The strength of the regularisation towards the reference.
    pub beta: f64,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, β = {}", self.loss, self.beta)
    }
}

impl Point {
    /// The name of the point's file, without extension.
    pub(crate) fn file_name(&self) -> String {
        format!("{}-beta-{}", self.loss, self.beta)
    }
}

/// Creates the points of all losses and betas: loss by loss, from the largest beta to the smallest.
///
/// ```
/// use align_frontier::points;
/// let found = points(&[("hinge".parse()?, vec![0.1, 0.5])])?;
/// assert_eq!(found.iter().map(|point| point.beta).collect::<Vec<_>>(), [0.5, 0.1]);
/// # Ok::<(), align_frontier::Error>(())
/// ```
///
/// # Errors
/// When there are no losses, a loss has no betas, a loss or a beta occurs twice, or a beta is not a finite number above
/// 0.
pub fn points(losses: &[(LossSetting, Vec<f64>)]) -> Result<Vec<Point>> {
    if losses.is_empty() {
        return Err(option_error("losses", "there are none: name at least one"));
    }
    let mut points: Vec<Point> = Vec::new();
    for (loss, betas) in losses {
        if points.iter().any(|point| point.loss == *loss) {
            return Err(option_error("losses", format!("{loss} occurs twice: name it once")));
        }
        if betas.is_empty() {
            return Err(option_error("betas", format!("there are none for {loss}: name at least one")));
        }
        let mut betas = betas.clone();
        betas.sort_unstable_by(|a, b| b.total_cmp(a));
        if let Some(beta) = betas.iter().find(|beta| !(beta.is_finite() && **beta > 0.0)) {
            return Err(option_error("betas", format!("{loss} has {beta}, expected a finite number above 0")));
        }
        if let Some((beta, _)) = betas.iter().zip(betas.iter().skip(1)).find(|(a, b)| a == b) {
            return Err(option_error("betas", format!("{loss} has {beta} twice: name it once")));
        }
        points.extend(betas.into_iter().map(|beta| Point { loss: *loss, beta }));
    }
    Ok(points)
}
