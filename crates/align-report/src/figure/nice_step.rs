//! Round numbers: 1, 2 or 5 times a power of ten.

use crate::number::magnitude;

/// A round tick distance or bin width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NiceStep {
    /// 1, 2 or 5.
    digit: f64,
    /// The power of ten.
    power: i32,
}

impl NiceStep {
    /// The smallest round step of at least `width`, which must be positive.
    pub(crate) fn at_least(width: f64) -> Self {
        let power = magnitude(width);
        let step = |digit, power| Self { digit, power };
        let steps = [step(1.0, power), step(2.0, power), step(5.0, power)];
        // Tolerates rounding errors of the division.
        let fits = |step: &&Self| step.width() >= width * (1.0 - 1e-9);
        steps.iter().find(fits).copied().unwrap_or(step(1.0, power + 1))
    }

    /// The next larger step.
    pub(crate) fn next(self) -> Self {
        match self.digit {
            1.0 => Self { digit: 2.0, ..self },
            2.0 => Self { digit: 5.0, ..self },
            _ => Self { digit: 1.0, power: self.power + 1 },
        }
    }

    pub(crate) fn width(self) -> f64 {
        self.multiple(1.0)
    }

    /// `count` times the step, rounded once: 3 × 0.1 is 0.3.
    pub(crate) fn multiple(self, count: f64) -> f64 {
        let power = 10f64.powi(self.power.abs());
        if self.power < 0 { count * self.digit / power } else { count * self.digit * power }
    }

    /// The number of decimals that its multiples need.
    pub(crate) fn decimals(self) -> usize {
        usize::try_from(-self.power).unwrap_or(0)
    }

    pub(crate) fn power(self) -> i32 {
        self.power
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (width, step) in [(0.3, 0.5), (1.0, 1.0), (1.1, 2.0), (3.0, 5.0), (6.0, 10.0), (0.02, 0.02), (7e-5, 1e-4)] {
            assert_eq!(NiceStep::at_least(width).width(), step);
        }
        assert_eq!(NiceStep::at_least(0.1).multiple(3.0), 0.3);
        assert_eq!(NiceStep::at_least(50.0).next().width(), 100.0);
        assert_eq!(NiceStep::at_least(0.05).decimals(), 2);
        assert_eq!(NiceStep::at_least(200.0).decimals(), 0);
    }
}
