use crate::ScoreTable;

impl ScoreTable {
    /// For each candidate, the first one that Pareto-dominates it: no judge scores it lower and at least one scores it higher.
    ///
    /// Judges of weight 0 are ignored. A judge that scores only one of two candidates might prefer either, so neither dominates the other. A
    /// judge that scores neither does not matter.
    ///
    /// ```
    /// use align_choice::{Judge, ScoreTable};
    ///
    /// let judges = [Judge::new("helpful", [3.0, 2.0, 1.0]), Judge::new("safe", [1.0, 1.0, 2.0])];
    /// let table = ScoreTable::new(["a", "b", "c"], judges)?;
    /// assert_eq!(table.pareto_dominators(), [None, Some(0), None]);
    /// # Ok::<(), align_choice::Error>(())
    /// ```
    #[must_use]
    pub fn pareto_dominators(&self) -> Vec<Option<usize>> {
        let candidates = 0..self.candidates().len();
        candidates.clone().map(|y| candidates.clone().find(|x| self.dominates(*x, y))).collect()
    }

    fn dominates(&self, x: usize, y: usize) -> bool {
        let mut is_higher = false;
        for judge in self.counted() {
            match (judge.scores()[x], judge.scores()[y]) {
                (Some(score), Some(other)) if score >= other => is_higher |= score > other,
                (None, None) => {}
                _ => return false,
            }
        }
        is_higher
    }
}
