use serde::{Deserialize, Serialize};

/// Which values of a measure are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Lower values.
    Lower,
    /// Higher values.
    Higher,
}

impl Better {
    /// The number or its negative, so that higher is better.
    pub(crate) fn gain(self, number: f64) -> f64 {
        match self {
            Self::Lower => -number,
            Self::Higher => number,
        }
    }
}

/// The better direction of both axes of a scatter plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParetoDirections {
    /// The horizontal axis.
    pub x: Better,
    /// The vertical axis.
    pub y: Better,
}

/// The points that no other point dominates, from the best to the worst on the horizontal axis. A point dominates
/// another if it is at least as good in both measures and better in one. Equal points are all on the front or all not.
pub(crate) fn pareto_front(points: &[(f64, f64)], directions: ParetoDirections) -> Vec<usize> {
    let gains = |&(x, y): &(f64, f64)| (directions.x.gain(x), directions.y.gain(y));
    let mut order: Vec<(usize, (f64, f64))> = points.iter().map(gains).enumerate().collect();
    order.sort_by(|(_, (x1, y1)), (_, (x2, y2))| x2.total_cmp(x1).then(y2.total_cmp(y1)));
    let mut front: Vec<(usize, (f64, f64))> = Vec::new();
    for (index, gains) in order {
        // The earlier points are at least as good on the horizontal axis. The last point kept is their best on the
        // vertical axis.
        let is_on_it = front.last().is_none_or(|(_, best)| gains.1 > best.1 || gains == *best);
        if is_on_it {
            front.push((index, gains));
        }
    }
    front.into_iter().map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_undominated() {
        // By hand: (2, 1) is dominated by (1, 1), (3, 0) by all earlier points, and the two (4, 3) are equal.
        let points = [(4.0, 3.0), (1.0, 1.0), (2.0, 1.0), (3.0, 0.0), (3.0, 2.0), (4.0, 3.0), (0.0, 0.0)];
        let directions = ParetoDirections { x: Better::Lower, y: Better::Higher };
        assert_eq!(pareto_front(&points, directions), [6, 1, 4, 0, 5]);
        let directions = ParetoDirections { x: Better::Higher, y: Better::Higher };
        assert_eq!(pareto_front(&points, directions), [0, 5]);
        assert!(pareto_front(&[], directions).is_empty());
    }

    #[test]
    fn the_front_matches_the_definition() {
        // Points on a coarse grid, so that many are equal in one measure.
        let points: Vec<(f64, f64)> = (0..200u32).map(|i| (f64::from(i * 37 % 17), f64::from(i * 61 % 13))).collect();
        for (x, y) in
            [(Better::Lower, Better::Higher), (Better::Higher, Better::Lower), (Better::Higher, Better::Higher)]
        {
            let gain = |i: usize| (x.gain(points[i].0), y.gain(points[i].1));
            let dominated = |i: usize| {
                (0..points.len()).any(|j| gain(j) != gain(i) && gain(j).0 >= gain(i).0 && gain(j).1 >= gain(i).1)
            };
            let mut front = pareto_front(&points, ParetoDirections { x, y });
            front.sort_unstable();
            assert_eq!(front, (0..points.len()).filter(|&i| !dominated(i)).collect::<Vec<_>>());
        }
    }
}
