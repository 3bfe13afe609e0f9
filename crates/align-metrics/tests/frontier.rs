//! Pareto fronts and curves of reward over divergence: worked examples, definitions checked on random points, and invalid inputs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_metrics::Direction::{Maximise, Minimise};
use align_metrics::{CurvePoint, Error, LeadingCurve, hypervolume, leading_curves, pareto_front};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Points on a coarse grid, so that many are equal in one coordinate or both.
fn grid<const N: usize>(points: usize, seed: u64) -> Vec<[f64; N]> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..points).map(|_| std::array::from_fn(|_| f64::from(rng.random_range(0..8)))).collect()
}

#[test]
fn the_front_consists_of_points_that_are_not_dominated() {
    let points: Vec<[f64; 3]> = grid(60, 1);
    let front = pareto_front(&points, &[Maximise, Minimise, Maximise]).unwrap();
    let dominates = |[a, b, c]: [f64; 3], [x, y, z]: [f64; 3]| a >= x && b <= y && c >= z && (a > x || b < y || c > z);
    for (index, point) in points.iter().enumerate() {
        let is_dominated = points.iter().any(|other| dominates(*other, *point));
        assert_eq!(front.contains(&index), !is_dominated, "{point:?}");
        // Whatever is off the front is dominated by something on it.
        assert!(!is_dominated || front.iter().any(|on| dominates(points[*on], *point)), "{point:?}");
    }
    assert!(front.is_sorted() && front.len() < points.len());
}

#[test]
fn equal_points_are_on_the_front_together() {
    let points = [[1.0, 1.0], [2.0, 2.0], [1.0, 1.0], [2.0, 2.5], [0.5, 1.0]];
    assert_eq!(pareto_front(&points, &[Maximise, Minimise]).unwrap(), [0, 1, 2]);
    assert_eq!(pareto_front(&points, &[Minimise, Maximise]).unwrap(), [3, 4]);
    assert_eq!(pareto_front(&[[f64::MIN, f64::MAX]], &[Maximise, Minimise]).unwrap(), [0]);
}

/// On a grid of whole numbers the area is the number of unit squares that some point dominates.
#[test]
fn hypervolume_counts_squares() {
    for seed in 0..20 {
        let points: Vec<[f64; 2]> = grid(6, 100 + seed);
        let squares = (0..64).filter(|square| {
            // Rewards above the reference's 1, divergences below its 7: the square from (x, y) to (x + 1, y - 1).
            let (x, y) = (f64::from(square % 8), f64::from(square / 8));
            x >= 1.0 && y <= 7.0 && points.iter().any(|[reward, kl]| *reward >= x + 1.0 && *kl <= y - 1.0)
        });
        let found = hypervolume(&points, &[Maximise, Minimise], &[1.0, 7.0]).unwrap();
        assert_eq!(found, squares.count() as f64, "{points:?}");
        let front = pareto_front(&points, &[Maximise, Minimise]).unwrap();
        let on_front: Vec<[f64; 2]> = front.iter().map(|index| points[*index]).collect();
        assert_eq!(found, hypervolume(&on_front, &[Maximise, Minimise], &[1.0, 7.0]).unwrap());
    }
    assert_eq!(hypervolume(&[[1.0, 5.0], [3.0, 7.0]], &[Maximise, Minimise], &[1.0, 7.0]).unwrap(), 0.0);
}

/// On a grid of whole numbers the volume is the number of unit cubes that some point dominates.
#[test]
fn hypervolume_counts_cubes() {
    for seed in 0..20 {
        let points: Vec<[f64; 4]> = grid(8, 200 + seed);
        let cubes = (0..8u32.pow(4)).filter(|cube| {
            let corner: [f64; 4] = std::array::from_fn(|axis| f64::from(cube / 8u32.pow(axis as u32) % 8));
            let [a, b, c, d] = corner;
            let is_beyond_reference = a >= 1.0 && b <= 6.0 && c >= 0.0 && d >= 2.0;
            is_beyond_reference
                && points.iter().any(|[w, x, y, z]| *w >= a + 1.0 && *x <= b - 1.0 && *y >= c + 1.0 && *z >= d + 1.0)
        });
        let directions = [Maximise, Minimise, Maximise, Maximise];
        let found = hypervolume(&points, &directions, &[1.0, 6.0, 0.0, 2.0]).unwrap();
        assert_eq!(found, cubes.count() as f64, "{points:?}");
    }
    assert_eq!(hypervolume(&[[3.0], [5.0]], &[Maximise], &[1.0]).unwrap(), 4.0);
}

