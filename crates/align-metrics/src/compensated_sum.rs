/// A compensated sum by Neumaier's algorithm, which keeps the digits that plain addition would lose.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CompensatedSum {
    total: f64,
    lost: f64,
}

impl CompensatedSum {
    pub fn add(&mut self, x: f64) {
        let total = self.total + x;
        self.lost += if self.total.abs() >= x.abs() { (self.total - total) + x } else { (x - total) + self.total };
        self.total = total;
    }

    pub fn of(values: impl IntoIterator<Item = f64>) -> f64 {
        let mut sum = Self::default();
        values.into_iter().for_each(|x| sum.add(x));
        sum.value()
    }

    pub fn value(self) -> f64 {
        self.total + self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::CompensatedSum;

    /// Plain addition gives 0 and 0.9999999999999999 here.
    #[test]
    fn no_digits_are_lost() {
        assert_eq!(CompensatedSum::of([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(CompensatedSum::of([0.1; 10]), 1.0);
    }
}
