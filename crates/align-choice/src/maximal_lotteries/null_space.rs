/// Pivots below this are 0. The entries of the matrix are at most 1.
const SMALLEST_PIVOT: f64 = 1e-9;

/// A basis of the vectors that a square matrix maps to 0, by Gauss-Jordan elimination with complete pivoting. Each vector comes with the
/// component in which it is 1 and the other vectors are 0.
pub(super) fn null_space(mut matrix: Vec<Vec<f64>>) -> Vec<(usize, Vec<f64>)> {
    let size = matrix.len();
    // The columns that have a pivot, with their rows in order.
    let mut pivots: Vec<usize> = Vec::new();
    while let Some((row, column)) = greatest_entry(&matrix, &pivots) {
        let rank = pivots.len();
        matrix.swap(rank, row);
        let pivot = matrix[rank][column];
        matrix[rank].iter_mut().for_each(|entry| *entry /= pivot);
        let pivot_row = matrix[rank].clone();
        for (_, other) in matrix.iter_mut().enumerate().filter(|(at, _)| *at != rank) {
            let factor = other[column];
            other.iter_mut().zip(&pivot_row).for_each(|(entry, of_pivot)| *entry -= factor * of_pivot);
        }
        pivots.push(column);
    }
    let free = (0..size).filter(|column| !pivots.contains(column));
    let vector = |free: usize| {
        let mut vector = vec![0.0; size];
        vector[free] = 1.0;
        pivots.iter().zip(&matrix).for_each(|(column, row)| vector[*column] = -row[free]);
        (free, vector)
    };
    free.map(vector).collect()
}

/// The greatest entry in rows and columns without a pivot, unless all are 0.
fn greatest_entry(matrix: &[Vec<f64>], pivots: &[usize]) -> Option<(usize, usize)> {
    let mut found = (SMALLEST_PIVOT, None);
    for (at, row) in matrix.iter().enumerate().skip(pivots.len()) {
        for (column, entry) in row.iter().enumerate().filter(|(column, _)| !pivots.contains(column)) {
            if entry.abs() > found.0 {
                found = (entry.abs(), Some((at, column)));
            }
        }
    }
    found.1
}
