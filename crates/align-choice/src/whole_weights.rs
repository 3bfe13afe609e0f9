use crate::{Error, Result};

/// Greatest total of the weights in units. Sums over candidates and pairs stay far from the limits of the integers.
const GREATEST_TOTAL: f64 = (1u64 << 44) as f64;
/// Most decimal places of weights that are represented exactly.
const MOST_PLACES: i32 = 9;
/// Smallest ratio of a positive weight to the greatest one.
const SMALLEST_RATIO: f64 = 1e-9;

/// Weights as whole multiples of a unit.
///
/// Majorities are compared for equality. Sums of floating-point weights depend on the order of the judges (0.1 + 0.2 is not 0.3), sums of
/// integers do not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WholeWeights {
    /// Each weight in units.
    pub(crate) units: Vec<i64>,
    /// The unit.
    pub(crate) unit: f64,
}

impl WholeWeights {
    /// Represents weights exactly if they have at most nine decimal places, otherwise to 2^-44 of their total.
    pub(crate) fn new(weights: &[f64], name: impl Fn(usize) -> String) -> Result<Self> {
        let greatest = check(weights, name)?;
        for places in 0..=MOST_PLACES {
            let scale = 10f64.powi(places);
            if let Some(units) = exact_units(weights, scale) {
                return Ok(Self { units, unit: 1.0 / scale });
            }
        }
        let total: f64 = weights.iter().map(|weight| weight / greatest).sum();
        let units = weights.iter().map(|weight| (weight / greatest / total * GREATEST_TOTAL).round() as i64).collect();
        Ok(Self { units, unit: greatest * (total / GREATEST_TOTAL) })
    }
}

/// Checks the weights. Returns the greatest one.
fn check(weights: &[f64], name: impl Fn(usize) -> String) -> Result<f64> {
    if let Some((at, weight)) = weights.iter().enumerate().find(|(_, weight)| !(weight.is_finite() && **weight >= 0.0))
    {
        return Err(Error::Weight { of: name(at), weight: *weight });
    }
    let greatest = weights.iter().copied().fold(0.0, f64::max);
    if greatest == 0.0 {
        return Err(Error::WeightsAllZero);
    }
    let too_small = |weight: f64| weight > 0.0 && weight / greatest < SMALLEST_RATIO;
    match weights.iter().enumerate().find(|(_, weight)| too_small(**weight)) {
        Some((at, weight)) => Err(Error::WeightTooSmall { of: name(at), weight: *weight, greatest }),
        None => Ok(greatest),
    }
}

/// The weights times a scale, if all products are integers up to rounding.
fn exact_units(weights: &[f64], scale: f64) -> Option<Vec<i64>> {
    let products = || weights.iter().map(|weight| weight * scale);
    let are_whole = products().all(|product| (product - product.round()).abs() <= 4.0 * f64::EPSILON * product);
    let fit = products().sum::<f64>() <= GREATEST_TOTAL;
    (are_whole && fit).then(|| products().map(|product| product.round() as i64).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn units(weights: &[f64]) -> Vec<i64> {
        WholeWeights::new(weights, |at| at.to_string()).unwrap().units
    }

    #[test]
    fn decimal_weights_are_exact() {
        assert_eq!(units(&[1.0, 2.0, 0.0]), [1, 2, 0]);
        assert_eq!(units(&[0.1, 0.2, 0.3]), [1, 2, 3]);
        assert_eq!(units(&[0.125, 2.5]), [125, 2500]);
    }

    #[test]
    fn other_weights_are_rounded_to_their_total() {
        let weights = [1.0 / 3.0, 2.0 / 3.0, std::f64::consts::PI];
        let whole = WholeWeights::new(&weights, |at| at.to_string()).unwrap();
        for (units, weight) in whole.units.iter().zip(weights) {
            assert!((*units as f64 * whole.unit - weight).abs() < 1e-12, "{units} {weight}");
        }
        let huge = WholeWeights::new(&[1e308, 1e308, 1.5e308], |at| at.to_string()).unwrap();
        assert_eq!(huge.units[0], huge.units[1]);
        assert!(huge.unit.is_finite() && huge.units[2] > huge.units[0]);
    }
}
