/// Removes points that cannot be distinguished in pixels. Of each pixel column, the first, lowest, highest and last
/// points are kept. The points must be ordered from left to right.
pub(crate) fn decimate(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = Vec::new();
    for column in points.chunk_by(|(one, _), (next, _)| one.floor() == next.floor()) {
        let extreme = |of: fn(f64, f64) -> bool| {
            let further = |best: usize, i: usize, y: f64| match column.get(best) {
                Some((_, kept)) if of(y, *kept) => i,
                _ => best,
            };
            column.iter().enumerate().fold(0, |best, (i, (_, y))| further(best, i, *y))
        };
        let mut indices = vec![0, extreme(|y, kept| y < kept), extreme(|y, kept| y > kept), column.len() - 1];
        indices.sort_unstable();
        indices.dedup();
        kept.extend(indices.into_iter().filter_map(|i| column.get(i)));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::decimate;

    #[test]
    fn a_column_keeps_its_ends_and_extremes() {
        let points = [(0.0, 5.0), (0.2, 9.0), (0.4, 6.0), (0.5, 1.0), (0.9, 4.0), (1.0, 3.0), (3.5, 2.0)];
        assert_eq!(decimate(&points), [(0.0, 5.0), (0.2, 9.0), (0.5, 1.0), (0.9, 4.0), (1.0, 3.0), (3.5, 2.0)]);
        assert!(decimate(&[]).is_empty());
    }
}
