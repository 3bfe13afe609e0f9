use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Nearer to a break than this part of the stretch between two breaks, a crossing is at the break itself.
const AT_A_BREAK: f64 = 1e-9;

/// Values whose difference is this small a part of them differ by rounding alone.
const ROUNDING: f64 = 1e-12;

/// A measured point of a curve, such as a run's reward (y) at its divergence from the reference (x), with the confidence
/// interval of y.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Where the curve is measured.
    pub x: f64,
    /// Its value there; more is better.
    pub y: f64,
    /// The lower end of the value's interval.
    pub y_low: f64,
    /// The upper end of the value's interval.
    pub y_high: f64,
}

/// Which of several curves is on top over a stretch of x.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// Where the stretch begins.
    pub x_low: f64,
    /// Where it ends.
    pub x_high: f64,
    /// The curves that were measured there, which are all that it speaks of: indices, ascending, at least two.
    pub compared: Vec<usize>,
    /// The curve on top; none where the topmost are the same line.
    pub leader: Option<usize>,
    /// Whether the leader's interval lies above every other's. Where it does not, the lead may be chance.
    pub beyond_intervals: bool,
}

/// Which curve is on top where, by linear interpolation of values and of their intervals' ends between the points.
///
/// The stretches ascend. They end where a curve begins or ends, where two curves cross, and where intervals part or meet.
/// Outside of its own points a curve takes no part, and where fewer than two curves are there is no stretch.
///
/// ```
/// use align_metrics::{CurvePoint, leads};
/// let line = |from: (f64, f64), to: (f64, f64)| {
///     [from, to].map(|(x, y)| CurvePoint { x, y, y_low: y - 0.5, y_high: y + 0.5 })
/// };
/// // They cross at x = 2; their intervals overlap where they are less than 1 apart, from x = 1 to 3.
/// let found = leads(&[line((0.0, 0.0), (4.0, 4.0)), line((0.0, 2.0), (5.0, 2.0))])?;
/// let stretches: Vec<_> = found.iter().map(|s| (s.x_low, s.x_high, s.leader, s.beyond_intervals)).collect();
/// assert_eq!(stretches, [
///     (0.0, 1.0, Some(1), true), (1.0, 2.0, Some(1), false), (2.0, 3.0, Some(0), false), (3.0, 4.0, Some(0), true),
/// ]);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// Fewer than two curves or points of a curve, numbers that are not finite, x that do not ascend, or a value outside its
/// interval.
pub fn leads<C: AsRef<[CurvePoint]>>(curves: &[C]) -> Result<Vec<Lead>> {
    if curves.len() < 2 {
        return Err(Error::TooFew { what: "curves, to compare them", least: 2, found: curves.len() });
    }
    curves.iter().enumerate().try_for_each(|(at, curve)| check(at + 1, curve.as_ref()))?;
    let mut breaks: Vec<f64> = curves.iter().flat_map(|curve| curve.as_ref().iter().map(|point| point.x)).collect();
    breaks.sort_unstable_by(f64::total_cmp);
    breaks.dedup();
    let mut found: Vec<Lead> = Vec::new();
    for (start, end) in breaks.iter().copied().zip(breaks.iter().copied().skip(1)) {
        let lines: Vec<Line> =
            curves.iter().enumerate().filter_map(|(at, curve)| Line::of(at, curve.as_ref(), start, end)).collect();
        if lines.len() < 2 {
            continue;
        }
        let cuts = cuts(&lines);
        for (from, to) in cuts.iter().copied().zip(cuts.iter().copied().skip(1)) {
            let (leader, beyond_intervals) = top(&lines, f64::midpoint(from, to));
            let compared = lines.iter().map(|line| line.curve).collect();
            let next = Lead {
                x_low: lerp(start, end, from),
                x_high: lerp(start, end, to),
                compared,
                leader,
                beyond_intervals,
            };
            match found.last_mut() {
                Some(last) if last.continues_in(&next) => last.x_high = next.x_high,
                _ => found.push(next),
            }
        }
    }
    Ok(found)
}

