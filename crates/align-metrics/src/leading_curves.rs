use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A crossing closer to a breakpoint than this, relative to the distance between two breakpoints, is at the breakpoint.
const MIN_DISTANCE: f64 = 1e-9;

/// Values with a relative difference below this are equal up to rounding.
const ROUNDING: f64 = 1e-12;

/// A measured point of a curve, such as the reward (y) of a run at its KL divergence from the reference (x), with the confidence interval
/// of y.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The position.
    pub x: f64,
    /// The value; higher is better.
    pub y: f64,
    /// The lower end of the confidence interval.
    pub y_low: f64,
    /// The upper end of the confidence interval.
    pub y_high: f64,
}

/// The curve with the highest value on an interval of x.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadingCurve {
    /// The lower end of the interval.
    pub x_low: f64,
    /// The upper end of the interval.
    pub x_high: f64,
    /// The indices of the curves that were measured on the interval, ascending, at least two. Only these are compared.
    pub compared: Vec<usize>,
    /// The index of the highest curve; `None` if several highest curves coincide.
    pub leader: Option<usize>,
    /// Whether the confidence interval of the leader is above those of all others. If not, the lead may be due to chance.
    pub beyond_intervals: bool,
}

/// Finds the highest curve on each interval of x, by linear interpolation of the values and confidence intervals between the points.
///
/// The intervals are ascending. They are bounded by the ends of curves, crossings of curves, and points where confidence intervals begin
/// or cease to overlap. A curve takes part only within the range of its points. Where there are fewer than two curves, there is no
/// interval.
///
/// ```
/// use align_metrics::{CurvePoint, leading_curves};
/// let line = |from: (f64, f64), to: (f64, f64)| {
///     [from, to].map(|(x, y)| CurvePoint { x, y, y_low: y - 0.5, y_high: y + 0.5 })
/// };
/// // The curves cross at x = 2. Their confidence intervals overlap where they are less than 1 apart, from x = 1 to 3.
/// let found = leading_curves(&[line((0.0, 0.0), (4.0, 4.0)), line((0.0, 2.0), (5.0, 2.0))])?;
/// let stretches: Vec<_> = found.iter().map(|s| (s.x_low, s.x_high, s.leader, s.beyond_intervals)).collect();
/// assert_eq!(stretches, [
///     (0.0, 1.0, Some(1), true), (1.0, 2.0, Some(1), false), (2.0, 3.0, Some(0), false), (3.0, 4.0, Some(0), true),
/// ]);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// Fewer than two curves, a curve with fewer than two points, numbers that are not finite, x that do not ascend, or a value outside its
/// confidence interval.
pub fn leading_curves<C: AsRef<[CurvePoint]>>(curves: &[C]) -> Result<Vec<LeadingCurve>> {
    if curves.len() < 2 {
        return Err(Error::TooFew { what: "curves, to compare them", least: 2, found: curves.len() });
    }
    curves.iter().enumerate().try_for_each(|(at, curve)| check(at + 1, curve.as_ref()))?;
    let mut breaks: Vec<f64> = curves.iter().flat_map(|curve| curve.as_ref().iter().map(|point| point.x)).collect();
    breaks.sort_unstable_by(f64::total_cmp);
    breaks.dedup();
    let mut found: Vec<LeadingCurve> = Vec::new();
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
            let next = LeadingCurve {
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

impl LeadingCurve {
    fn continues_in(&self, next: &Self) -> bool {
        self.x_high == next.x_low
            && (&self.compared, self.leader, self.beyond_intervals)
                == (&next.compared, next.leader, next.beyond_intervals)
    }
}

/// The part of a curve between two adjacent breakpoints, where it is linear.
struct Line {
    curve: usize,
    y: [f64; 2],
    low: [f64; 2],
    high: [f64; 2],
}

impl Line {
    /// The curve from `start` to `end`, if its points cover both.
    fn of(curve: usize, points: &[CurvePoint], start: f64, end: f64) -> Option<Self> {
        let after = points.partition_point(|point| point.x <= start);
        let (left, right) = (points.get(after.checked_sub(1)?)?, points.get(after)?);
        let at = |x: f64, of: fn(&CurvePoint) -> f64| lerp(of(left), of(right), (x - left.x) / (right.x - left.x));
        let ends = |of: fn(&CurvePoint) -> f64| [at(start, of), at(end, of)];
        Some(Self { curve, y: ends(|p| p.y), low: ends(|p| p.y_low), high: ends(|p| p.y_high) })
    }
}

/// The relative positions, from 0 to 1, at which to divide the range between two breakpoints: at each crossing of two curves, and of the
/// lower end of one confidence interval with the upper end of another.
fn cuts(lines: &[Line]) -> Vec<f64> {
    let crossing = |a: [f64; 2], b: [f64; 2]| {
        let [start, end] = [a[0] - b[0], a[1] - b[1]];
        let place = start / (start - end);
        (place > MIN_DISTANCE && place < 1.0 - MIN_DISTANCE).then_some(place)
    };
    let mut cuts = vec![0.0, 1.0];
    for a in lines {
        for b in lines.iter().filter(|b| b.curve != a.curve) {
            cuts.extend(crossing(a.y, b.y).into_iter().chain(crossing(a.low, b.high)));
        }
    }
    cuts.sort_unstable_by(f64::total_cmp);
    cuts.dedup_by(|later, earlier| *later - *earlier < MIN_DISTANCE);
    cuts
}

/// The highest line at a relative position, if it is unique, and whether its confidence interval is above all others.
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
