use crate::{Error, Result};

/// Adjusts the p-values of several tests by the method of Holm (1979). If tests with an adjusted p-value below `α` are called
/// significant, the probability of any false positive is at most `α`, whatever the dependence between the tests.
///
/// The `i`-th smallest of `n` p-values, from 0, becomes `max over j ≤ i of min(1, (n − j) pⱼ)`. The order is that of the input.
///
/// ```
/// assert_eq!(align_metrics::holm_adjusted(&[0.5, 0.0625, 0.25])?, [0.5, 0.1875, 0.5]);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// A p-value is outside 0 to 1.
pub fn holm_adjusted(p_values: &[f64]) -> Result<Vec<f64>> {
    if let Some(found) = p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        let expected = "numbers from 0 to 1".to_owned();
        return Err(Error::Option { option: "p_values", expected, found: found.to_string() });
    }
    let mut ascending: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    ascending.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut highest = 0.0_f64;
    for (rank, (_, p)) in ascending.iter_mut().enumerate() {
        highest = highest.max((*p * (p_values.len() - rank) as f64).min(1.0));
        *p = highest;
    }
    ascending.sort_by_key(|(place, _)| *place);
    Ok(ascending.into_iter().map(|(_, p)| p).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Against `multipletests(p, method="holm")` of statsmodels 0.15.
    #[test]
    fn results_equal_those_of_statsmodels() {
        for (p, expected) in [
            (&[0.01, 0.02, 0.03, 0.04, 0.05][..], &[0.05, 0.08, 0.09, 0.09, 0.09][..]),
            (&[0.04, 0.001, 0.2, 0.001, 0.9, 0.03], &[0.12, 0.006, 0.4, 0.006, 0.9, 0.12]),
            (&[0.7], &[0.7]),
            (&[0.6, 0.6, 1.0, 0.0], &[1.0, 1.0, 1.0, 0.0]),
            (&[], &[]),
        ] {
            for (found, expected) in holm_adjusted(p).unwrap().into_iter().zip(expected.iter()) {
                assert!((found - expected).abs() < 1e-12, "{p:?}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn invalid_p_values_are_named() {
        for wrong in [-0.1, 1.5, f64::NAN] {
            assert!(holm_adjusted(&[0.5, wrong]).unwrap_err().to_string().contains(&wrong.to_string()));
        }
    }
}