impl Lead {
    fn continues_in(&self, next: &Self) -> bool {
        self.x_high == next.x_low
            && (&self.compared, self.leader, self.beyond_intervals)
                == (&next.compared, next.leader, next.beyond_intervals)
    }
}

/// A curve between two neighbouring breaks, where it is straight.
struct Line {
    curve: usize,
    y: [f64; 2],
    low: [f64; 2],
    high: [f64; 2],
}

impl Line {
    /// The curve from `start` to `end`, if its points reach over both.
    fn of(curve: usize, points: &[CurvePoint], start: f64, end: f64) -> Option<Self> {
        let after = points.partition_point(|point| point.x <= start);
        let (left, right) = (points.get(after.checked_sub(1)?)?, points.get(after)?);
        let at = |x: f64, of: fn(&CurvePoint) -> f64| lerp(of(left), of(right), (x - left.x) / (right.x - left.x));
        let ends = |of: fn(&CurvePoint) -> f64| [at(start, of), at(end, of)];
        Some(Self { curve, y: ends(|p| p.y), low: ends(|p| p.y_low), high: ends(|p| p.y_high) })
    }
}

/// Where the stretch between two breaks is to be cut, from 0 (its start) to 1: at each crossing of two curves, or of
/// the end of one's interval with the other end of another's.
fn cuts(lines: &[Line]) -> Vec<f64> {
    let crossing = |a: [f64; 2], b: [f64; 2]| {
        let [start, end] = [a[0] - b[0], a[1] - b[1]];
        let place = start / (start - end);
        (place > AT_A_BREAK && place < 1.0 - AT_A_BREAK).then_some(place)
    };
    let mut cuts = vec![0.0, 1.0];
    for a in lines {
        for b in lines.iter().filter(|b| b.curve != a.curve) {
            cuts.extend(crossing(a.y, b.y).into_iter().chain(crossing(a.low, b.high)));
        }
    }
    cuts.sort_unstable_by(f64::total_cmp);
    cuts.dedup_by(|later, earlier| *later - *earlier < AT_A_BREAK);
    cuts
}

/// The topmost line at a place between the ends, if it is one alone, and whether its interval is above the others'.
fn top(lines: &[Line], place: f64) -> (Option<usize>, bool) {
    let at = |ends: [f64; 2]| lerp(ends[0], ends[1], place);
    let Some(best) = lines.iter().max_by(|a, b| at(a.y).total_cmp(&at(b.y))) else { return (None, false) };
    let mut others = lines.iter().filter(|line| line.curve != best.curve);
    let same = |line: &Line| at(best.y) - at(line.y) <= ROUNDING * at(best.y).abs().max(at(line.y).abs());
    if others.clone().any(same) {
        return (None, false);
    }
    (Some(best.curve), others.all(|line| at(line.high) < at(best.low)))
}

/// Linear interpolation, exact at both ends.
fn lerp(start: f64, end: f64, place: f64) -> f64 {
    start * (1.0 - place) + end * place
}

fn check(curve: usize, points: &[CurvePoint]) -> Result<()> {
    if points.len() < 2 {
        return Err(Error::TooFew { what: "points of a curve", least: 2, found: points.len() });
    }
    let mut before = f64::NEG_INFINITY;
    for (at, CurvePoint { x, y, y_low, y_high }) in points.iter().enumerate() {
        let problem = if [x, y, y_low, y_high].iter().any(|number| !number.is_finite()) {
            "a number is not finite"
        } else if *x <= before {
            "its x is not above that of the point before: sort the points by x, with one at each"
        } else if !(y_low <= y && y <= y_high) {
            "its value is not within its interval"
        } else {
            before = *x;
            continue;
        };
        return Err(Error::Curve { curve, point: at + 1, problem });
    }
    Ok(())
}
