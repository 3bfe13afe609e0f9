//! Distances between policies, compared with closed forms and with second, plain implementations.
// Matrices are written as in formulas, with indices.
#![allow(clippy::unwrap_used, clippy::needless_range_loop)]

use align_base::random::generator;
use align_metrics::{
    Clusters, EnergyDistance, Error, LinearPredictivity, Mmd, PairwiseDistances, PermutationTest, Samples,
    SlicedWasserstein, average_linkage, jensen_shannon_divergence, kl_divergence, median_distance,
    total_variation_distance,
};
use rand::RngExt;
use rand_distr::StandardNormal;

/// Normal numbers, a function of the seed.
fn normals(seed: u64, count: usize) -> Vec<f32> {
    let mut rng = generator(seed, "test", 0);
    (0..count).map(|_| rng.sample(StandardNormal)).collect()
}

fn shifted(values: &[f32], by: &[f32]) -> Vec<f32> {
    values.iter().zip(by.iter().cycle()).map(|(x, s)| x + s).collect()
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, expected {expected}");
}

fn squared(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
}

/// The mean of `of` over all pairs of rows, without equal indices if both samples are the same.
fn plain_mean(a: &Samples, b: &Samples, same: bool, of: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for i in 0..a.rows() {
        for j in 0..b.rows() {
            if !same || i != j {
                sum += of(squared(a.row(i), b.row(j)));
                count += 1.0;
            }
        }
    }
    sum / count
}

#[test]
fn the_mmd_and_the_energy_distance_are_those_of_a_plain_implementation() {
    let (x, y) = (normals(1, 30), shifted(&normals(2, 21), &[0.5, -1.0, 0.2]));
    let (x, y) = (Samples::new(3, &x).unwrap(), Samples::new(3, &y).unwrap());
    let mmd = Mmd::new(&x, &y).unwrap();
    let mut distances: Vec<f64> = Vec::new();
    for i in 0..17 {
        for j in i + 1..17 {
            let row = |at: usize| if at < 10 { x.row(at) } else { y.row(at - 10) };
            distances.push(squared(row(i), row(j)).sqrt());
        }
    }
    distances.sort_by(f64::total_cmp);
    let median = (distances[67] + distances[68]) / 2.0;
    near(mmd.bandwidth(), median, 1e-6, "bandwidth");
    let kernel = |squared: f64| (-squared / (2.0 * median * median)).exp();
    let expected =
        plain_mean(&x, &x, true, kernel) + plain_mean(&y, &y, true, kernel) - 2.0 * plain_mean(&x, &y, false, kernel);
    near(mmd.squared(), expected, 1e-6, "MMD");
    let expected = 2.0 * plain_mean(&x, &y, false, f64::sqrt)
        - plain_mean(&x, &x, true, f64::sqrt)
        - plain_mean(&y, &y, true, f64::sqrt);
    near(EnergyDistance::new(&x, &y).unwrap().value(), expected, 1e-6, "energy distance");
    // The kernel of two points, each twice, is known.
    let (twice, far) = (Samples::new(1, &[0.0, 0.0]).unwrap(), Samples::new(1, &[2.0, 2.0]).unwrap());
    let expected = 2.0 - 2.0 * (-2.0_f64).exp();
    near(Mmd::with_bandwidth(&twice, &far, 1.0).unwrap().squared(), expected, 1e-12, "MMD of points");
    near(Mmd::new(&twice, &twice).unwrap().squared(), 0.0, 0.0, "MMD of equal points");
}

#[test]
fn the_bandwidth_is_the_median_distance() {
    // The distances are 1, 2, 3, 4, 6 and 7, so the median is 3.5; the root of the median square would be √12.5.
    let (x, y) = ([0.0, 1.0], [3.0, 7.0]);
    let of = |values: &'static [f32]| Samples::new(1, values).unwrap();
    let mmd = Mmd::new(&Samples::new(1, &x).unwrap(), &Samples::new(1, &y).unwrap()).unwrap();
    assert_eq!(mmd.bandwidth(), 3.5);
    assert_eq!(median_distance(&of(&[0.0, 1.0, 3.0, 7.0]), 0), Some(3.5));
    assert_eq!(median_distance(&of(&[2.0, 2.0]), 0), None);
    // Of many vectors, it is that of a seeded sample: for normal numbers, √2 times their 75th percentile.
    let many = normals(12, 5000);
    let many = Samples::new(1, &many).unwrap();
    let (found, other) = (median_distance(&many, 1).unwrap(), median_distance(&many, 2).unwrap());
    near(found, 2.0f64.sqrt() * 0.6745, 0.06, "median of many");
    assert!(found != other && median_distance(&many, 1) == Some(found));
}

