use crate::ScoreTable;

/// Kendall's tau-b between the scores of two judges, from -1 to 1, over the candidates that both score (Kendall, 1945):
/// `(concordant − discordant) / √((pairs − ties in a) (pairs − ties in b))`.
///
/// `None` if a judge gives all of these candidates the same score, or there are fewer than two.
///
/// ```
/// use align_choice::kendall_tau_b;
///
/// // Of the six pairs, five are in the same order and one is reversed.
/// let tau = kendall_tau_b(&[Some(1.0), Some(2.0), Some(3.0), Some(4.0)], &[Some(1.0), Some(3.0), Some(2.0), Some(4.0)]);
/// assert_eq!(tau, Some(4.0 / 6.0));
/// ```
#[must_use]
pub fn kendall_tau_b(a: &[Option<f64>], b: &[Option<f64>]) -> Option<f64> {
    let both: Vec<(f64, f64)> = a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect();
    let (mut sum, mut untied_in_a, mut untied_in_b) = (0i64, 0i64, 0i64);
    for (at, (a, b)) in both.iter().enumerate() {
        for (other_a, other_b) in &both[at + 1..] {
            let sign = |x: &f64, y: &f64| x.partial_cmp(y).map_or(0, |order| order as i64);
            let (in_a, in_b) = (sign(a, other_a), sign(b, other_b));
            sum += in_a * in_b;
            untied_in_a += in_a.abs();
            untied_in_b += in_b.abs();
        }
    }
    let square = untied_in_a as f64 * untied_in_b as f64;
    (square > 0.0).then(|| sum as f64 / square.sqrt())
}

impl ScoreTable {
    /// [`kendall_tau_b`] between each two judges, row by row.
    #[must_use]
    pub fn kendall_tau_b(&self) -> Vec<Vec<Option<f64>>> {
        let row = |a: &crate::Judge| self.judges().iter().map(|b| kendall_tau_b(a.scores(), b.scores())).collect();
        self.judges().iter().map(row).collect()
    }
}
