use crate::{Error, Result};
use microlp::{ComparisonOp, LinearExpr, OptimizationDirection, Problem};

/// A maximal lottery that gives a probability to every candidate that has one in any maximal lottery.
///
/// A lottery `p` is maximal if its payoff against each candidate, `Σ p(x) margin(x, y)`, is at least 0. By Goldman and Tucker (1956), there
/// is one in which, for each candidate, either the probability or the payoff is positive. The linear program maximises the smallest of
/// these sums. So the two cases are well apart in floating point: candidates with the lesser of the two have probability 0.
pub(super) fn inner_lottery(margins: &[Vec<f64>]) -> Result<Vec<f64>> {
    let mut problem = Problem::new(OptimizationDirection::Maximize);
    let probabilities: Vec<_> = margins.iter().map(|_| problem.add_var(0.0, (0.0, 1.0))).collect();
    let smallest = problem.add_var(1.0, (0.0, f64::INFINITY));
    for against in &probabilities {
        let (mut payoff, mut sum) = (LinearExpr::empty(), LinearExpr::empty());
        for (probability, row) in probabilities.iter().zip(margins) {
            let margin = row[against.idx()];
            payoff.add(*probability, margin);
            sum.add(*probability, if probability == against { 1.0 } else { margin });
        }
        sum.add(smallest, -1.0);
        problem.add_constraint(payoff, ComparisonOp::Ge, 0.0);
        problem.add_constraint(sum, ComparisonOp::Ge, 0.0);
    }
    problem.add_constraint(probabilities.iter().map(|variable| (*variable, 1.0)), ComparisonOp::Eq, 1.0);
    let solved = problem.solve().map_err(|e| Error::LinearProgram(e.to_string()))?;
    let solution = solved.into_solution().map_err(|_| Error::LinearProgram("it was interrupted".to_owned()))?;
    let lottery: Vec<f64> = probabilities.iter().map(|variable| solution.var_value(*variable)).collect();
    let payoff = |y: usize| lottery.iter().zip(margins).map(|(probability, row)| probability * row[y]).sum::<f64>();
    let has_probability = |x: usize| lottery[x] > payoff(x);
    Ok((0..lottery.len()).map(|x| if has_probability(x) { lottery[x] } else { 0.0 }).collect())
}