#[test]
fn samples_whose_distances_do_not_fit_memory_are_rejected() {
    let values = vec![0.0; PairwiseDistances::MOST_VECTORS];
    let (many, two) = (Samples::new(1, &values).unwrap(), Samples::new(1, &[0.0, 1.0]).unwrap());
    let error = PairwiseDistances::new(&many, &two).unwrap_err().to_string();
    assert_eq!(error, "vectors: expected at most 16000 in both samples, whose distances take 1 GB, found 16002");
}

#[test]
fn the_mmd_and_the_energy_distance_are_zero_on_average_for_one_distribution() {
    let draws: Vec<[f64; 2]> = (0..400)
        .map(|seed| {
            let (x, y) = (normals(2 * seed, 24), normals(2 * seed + 1, 30));
            let (x, y) = (Samples::new(2, &x).unwrap(), Samples::new(2, &y).unwrap());
            // One kernel for all draws: the median of a draw depends on it.
            [Mmd::with_bandwidth(&x, &y, 1.5).unwrap().squared(), EnergyDistance::new(&x, &y).unwrap().value()]
        })
        .collect();
    for of in 0..2 {
        let mean = draws.iter().map(|draw| draw[of]).sum::<f64>() / 400.0;
        let variance = draws.iter().map(|draw| (draw[of] - mean).powi(2)).sum::<f64>() / 399.0;
        let error = (variance / 400.0).sqrt();
        assert!(mean.abs() < 3.5 * error, "{mean} ± {error}");
        assert!(draws.iter().any(|draw| draw[of] < 0.0));
    }
}

#[test]
fn the_sliced_wasserstein_distance_of_shifted_samples_is_the_shift() {
    let x = normals(3, 40);
    let of = |columns: usize, y: &[f32], projections: usize| {
        let (x, y) = (Samples::new(columns, &x).unwrap(), Samples::new(columns, y).unwrap());
        SlicedWasserstein::new(&x, &y, projections, 7).unwrap().value()
    };
    near(of(1, &shifted(&x, &[2.5]), 3), 2.5, 1e-6, "shift in one dimension");
    assert_eq!(of(1, &x, 3), 0.0);
    // In d dimensions the mean squared projection of a unit vector is 1/d.
    near(of(4, &shifted(&x, &[3.0, 0.0, 0.0, 0.0]), 20_000), 1.5, 0.03, "shift in four dimensions");
}

#[test]
fn the_sliced_wasserstein_distance_of_samples_of_different_sizes_is_that_of_repeated_ones() {
    let (x, y) = ([0.0_f32, 1.0], [0.5_f32, 2.0, 7.0]);
    let repeat = |values: &[f32], times: usize| -> Vec<f32> { values.iter().flat_map(|v| vec![*v; times]).collect() };
    let of = |x: &[f32], y: &[f32]| {
        SlicedWasserstein::new(&Samples::new(1, x).unwrap(), &Samples::new(1, y).unwrap(), 2, 0).unwrap().value()
    };
    near(of(&x, &y), of(&repeat(&x, 3), &repeat(&y, 2)), 1e-12, "repeated");
    // Quantiles: 0 0 0 1 1 1 and 0.5 0.5 2 2 7 7.
    let expected = ((0.25 + 0.25 + 4.0 + 1.0 + 36.0 + 36.0) / 6.0_f64).sqrt();
    near(of(&x, &y), expected, 1e-6, "by hand");
}

/// The largest distance of the empirical distribution of p-values from the uniform one.
fn distance_from_uniform(mut p_values: Vec<f64>) -> f64 {
    p_values.sort_by(f64::total_cmp);
    let count = p_values.len() as f64;
    p_values
        .iter()
        .enumerate()
        .map(|(i, p)| (p - (i + 1) as f64 / count).abs().max((p - i as f64 / count).abs()))
        .fold(0.0, f64::max)
}

