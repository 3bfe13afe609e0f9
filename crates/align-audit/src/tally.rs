//! Counts of rows, with the first of them.

/// A row that a check found, and the row that it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub row: u32,
    pub other: Option<u32>,
}

/// The number of rows that a check found, and the first of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub count: u64,
    /// Sorted.
    pub first: Vec<Found>,
}

impl Tally {
    /// Counts a row, of which `listed` are kept. Rows may come in any order.
    pub fn add(&mut self, row: u32, other: Option<u32>, listed: usize) {
        self.count += 1;
        let found = Found { row, other };
        if self.first.len() < listed || self.first.last().is_some_and(|last| found < *last) {
            let at = self.first.partition_point(|listed| *listed < found);
            self.first.insert(at, found);
            self.first.truncate(listed);
        }
    }

    /// Adds the counts of others.
    pub fn join(&mut self, other: &Self, listed: usize) {
        self.first.extend(&other.first);
        self.first.sort_unstable();
        self.first.truncate(listed);
        self.count += other.count;
    }
}