#[test]
fn invalid_points_are_rejected() {
    let none: [[f64; 2]; 0] = [];
    assert_eq!(pareto_front(&none, &[Maximise; 2]), Err(Error::Empty("points")));
    assert_eq!(hypervolume(&none, &[Maximise; 2], &[0.0; 2]), Err(Error::Empty("points")));
    let nan = [[1.0, 2.0], [1.0, f64::NAN]];
    assert!(matches!(pareto_front(&nan, &[Maximise; 2]), Err(Error::Value { row: 2, .. })));
    assert!(matches!(hypervolume(&nan, &[Maximise; 2], &[0.0; 2]), Err(Error::Value { row: 2, .. })));
    assert!(matches!(hypervolume(&[[1.0; 2]], &[Maximise; 2], &[0.0, f64::INFINITY]), Err(Error::Value { .. })));
    assert!(matches!(hypervolume(&[[1e200; 2]], &[Maximise; 2], &[0.0; 2]), Err(Error::Overflow(..))));
    assert!(matches!(pareto_front(&[[1.0; 3]], &[Maximise; 2]), Err(Error::Count { .. })));
    assert!(matches!(hypervolume(&[[1.0; 2]], &[Maximise; 2], &[0.0]), Err(Error::Count { .. })));
    assert_eq!(hypervolume(&none, &[], &[]), Err(Error::Empty("directions")));
}

/// A curve with intervals of ± `half`.
fn curve(points: &[(f64, f64)], half: f64) -> Vec<CurvePoint> {
    points.iter().map(|(x, y)| CurvePoint { x: *x, y: *y, y_low: y - half, y_high: y + half }).collect()
}

fn lead(x_low: f64, x_high: f64, compared: &[usize], leader: Option<usize>, beyond_intervals: bool) -> LeadingCurve {
    LeadingCurve { x_low, x_high, compared: compared.to_vec(), leader, beyond_intervals }
}

/// A rises from 0 to 8 over [0, 8], B is 3 over [2, 6], C is 5 over [5, 12], all ± 0.25.
#[test]
fn three_curves_are_compared_where_they_were_measured() {
    let curves = [
        curve(&[(0.0, 0.0), (4.0, 4.0), (8.0, 8.0)], 0.25),
        curve(&[(2.0, 3.0), (6.0, 3.0)], 0.25),
        curve(&[(5.0, 5.0), (12.0, 5.0)], 0.25),
    ];
    assert_eq!(
        leading_curves(&curves).unwrap(),
        [
            lead(2.0, 2.5, &[0, 1], Some(1), true),
            lead(2.5, 3.0, &[0, 1], Some(1), false),
            lead(3.0, 3.5, &[0, 1], Some(0), false),
            lead(3.5, 5.0, &[0, 1], Some(0), true),
            // C begins at 5, where A meets it.
            lead(5.0, 5.5, &[0, 1, 2], Some(0), false),
            lead(5.5, 6.0, &[0, 1, 2], Some(0), true),
            lead(6.0, 8.0, &[0, 2], Some(0), true),
        ]
    );
}

/// Where two curves coincide there is no leader, and there is no interval in the gap between curves.
#[test]
fn coinciding_curves_have_no_leader() {
    let a = curve(&[(0.0, 0.1), (1.0, 0.3), (2.0, 0.7)], 0.0);
    let b = curve(&[(0.5, 0.2), (1.0, 0.3), (2.0, 0.9)], 0.0);
    let found = leading_curves(&[&a, &b]).unwrap();
    assert_eq!(found, [lead(0.5, 1.0, &[0, 1], None, false), lead(1.0, 2.0, &[0, 1], Some(1), true)]);
    let apart = [curve(&[(0.0, 1.0), (1.0, 1.0)], 0.1), curve(&[(1.0, 2.0), (2.0, 2.0)], 0.1)];
    assert_eq!(leading_curves(&apart).unwrap(), []);
}