#[test]
fn p_values_are_uniform_for_one_distribution() {
    // Each prompt has its own mean, four texts of each model, and texts far from those of other prompts.
    let prompts: Vec<usize> = (0..16).map(|row| row / 4).chain((0..16).map(|row| row / 4)).collect();
    let clusters = Clusters::by(&prompts);
    let p_value = |seed: u64, shift: f32| {
        let values = normals(seed, 64);
        let rows: Vec<f32> = values
            .iter()
            .enumerate()
            .map(|(at, value)| value + 20.0 * prompts[at / 2] as f32 + if at < 32 { 0.0 } else { shift })
            .collect();
        let (x, y) = (Samples::new(2, &rows[..32]).unwrap(), Samples::new(2, &rows[32..]).unwrap());
        let energy = EnergyDistance::new(&x, &y).unwrap();
        let test = PermutationTest { permutations: 99, seed };
        [Some(&clusters), None].map(|prompts| test.p_value(16, 16, prompts, |split| energy.of_split(split)).unwrap())
    };
    let null: Vec<f64> = (0..300).map(|seed| p_value(seed, 0.0)[0]).collect();
    // The 1% point of Kolmogorov's statistic is 1.63 / √300 = 0.094, to which the steps of the p-value add 0.01.
    let distance = distance_from_uniform(null);
    assert!(distance < 0.104, "{distance}");
    // A shift that is small beside the differences between prompts is found only by permutations within prompts.
    let found: Vec<[f64; 2]> = (0..20).map(|seed| p_value(seed, 1.5)).collect();
    assert!(found.iter().filter(|p| p[0] <= 0.05).count() >= 18, "{found:?}");
    assert!(found.iter().filter(|p| p[1] <= 0.05).count() <= 5, "{found:?}");
}

#[test]
fn the_p_value_is_the_share_of_splits_that_are_as_far_apart() {
    // Of the six splits of 1, 2, 11, 12 into two and two, the observed one and its mirror image have the largest difference of means.
    let values = [1.0, 2.0, 11.0, 12.0];
    let difference = |is_first: &[bool]| {
        values.iter().zip(is_first).map(|(x, is_first)| if *is_first { *x } else { -x }).sum::<f64>().abs()
    };
    let test = PermutationTest { permutations: 5000, seed: 4 };
    near(test.p_value(2, 2, None, difference).unwrap(), 1.0 / 3.0, 0.03, "two of six");
    assert_eq!(test.p_value(2, 2, None, difference), test.p_value(2, 2, None, difference));
    // Swaps within two pairs give four splits, of which two are as far apart.
    let pairs = Clusters::by(&[0, 1, 0, 1]);
    near(test.p_value(2, 2, Some(&pairs), difference).unwrap(), 0.5, 0.03, "two of four");
    assert_eq!(test.p_value(2, 2, None, |_| 0.0).unwrap(), 1.0);
}

#[test]
fn divergences_of_distributions_have_their_bounds() {
    let mut rng = generator(1, "test", 0);
    for _ in 0..200 {
        let mut draw = || {
            let power = rng.random_range(0.1..8.0);
            let weights: Vec<f64> = (0..6).map(|_| rng.random::<f64>().powf(power)).collect();
            let sum: f64 = weights.iter().sum();
            weights.iter().map(|w| w / sum).collect::<Vec<f64>>()
        };
        let (p, q) = (draw(), draw());
        let (kl, js) = (kl_divergence(&p, &q).unwrap(), jensen_shannon_divergence(&p, &q).unwrap());
        let tv = total_variation_distance(&p, &q).unwrap();
        assert!((0.0..=2.0f64.ln()).contains(&js) && (0.0..=1.0).contains(&tv));
        assert!(tv <= (kl / 2.0).sqrt() + 1e-12, "Pinsker");
        // The entropy of the mixture minus the mean entropy.
        let entropy = |p: &[f64]| -> f64 { p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum() };
        let mixture: Vec<f64> = p.iter().zip(&q).map(|(p, q)| (p + q) / 2.0).collect();
        near(js, entropy(&mixture) - (entropy(&p) + entropy(&q)) / 2.0, 1e-12, "Jensen-Shannon");
        near(js, jensen_shannon_divergence(&q, &p).unwrap(), 1e-12, "symmetry");
        assert_eq!(kl_divergence(&p, &p).unwrap(), 0.0);
    }
    assert_eq!(kl_divergence(&[0.5, 0.5], &[1.0, 0.0]).unwrap(), f64::INFINITY);
}

