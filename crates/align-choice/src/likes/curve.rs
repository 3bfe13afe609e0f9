//! A distribution of one quantity as a table of its density and its distribution function, from which expected values and quantiles follow.
//!
//! A share of likes is represented by its log-odds `u`, a rate by its logarithm. There the densities of beta and gamma distributions are
//! smooth and fall exponentially, so that sums over equidistant nodes converge exponentially (the trapezoidal rule). A substitution
//! `u = centre + width · sinh(t)` makes the tails fall doubly exponentially also where the distribution is wide: such as that of a text with
//! no likes.

/// The distance between nodes in `t`. Half of it changes no probability by more than 1e-8.
const STEP: f64 = 1.0 / 32.0;

/// Densities below e^-50 of the greatest are left out.
const LEAST_LOG_DENSITY: f64 = -50.0;

/// A density of `u`: its logarithm relative to the centre, and the derivative of that.
pub(super) trait LogDensity {
    /// The logarithm of the density at `centre + distance`, up to a constant.
    fn log_density(&self, distance: f64) -> f64;
    /// Its derivative.
    fn slope(&self, distance: f64) -> f64;
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// The density of `t`, times [`STEP`].
    mass: f64,
    /// The derivative of the mass by the number of the node.
    slope: f64,
    /// The distribution function.
    below: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Curve {
    pub centre: f64,
    pub width: f64,
    /// The number of the first node; that of the centre is 0.
    first: i64,
    nodes: Vec<Node>,
}

impl Curve {
    pub fn new(centre: f64, width: f64, density: &impl LogDensity) -> Self {
        let log_mass = |number: i64| {
            let t = number as f64 * STEP;
            density.log_density(width * t.sinh()) + t.cosh().ln()
        };
        // The logarithms are concave in u, and nearly so in t: outwards from the greatest, they fall.
        let mut greatest = log_mass(0);
        let mut end = |direction: i64| {
            let mut number = 0;
            loop {
                let next = log_mass(number + direction);
                greatest = greatest.max(next);
                if next < greatest + LEAST_LOG_DENSITY {
                    return number;
                }
                number += direction;
            }
        };
        let (last, first) = (end(1), end(-1));
        let masses: Vec<f64> = (first..=last).map(|number| (log_mass(number) - greatest).exp()).collect();
        let total: f64 = masses.iter().sum();
        let mut sum = 0.0;
        let node = |(number, mass): (i64, f64)| {
            let t = number as f64 * STEP;
            let mass = mass / total;
            let slope = mass * STEP * (density.slope(width * t.sinh()) * width * t.cosh() + t.tanh());
            // The trapezoidal rule up to this node, with the first correction of Euler and Maclaurin.
            let below = sum + mass / 2.0 - slope / 12.0;
            sum += mass;
            Node { mass, slope, below: below.clamp(0.0, 1.0) }
        };
        let nodes = (first..=last).zip(masses).map(node).collect();
        Self { centre, width, first, nodes }
    }

    /// The distribution function at `u`.
    pub fn below(&self, u: f64) -> f64 {
        let position = ((u - self.centre) / self.width).asinh() / STEP - self.first as f64;
        if position <= 0.0 {
            return 0.0;
        }
        let at = position as usize;
        match (self.nodes.get(at), self.nodes.get(at + 1)) {
            (Some(left), Some(right)) => interpolate(left, right, position - at as f64),
            _ => 1.0,
        }
    }

    /// The expected value of a function of `u`.
    pub fn mean_of(&self, function: impl Fn(f64) -> f64) -> f64 {
        let term = |(at, node): (usize, &Node)| node.mass * function(self.at(at as f64));
        self.nodes.iter().enumerate().map(term).sum()
    }

    /// The `u` below which the distribution has this probability.
    pub fn quantile(&self, probability: f64) -> f64 {
        let after = self.nodes.partition_point(|node| node.below < probability);
        let (Some(left), Some(right)) = (self.nodes.get(after.wrapping_sub(1)), self.nodes.get(after)) else {
            return self.at(if after == 0 { 0.0 } else { self.nodes.len() as f64 - 1.0 });
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            if interpolate(left, right, middle) < probability { low = middle } else { high = middle }
        }
        self.at(after as f64 - 1.0 + high)
    }

    /// `u` at a position among the nodes.
    fn at(&self, position: f64) -> f64 {
        self.centre + self.width * ((position + self.first as f64) * STEP).sinh()
    }
}

/// The distribution function between two nodes: the polynomial of degree 5 with its value and two derivatives at both.
fn interpolate(left: &Node, right: &Node, x: f64) -> f64 {
    let rise = right.below - left.below - left.mass - left.slope / 2.0;
    let mass = right.mass - left.mass - left.slope;
    let slope = right.slope - left.slope;
    let (c3, c4, c5) = (
        10.0 * rise - 4.0 * mass + slope / 2.0,
        -15.0 * rise + 7.0 * mass - slope,
        6.0 * rise - 3.0 * mass + slope / 2.0,
    );
    left.below + x * (left.mass + x * (left.slope / 2.0 + x * (c3 + x * (c4 + x * c5))))
}
