use super::null_space::null_space;

/// Newton's method takes far fewer steps than this.
const MOST_STEPS: usize = 200;
/// A Newton decrement whose square is below this comes from rounding.
const CONVERGED: f64 = 1e-24;

/// The analytic centre of the maximal lotteries: the one with the greatest product of the probabilities and payoffs that are positive in
/// some maximal lottery. It is unique and does not depend on the order of the candidates. If there is one maximal lottery only, this computes
/// it to full precision.
///
/// `inner` is a maximal lottery in which, for each candidate, the probability or the payoff is positive.
pub(super) fn analytic_centre(margins: &[Vec<f64>], inner: &[f64]) -> Vec<f64> {
    let (support, outside): (Vec<usize>, Vec<usize>) = (0..inner.len()).partition(|x| inner[*x] > 0.0);
    let of_support = |y: &usize| support.iter().map(|x| margins[*x][*y]).collect::<Vec<f64>>();
    let kernel = null_space(support.iter().map(of_support).collect());
    let mut point = vec![0.0; support.len()];
    for (free, vector) in &kernel {
        let coordinate = inner[support[*free]];
        point.iter_mut().zip(vector).for_each(|(sum, entry)| *sum += coordinate * entry);
    }
    // The quantities that stay positive are linear functions of the lottery: payoffs, then probabilities.
    let payoffs: Vec<Vec<f64>> = outside.iter().map(of_support).collect();
    let quantities = |vector: &[f64]| {
        let payoffs = payoffs.iter().map(|row| dot(row, vector));
        payoffs.chain(vector.iter().copied()).collect::<Vec<f64>>()
    };
    let slopes: Vec<Vec<f64>> = sum_preserving(kernel).iter().map(|direction| quantities(direction)).collect();
    let sum: f64 = point.iter().sum();
    point.iter_mut().for_each(|probability| *probability /= sum);
    let centre = maximise_logs(quantities(&point), &slopes);
    let mut lottery = vec![0.0; inner.len()];
    support.iter().zip(&centre[outside.len()..]).for_each(|(x, probability)| lottery[*x] = *probability);
    lottery
}

/// A basis of the vectors in the kernel whose components sum to 0.
fn sum_preserving(kernel: Vec<(usize, Vec<f64>)>) -> Vec<Vec<f64>> {
    let mut vectors: Vec<(f64, Vec<f64>)> =
        kernel.into_iter().map(|(_, vector)| (vector.iter().sum(), vector)).collect();
    vectors.sort_by(|(a, _), (b, _)| a.abs().total_cmp(&b.abs()));
    let Some((greatest, other)) = vectors.pop() else { return Vec::new() };
    let without_sum = |(sum, vector): (f64, Vec<f64>)| {
        vector.iter().zip(&other).map(|(entry, of_other)| entry - sum / greatest * of_other).collect()
    };
    vectors.into_iter().map(without_sum).collect()
}

/// Maximises the sum of the logarithms of positive quantities that change along directions, by Newton's method with damped steps, which keep
/// the quantities positive (Nesterov and Nemirovskii, 1994).
fn maximise_logs(mut quantities: Vec<f64>, slopes: &[Vec<f64>]) -> Vec<f64> {
    for _ in 0..MOST_STEPS {
        let relative: Vec<Vec<f64>> =
            slopes.iter().map(|slope| slope.iter().zip(&quantities).map(|(s, q)| s / q).collect()).collect();
        let gradient: Vec<f64> = relative.iter().map(|slope| slope.iter().sum()).collect();
        let hessian = relative.iter().map(|a| relative.iter().map(|b| dot(a, b)).collect()).collect();
        let Some(step) = solve_positive_definite(hessian, gradient.clone()) else { break };
        let decrement = dot(&gradient, &step);
        if decrement <= CONVERGED {
            break;
        }
        let length = if decrement < 0.0625 { 1.0 } else { 1.0 / (1.0 + decrement.sqrt()) };
        for (slope, change) in slopes.iter().zip(&step) {
            quantities.iter_mut().zip(slope).for_each(|(quantity, s)| *quantity += length * change * s);
        }
    }
    quantities
}

/// Solves a linear system by Gaussian elimination, which needs no pivoting for a positive definite matrix. `None` if it is not definite.
fn solve_positive_definite(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for at in 0..size {
        let row = matrix[at].clone();
        if row[at] <= 0.0 {
            return None;
        }
        for below in at + 1..size {
            let factor = matrix[below][at] / row[at];
            matrix[below].iter_mut().zip(&row).for_each(|(entry, above)| *entry -= factor * above);
            right[below] -= factor * right[at];
        }
    }
    for at in (0..size).rev() {
        let known = dot(&matrix[at][at + 1..], &right[at + 1..]);
        right[at] = (right[at] - known) / matrix[at][at];
    }
    Some(right)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