#[test]
fn each_merge_joins_the_clusters_with_the_smallest_mean_distance() {
    let mut rng = generator(2, "test", 0);
    for items in [1, 2, 5, 9] {
        let mut distances = vec![vec![0.0; items]; items];
        for i in 0..items {
            for j in 0..i {
                distances[i][j] = rng.random_range(0.0..10.0);
                distances[j][i] = distances[i][j];
            }
        }
        let merges = average_linkage(&distances).unwrap();
        assert_eq!(merges.len(), items - 1);
        let mut clusters: Vec<Option<Vec<usize>>> = (0..items).map(|item| Some(vec![item])).collect();
        let mean = |a: &[usize], b: &[usize]| {
            let sum: f64 = a.iter().flat_map(|i| b.iter().map(|j| distances[*i][*j])).sum();
            sum / (a.len() * b.len()) as f64
        };
        for merge in merges {
            let open: Vec<&Vec<usize>> = clusters.iter().flatten().collect();
            let smallest = open
                .iter()
                .enumerate()
                .flat_map(|(at, a)| open[..at].iter().map(move |b| mean(a, b)))
                .fold(f64::INFINITY, f64::min);
            near(merge.height, smallest, 1e-9, "height");
            let [a, b] = merge.clusters.map(|cluster| clusters[cluster].take().unwrap());
            near(mean(&a, &b), smallest, 1e-9, "joined clusters");
            assert_eq!(merge.items, a.len() + b.len());
            clusters.push(Some([a, b].concat()));
        }
    }
}

#[test]
fn invalid_inputs_are_rejected() {
    let samples = |columns: usize, values: &'static [f32]| Samples::new(columns, values).unwrap();
    let (one, two, wide) = (samples(1, &[1.0]), samples(1, &[1.0, 2.0]), samples(2, &[1.0, 2.0, 3.0, 4.0]));
    let too_few = |error: Error| assert!(matches!(error, Error::TooFew { .. }), "{error}");
    let option = |error: Error| assert!(matches!(error, Error::Option { .. }), "{error}");
    option(Samples::new(0, &[1.0]).unwrap_err());
    option(Samples::new(2, &[1.0]).unwrap_err());
    assert!(Samples::new(1, &[f32::NAN]).is_err());
    too_few(Mmd::new(&one, &two).unwrap_err());
    option(Mmd::new(&two, &wide).unwrap_err());
    option(Mmd::with_bandwidth(&two, &two, 0.0).unwrap_err());
    too_few(EnergyDistance::new(&two, &one).unwrap_err());
    option(SlicedWasserstein::new(&two, &two, 0, 0).unwrap_err());
    let test = PermutationTest { permutations: 0, seed: 0 };
    option(test.p_value(1, 1, None, |_| 0.0).unwrap_err());
    for (first, second, prompts) in [(2, 0, None), (0, 2, None), (2, 0, Some(Clusters::by(&[0, 1])))] {
        let error = PermutationTest::default().p_value(first, second, prompts.as_ref(), |_| 0.0).unwrap_err();
        assert_eq!(error.to_string(), "there are no rows of one of the two samples: nothing to compute from");
    }
    let apart = Clusters::by(&[0, 0, 1, 1]);
    too_few(PermutationTest::default().p_value(2, 2, Some(&apart), |_| 0.0).unwrap_err());
    let predictivity = |folds: usize, ridge: f64| LinearPredictivity { folds, ridge }.r_squared(&two, &two, None);
    option(predictivity(1, 0.1).unwrap_err());
    option(predictivity(2, 0.0).unwrap_err());
    too_few(predictivity(3, 0.1).unwrap_err());
    let constant = samples(1, &[1.0, 1.0]);
    let found = LinearPredictivity { folds: 2, ridge: 0.1 }.r_squared(&two, &constant, None).unwrap_err();
    assert!(matches!(found, Error::Constant(_)), "{found}");
    assert!(kl_divergence(&[1.0], &[0.5, 0.5]).is_err());
    assert!(kl_divergence(&[1.5, -0.5], &[0.5, 0.5]).is_err());
    option(kl_divergence(&[0.5, 0.4], &[0.5, 0.5]).unwrap_err());
    assert!(average_linkage::<Vec<f64>>(&[]).is_err());
    assert!(average_linkage(&[vec![0.0, 1.0], vec![2.0, 0.0]]).is_err());
    assert!(average_linkage(&[vec![0.0, -1.0], vec![-1.0, 0.0]]).is_err());
}
