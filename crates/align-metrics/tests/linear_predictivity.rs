//! Linear predictivity, compared with a second, plain implementation and with known cases.
// Matrices are written as in formulas, with indices.
#![allow(clippy::unwrap_used, clippy::needless_range_loop)]

use align_base::random::generator;
use align_metrics::{Clusters, LinearPredictivity, Samples};
use rand::RngExt;
use rand_distr::StandardNormal;

/// Normal numbers, a function of the seed.
fn normals(seed: u64, count: usize) -> Vec<f32> {
    let mut rng = generator(seed, "test", 0);
    (0..count).map(|_| rng.sample(StandardNormal)).collect()
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, expected {expected}");
}

/// A solution of `a x = b` by Gaussian elimination, for each column of `b`.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = a.len();
    for pivot in 0..n {
        for row in 0..n {
            if row != pivot {
                let factor = a[row][pivot] / a[pivot][pivot];
                for column in 0..n {
                    a[row][column] -= factor * a[pivot][column];
                }
                for column in 0..b[0].len() {
                    b[row][column] -= factor * b[pivot][column];
                }
            }
        }
    }
    (0..n).map(|row| b[row].iter().map(|value| value / a[row][row]).collect()).collect()
}

/// R² by the normal equations of each fold, with an intercept instead of centring, and scaled penalties instead of standardised inputs.
fn plain_r_squared(folds: usize, ridge: f64, x: &Samples, y: &Samples) -> f64 {
    let (n, d, outputs) = (x.rows(), x.columns(), y.columns());
    let mut residuals = vec![0.0; outputs];
    for fold in 0..folds {
        let train: Vec<usize> = (0..n).filter(|row| row % folds != fold).collect();
        let with_one = |row: usize| -> Vec<f64> { x.row(row).iter().map(|x| f64::from(*x)).chain([1.0]).collect() };
        let mut gram = vec![vec![0.0; d + 1]; d + 1];
        let mut right = vec![vec![0.0; outputs]; d + 1];
        for row in &train {
            let inputs = with_one(*row);
            for i in 0..=d {
                for j in 0..=d {
                    gram[i][j] += inputs[i] * inputs[j];
                }
                for j in 0..outputs {
                    right[i][j] += inputs[i] * f64::from(y.row(*row)[j]);
                }
            }
        }
        let count = train.len() as f64;
        for i in 0..d {
            let mean = gram[i][d] / count;
            gram[i][i] += ridge * count * (gram[i][i] / count - mean * mean);
        }
        let weights = solve(gram, right);
        for row in (0..n).filter(|row| row % folds == fold) {
            let inputs = with_one(row);
            for j in 0..outputs {
                let predicted: f64 = (0..=d).map(|i| inputs[i] * weights[i][j]).sum();
                residuals[j] += (f64::from(y.row(row)[j]) - predicted).powi(2);
            }
        }
    }
    let total = |j: usize| {
        let mean = (0..n).map(|row| f64::from(y.row(row)[j])).sum::<f64>() / n as f64;
        (0..n).map(|row| (f64::from(y.row(row)[j]) - mean).powi(2)).sum::<f64>()
    };
    (0..outputs).map(|j| 1.0 - residuals[j] / total(j)).sum::<f64>() / outputs as f64
}

#[test]
fn linear_predictivity_is_that_of_a_plain_implementation() {
    // With more rows than features, and with fewer, where the other system is solved.
    for (rows, columns) in [(60, 5), (12, 15)] {
        let (x, noise) = (normals(5, rows * columns), normals(6, rows * 2));
        let x = Samples::new(columns, &x).unwrap();
        let y: Vec<f32> = (0..rows)
            .flat_map(|row| [x.row(row)[0] + 0.5 * noise[2 * row], 3.0 * x.row(row)[1] + noise[2 * row + 1] + 9.0])
            .collect();
        let y = Samples::new(2, &y).unwrap();
        let options = LinearPredictivity { folds: 4, ridge: 0.05 };
        let expected = plain_r_squared(4, 0.05, &x, &y);
        near(options.r_squared(&x, &y, None).unwrap(), expected, 1e-6, "R²");
        // A predictor may be used for several outputs.
        let predictor = options.predictor(&x, None).unwrap();
        assert_eq!(predictor.r_squared(&y), options.r_squared(&x, &y, None));
        near(predictor.r_squared(&x).unwrap(), plain_r_squared(4, 0.05, &x, &x), 1e-6, "R² of the inputs");
    }
}

#[test]
fn linear_predictivity_is_one_for_invertible_maps_and_zero_for_noise() {
    let (x, noise) = (normals(8, 2000), normals(9, 2000));
    let x = Samples::new(4, &x).unwrap();
    let mixed: Vec<f32> = (0..500)
        .flat_map(|row| {
            let r = x.row(row);
            [r[0] + 2.0 * r[1], r[1] - r[2], 5.0 * r[2] + r[3], 0.01 * r[3] + 100.0]
        })
        .collect();
    let options = LinearPredictivity::default();
    let r_squared = |from: &Samples, to: &Samples| options.r_squared(from, to, None).unwrap();
    let mixed = Samples::new(4, &mixed).unwrap();
    assert!(r_squared(&x, &mixed) > 0.9999 && r_squared(&mixed, &x) > 0.9999);
    // A sum with as much variance of noise as of signal has R² 1/2, of which the cross-validated one is a little below.
    let noisy: Vec<f32> = (0..500).map(|row| x.row(row)[0] + noise[row]).collect();
    near(r_squared(&x, &Samples::new(1, &noisy).unwrap()), 0.5, 0.06, "signal and noise");
    near(r_squared(&x, &Samples::new(4, &noise).unwrap()), 0.0, 0.05, "noise");
    // One of four features is predicted by all of them, but predicts only itself.
    let one: Vec<f32> = (0..500).map(|row| x.row(row)[0]).collect();
    let one = Samples::new(1, &one).unwrap();
    assert!(r_squared(&x, &one) > 0.9999);
    near(r_squared(&one, &x), 0.25, 0.03, "one of four");
}

#[test]
fn rows_of_a_group_stay_in_one_fold() {
    // Each group has its own value, which nothing predicts in other groups, but which is known if the group is split.
    let groups: Vec<usize> = (0..40).map(|row| row / 4).collect();
    let (label, noise) = (normals(10, 10), normals(11, 40));
    let one_hot: Vec<f32> =
        groups.iter().flat_map(|group| (0..10).map(move |at| f32::from(u8::from(at == *group)))).collect();
    let y: Vec<f32> = groups.iter().zip(&noise).map(|(group, noise)| label[*group] + 0.01 * noise).collect();
    let (x, y) = (Samples::new(10, &one_hot).unwrap(), Samples::new(1, &y).unwrap());
    let options = LinearPredictivity::default();
    assert!(options.r_squared(&x, &y, None).unwrap() > 0.99);
    assert!(options.r_squared(&x, &y, Some(&Clusters::by(&groups))).unwrap() < 0.1);
}
