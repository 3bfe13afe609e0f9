//! Lotteries that no other lottery beats: optimal strategies of the game in which the payoff is the margin.

mod analytic_centre;
mod linear_program;
mod null_space;

use crate::{Error, Outcome, PairwisePreferences, Ranking, Result, smith_set};

/// Differences of probabilities that come from rounding.
const ROUNDING: f64 = 1e-9;

pub(crate) fn maximal_lottery(pairs: &PairwisePreferences) -> Result<Outcome> {
    let contenders = without_dominated(pairs, smith_set(pairs));
    let contest = pairs.restricted(&contenders);
    let on_contenders = match contenders.len() {
        1 => vec![1.0],
        _ => solve(&contest)?,
    };
    let mut lottery = vec![0.0; pairs.candidates()];
    contenders.iter().zip(on_contenders).for_each(|(candidate, probability)| lottery[*candidate] = probability);
    let winners = (0..lottery.len()).filter(|candidate| lottery[*candidate] > 0.0).collect();
    let ranking = Ranking::by_score(&lottery, ROUNDING);
    Ok(Outcome { lottery: Some(lottery.clone()), winners, ..Outcome::of_scores(ranking, lottery) })
}

/// Removes candidates that another one beats if it does at least as well against all that are left. They have no probability in any maximal
/// lottery, and the lotteries of the rest are the same without them.
fn without_dominated(pairs: &PairwisePreferences, mut rest: Vec<usize>) -> Vec<usize> {
    loop {
        let dominates = |x: usize, y: usize| {
            pairs.beats(x, y) && rest.iter().all(|z| pairs.margin_units(x, *z) >= pairs.margin_units(y, *z))
        };
        let kept: Vec<usize> = rest.iter().copied().filter(|y| !rest.iter().any(|x| dominates(*x, *y))).collect();
        if kept.len() == rest.len() {
            return rest;
        }
        rest = kept;
    }
}

/// The maximal lottery, or the analytic centre of all of them if there are several.
fn solve(pairs: &PairwisePreferences) -> Result<Vec<f64>> {
    let count = pairs.candidates();
    let greatest = (0..count).flat_map(|x| (0..count).map(move |y| pairs.margin_units(x, y))).max().unwrap_or(0).max(1);
    let margins: Vec<Vec<f64>> =
        (0..count).map(|x| (0..count).map(|y| pairs.margin_units(x, y) as f64 / greatest as f64).collect()).collect();
    let inner = linear_program::inner_lottery(&margins)?;
    let lottery = analytic_centre::analytic_centre(&margins, &inner);
    let payoff = |y: usize| lottery.iter().zip(&margins).map(|(probability, row)| probability * row[y]).sum::<f64>();
    let is_maximal = (0..count).all(|y| lottery[y] >= 0.0 && payoff(y) >= -ROUNDING);
    if is_maximal {
        Ok(lottery)
    } else {
        Err(Error::LinearProgram("its solution is beaten by another lottery".to_owned()))
    }
}
