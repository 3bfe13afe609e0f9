use crate::checks::{check_all_finite, check_same_length};
use crate::compensated_sum::CompensatedSum;
use crate::{Error, Result};

/// Spearman's rank correlation of two lists of scores of the same texts, from -1 to 1. Equal scores have the mean of their ranks.
///
/// ```
/// let rho = align_metrics::spearman(&[0.1, 0.5, 2.0], &[-3.0, 7.0, 8.0])?;
/// assert!((rho - 1.0).abs() < 1e-12); // the same order
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// Fewer than two scores, lists of different lengths, a score that is not finite, or scores that are all the same.
pub fn spearman(first: &[f64], second: &[f64]) -> Result<f64> {
    check(first, second)?;
    if first.len() < 2 {
        return Err(Error::TooFew { what: "scores, to correlate them", least: 2, found: first.len() });
    }
    // The mean of the ranks, with or without ties.
    let middle = (first.len() as f64 + 1.0) / 2.0;
    let centred = |scores: &[f64]| ranks(scores).into_iter().map(|rank| rank - middle).collect::<Vec<f64>>();
    let (first, second) = (centred(first), centred(second));
    let product = |a: &[f64], b: &[f64]| CompensatedSum::of(a.iter().zip(b).map(|(a, b)| a * b));
    let squares = product(&first, &first) * product(&second, &second);
    if squares == 0.0 {
        return Err(Error::Constant("scores of a list"));
    }
    Ok(product(&first, &second) / squares.sqrt())
}

/// The fraction of rows in which two scores have the same sign. For the logits of two classifiers, this is how often they assign the
/// same class. A score of 0 counts as a third sign.
///
/// ```
/// assert_eq!(align_metrics::sign_agreement(&[1.0, -2.0, 0.5, 0.0], &[3.0, -0.1, -0.5, 1.0])?, 0.5);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// No scores, lists of different lengths, or a score that is not finite.
pub fn sign_agreement(first: &[f64], second: &[f64]) -> Result<f64> {
    check(first, second)?;
    let agree = first.iter().zip(second).filter(|(a, b)| a.partial_cmp(&&0.0) == b.partial_cmp(&&0.0)).count();
    Ok(agree as f64 / first.len() as f64)
}

/// The area under the ROC curve: the probability that a positive text has a higher score than a negative one, where equal scores count
/// half (the Mann-Whitney U statistic divided by the number of pairs).
///
/// ```
/// let auc = align_metrics::roc_auc(&[0.9, 0.4, 0.6, 0.4], &[true, true, false, false])?;
/// assert_eq!(auc, (2.0 + 0.5) / 4.0);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// No scores, lists of different lengths, a score that is not finite, or labels that are all the same.
pub fn roc_auc(scores: &[f64], is_positive: &[bool]) -> Result<f64> {
    if scores.is_empty() {
        return Err(Error::Empty("scores"));
    }
    check_same_length("labels", "scores", scores.len(), is_positive.len())?;
    check_all_finite("score", scores.iter().copied())?;
    let positives = is_positive.iter().filter(|positive| **positive).count() as f64;
    let negatives = scores.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return Err(Error::Constant("labels"));
    }
    let of_positives = ranks(scores).into_iter().zip(is_positive).filter(|(_, positive)| **positive);
    let least = positives * (positives + 1.0) / 2.0;
    Ok((CompensatedSum::of(of_positives.map(|(rank, _)| rank)) - least) / (positives * negatives))
}

fn check(first: &[f64], second: &[f64]) -> Result<()> {
    if first.is_empty() {
        return Err(Error::Empty("scores"));
    }
    check_same_length("scores of the second list", "first's", first.len(), second.len())?;
    check_all_finite("first score", first.iter().copied())?;
    check_all_finite("second score", second.iter().copied())
}

/// Ranks from one. Equal values have the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = values.iter().copied().enumerate().collect();
    order.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let (mut ranks, mut below) = (vec![0.0; values.len()], 0);
    for tied in order.chunk_by(|(_, a), (_, b)| a == b) {
        let rank = below as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().filter_map(|(at, _)| ranks.get_mut(*at).map(|slot: &mut f64| *slot = rank)).for_each(drop);
        below += tied.len();
    }
    ranks
}
