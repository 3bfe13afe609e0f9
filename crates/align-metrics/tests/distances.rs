//! Distances between the weights and hidden states of models: values of NumPy, invariances, and invalid inputs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_metrics::{Error, WeightDistance, debiased_linear_cka, linear_cka};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found}, expected {expected}");
}

/// np.linalg.norm(b - a), the same / np.linalg.norm(a), scipy.spatial.distance.cosine(a, b); for all, both concatenated
#[test]
fn weight_distances_equal_those_of_numpy() {
    let first = [("h.10", vec![1.0_f32, 2.0, -2.0]), ("h.2", vec![4.0, 0.0])];
    let second = [("h.2", vec![0.0_f32, 3.0]), ("h.10", vec![1.5, 2.0, -1.0])];
    let found = WeightDistance::of(first, second).unwrap();
    let names: Vec<&str> = found.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["h.10", "h.2"]);
    for (found, elements, l2, relative, cosine) in [
        (found.tensors[0].distance, 3, 1.118033988749895, 0.37267799624996495, 0.07152330911474059),
        (found.tensors[1].distance, 2, 5.0, 1.25, 1.0),
        (found.all, 5, 5.123475382979799, 1.0246950765959597, 0.6278957962323746),
    ] {
        assert_eq!(found.elements, elements);
        near(found.l2, l2);
        near(found.relative_l2.unwrap(), relative);
        near(found.cosine_distance.unwrap(), cosine);
    }
}

/// Turned by ε, (1, 0) becomes (1, ε): 1 - 1/√(1 + ε²) = ε²/2 to within ε⁴, of which 1 - a·b/(‖a‖‖b‖) would leave 4 digits.
#[test]
fn a_small_rotation_keeps_its_digits() {
    let turn = 2f32.powi(-20);
    let found = WeightDistance::of([("w", [1.0_f32, 0.0])], [("w", [1.0_f32, turn])]).unwrap().all;
    let expected = 2f64.powi(-41);
    assert!((found.cosine_distance.unwrap() / expected - 1.0).abs() < 1e-9, "{found:?}");
    near(found.relative_l2.unwrap(), f64::from(turn));
}

#[test]
fn scaling_keeps_the_cosine_distance_and_negation_makes_it_two() {
    let weights: Vec<f32> = (0..5000u16).map(|i| f32::from(i).sin()).collect();
    let times = |factor: f32| {
        let scaled: Vec<f32> = weights.iter().map(|x| x * factor).collect();
        WeightDistance::of([("w", &weights)], [("w", scaled)]).unwrap().all
    };
    assert_eq!((times(1.0).l2, times(1.0).cosine_distance), (0.0, Some(0.0)));
    near(times(4.0).cosine_distance.unwrap(), 0.0);
    near(times(4.0).relative_l2.unwrap(), 3.0);
    near(times(-0.5).cosine_distance.unwrap(), 2.0);
    let zero = times(0.0);
    assert_eq!((zero.relative_l2, zero.cosine_distance), (Some(1.0), None));
    let from_zero = WeightDistance::of([("w", [0.0_f32])], [("w", [1.0_f32])]).unwrap().all;
    assert_eq!((from_zero.l2, from_zero.relative_l2, from_zero.cosine_distance), (1.0, None, None));
    // Squares that float32 does not hold.
    let large = WeightDistance::of([("w", [3e38_f32])], [("w", [-3e38_f32])]).unwrap().all;
    near(large.relative_l2.unwrap(), 2.0);
}

#[test]
fn weights_that_do_not_match_are_named() {
    type Model<'a> = Vec<(&'a str, Vec<f32>)>;
    let of = |first: Model, second: Model| WeightDistance::of(first, second).unwrap_err();
    let (a, b) = (("a", vec![1.0_f32, 2.0]), ("b", vec![3.0_f32]));
    let (name, side) = (|name: &str| name.to_owned(), |error: &Error| error.to_string());
    let only = of(vec![a.clone(), b.clone()], vec![a.clone()]);
    assert_eq!(only, Error::TensorMissing { name: name("b"), side: "first" });
    assert_eq!(side(&only), "tensor b: only the first model has it");
    let only = of(vec![a.clone()], vec![b.clone(), a.clone()]);
    assert_eq!(only, Error::TensorMissing { name: name("b"), side: "second" });
    let twice = of(vec![a.clone(), a.clone()], vec![a.clone()]);
    assert_eq!(twice, Error::TensorTwice { name: name("a"), side: "first" });
    let twice = of(vec![a.clone()], vec![a.clone(), a.clone()]);
    assert_eq!(twice, Error::TensorTwice { name: name("a"), side: "second" });
    let size = of(vec![a.clone()], vec![("a", vec![1.0])]);
    assert_eq!(size, Error::TensorSize { name: name("a"), first: 2, second: 1 });
    let value = of(vec![a.clone()], vec![("a", vec![1.0, f32::INFINITY])]);
    assert_eq!(value, Error::TensorValue { name: name("a"), element: 2, side: "second", value: f32::INFINITY });
    assert!(matches!(of(vec![("a", vec![f32::NAN])], vec![("a", vec![1.0])]), Error::TensorValue { .. }));
    assert_eq!(of(vec![], vec![]), Error::Empty("tensors"));
    let hostile = of(vec![("\u{1b}[31m", vec![1.0])], vec![]).to_string();
    assert!(!hostile.contains('\u{1b}'), "{hostile}");
}