/// Two curves that only touch do not change the leader.
#[test]
fn touching_is_not_crossing() {
    let a = curve(&[(0.0, 1.0), (1.0, 0.0), (2.0, 1.0)], 0.0);
    let b = curve(&[(0.0, 0.0), (2.0, 0.0)], 0.0);
    assert_eq!(leading_curves(&[a, b]).unwrap(), [lead(0.0, 2.0, &[0, 1], Some(0), true)]);
}

/// At random positions the intervals agree with interpolation.
#[test]
fn leads_agree_with_interpolation_everywhere() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut seen = [0; 3];
    for _ in 0..50 {
        let mut random = |count: usize| {
            let (mut x, mut points) = (rng.random_range(0.0..2.0), vec![]);
            for _ in 0..count {
                let y = rng.random_range(0.0..1.0);
                let (below, above) = (rng.random_range(0.0..0.3), rng.random_range(0.0..0.3));
                points.push(CurvePoint { x, y, y_low: y - below, y_high: y + above });
                x += rng.random_range(0.5..2.0);
            }
            points
        };
        let curves = [random(4), random(5), random(3)];
        let found = leading_curves(&curves).unwrap();
        for step in 0..200 {
            let x = f64::from(step) * 0.05 + 0.0123;
            let at = |curve: &[CurvePoint]| {
                let pair = curve.windows(2).find(|pair| pair[0].x <= x && x <= pair[1].x)?;
                let share = (x - pair[0].x) / (pair[1].x - pair[0].x);
                let of = |f: fn(&CurvePoint) -> f64| f(&pair[0]) + share * (f(&pair[1]) - f(&pair[0]));
                Some((of(|p| p.y), of(|p| p.y_low), of(|p| p.y_high)))
            };
            let mut there: Vec<_> = curves.iter().enumerate().filter_map(|(index, c)| Some((index, at(c)?))).collect();
            let stretch = found.iter().find(|stretch| stretch.x_low <= x && x <= stretch.x_high);
            if there.len() < 2 {
                assert_eq!(stretch, None);
                seen[0] += 1;
                continue;
            }
            let stretch = stretch.unwrap();
            assert_eq!(stretch.compared, there.iter().map(|(index, _)| *index).collect::<Vec<_>>());
            there.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0));
            assert_eq!(stretch.leader, Some(there[0].0));
            let is_beyond = there[1..].iter().all(|(_, other)| other.2 < there[0].1.1);
            assert_eq!(stretch.beyond_intervals, is_beyond, "{x}: {there:?}");
            seen[1 + usize::from(is_beyond)] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 100), "{seen:?}");
}

#[test]
fn invalid_curves_are_rejected() {
    let fine = curve(&[(0.0, 0.0), (1.0, 1.0)], 0.1);
    let with = |points: Vec<CurvePoint>| leading_curves(&[fine.clone(), points]).unwrap_err();
    assert!(matches!(leading_curves(std::slice::from_ref(&fine)), Err(Error::TooFew { found: 1, .. })));
    assert!(matches!(with(vec![]), Error::TooFew { .. }));
    assert!(matches!(with(curve(&[(0.0, 0.0)], 0.1)), Error::TooFew { .. }));
    assert!(matches!(with(curve(&[(0.0, 0.0), (1.0, f64::NAN)], 0.1)), Error::Curve { curve: 2, point: 2, .. }));
    assert!(matches!(with(curve(&[(0.0, 0.0), (0.0, 1.0)], 0.1)), Error::Curve { curve: 2, point: 2, .. }));
    assert!(matches!(with(curve(&[(1.0, 0.0), (0.0, 1.0)], 0.1)), Error::Curve { curve: 2, point: 2, .. }));
    let inverted = with(curve(&[(0.0, 0.0), (1.0, 1.0)], -0.1)).to_string();
    assert_eq!(inverted, "curve 2, point 1: its value is not within its interval");
}