/// i, j = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"); ((i * a + j * j * b + i * j) % 11) / 4
fn matrix(rows: u16, columns: u16, a: u16, b: u16) -> Vec<f32> {
    let value = |i: u16, j: u16| f32::from((i * a + j * j * b + i * j) % 11) / 4.0;
    (0..rows).flat_map(|i| (0..columns).map(move |j| value(i, j))).collect()
}

fn random(values: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..values).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// c = lambda m: m - m.mean(0); f = lambda a, b: np.linalg.norm(c(b).T @ c(a))**2; f(x, y) / np.sqrt(f(x, x) * f(y, y))
///
/// Debiased, with kernels as Song et al. define the estimator:
/// def h(a, b):
///     n, k, l, u = len(a), a @ a.T, b @ b.T, np.ones(len(a))
///     np.fill_diagonal(k, 0); np.fill_diagonal(l, 0)
///     return (np.trace(k @ l) + (u @ k @ u) * (u @ l @ u) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (u @ k @ l @ u)) / (n * (n - 3))
/// h(x, y) / np.sqrt(h(x, x) * h(y, y))
#[test]
fn alignment_equals_that_of_numpy() {
    let (x, y) = (matrix(9, 3, 7, 3), matrix(9, 5, 5, 2));
    near(linear_cka(9, &x, &y).unwrap(), 0.18314465290742085);
    near(debiased_linear_cka(9, &x, &y).unwrap(), -0.3607631397002747);
    near(linear_cka(9, &y, &x).unwrap(), 0.18314465290742085);
}

#[test]
fn alignment_is_invariant_to_rotations_scales_and_shifts() {
    let (x, y) = (random(40 * 6, 1), random(40 * 6, 2));
    // Columns 1 and 2, and 4 and 5 turned; everything 8 times as large, and shifted.
    let turned: Vec<f32> = x
        .chunks(6)
        .flat_map(|row| {
            let [a, b, c, d, e, f] = row else { panic!("six columns") };
            [0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b, *c, 0.28 * d - 0.96 * e, 0.96 * d + 0.28 * e, *f]
        })
        .map(|value| 8.0 * value + 3.0)
        .collect();
    for cka in [linear_cka, debiased_linear_cka] {
        let [same, other, of_turned] =
            [cka(40, &x, &turned), cka(40, &x, &y), cka(40, &turned, &y)].map(|found| found.unwrap());
        // What is turned is rounded to float32.
        assert!((same - 1.0).abs() < 1e-6, "{same}");
        assert!((of_turned - other).abs() < 1e-6, "{of_turned} {other}");
        assert!(other.abs() < 0.5, "{other}");
    }
}

/// With more features than rows, unrelated states look much alike, and not when debiased.
#[test]
fn debiased_alignment_of_unrelated_states_is_zero() {
    let (mut plain, mut debiased) = (0.0, 0.0);
    for seed in 0..20 {
        let (x, y) = (random(30 * 64, 10 + seed), random(30 * 64, 1000 + seed));
        plain += linear_cka(30, &x, &y).unwrap() / 20.0;
        debiased += debiased_linear_cka(30, &x, &y).unwrap() / 20.0;
    }
    assert!(plain > 0.6, "{plain}");
    assert!(debiased.abs() < 0.02, "{debiased}");
}

/// One-hot rows: whatever their number, no two are nearer to each other than the rest, which is all that rounding may leave.
#[test]
fn equidistant_states_are_rejected_when_debiased() {
    for rows in 4..20_usize {
        let one_hot: Vec<f32> = (0..rows * rows).map(|place| if place % (rows + 1) == 0 { 1.0 } else { 0.0 }).collect();
        let found = debiased_linear_cka(rows, &one_hot, &random(rows * 3, 5));
        assert!(matches!(found, Err(Error::Constant(_))), "{rows}: {found:?}");
        assert!(linear_cka(rows, &one_hot, &one_hot).is_ok());
    }
}

#[test]
fn invalid_states_are_rejected() {
    for (cka, least) in [(linear_cka as fn(usize, &[f32], &[f32]) -> _, 2), (debiased_linear_cka, 4)] {
        let fine = random(least * 3, 1);
        let few = cka(least - 1, &fine, &fine);
        assert!(matches!(few, Err(Error::TooFew { .. })), "{few:?}");
        assert!(cka(least, &fine, &fine).is_ok());
        assert!(matches!(cka(least, &fine, &[]), Err(Error::Option { option: "rows", .. })));
        assert!(matches!(cka(least, &fine[1..], &fine), Err(Error::Option { option: "rows", .. })));
        assert!(matches!(cka(least, &vec![0.1; least * 3], &fine), Err(Error::Constant(_))));
        let mut wrong = fine.clone();
        wrong[4] = f32::NAN;
        assert!(matches!(cka(least, &fine, &wrong), Err(Error::Value { row: 2, .. })));
    }
}
