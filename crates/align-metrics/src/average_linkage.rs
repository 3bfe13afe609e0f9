use crate::checks::check_same_length;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Two clusters that are joined. The items are clusters 0 to n − 1, and the merge at index i makes cluster n + i.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Merge {
    /// The clusters, the one that was made first in front.
    pub clusters: [usize; 2],
    /// The mean distance between their items.
    pub height: f64,
    /// Number of items in the new cluster.
    pub items: usize,
}

/// Hierarchical clustering by average linkage (UPGMA): Sokal and Michener (1958).
///
/// The two clusters with the smallest mean distance between their items are joined, until one is left: `n - 1` merges of increasing height.
/// Among equal distances, the clusters that were made first are joined.
///
/// ```
/// let distances = [vec![0.0, 1.0, 4.0], vec![1.0, 0.0, 6.0], vec![4.0, 6.0, 0.0]];
/// let merges = align_metrics::average_linkage(&distances)?;
/// assert_eq!((merges[0].clusters, merges[0].height), ([0, 1], 1.0));
/// assert_eq!((merges[1].clusters, merges[1].height), ([2, 3], 5.0));
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// No items, a matrix that is not square or symmetric, or a distance that is negative or not finite.
pub fn average_linkage<R: AsRef<[f64]>>(distances: &[R]) -> Result<Vec<Merge>> {
    check(distances)?;
    let items = distances.len();
    // Clusters that are not joined yet, with their sizes and the sums of distances to all clusters.
    let mut open: Vec<(usize, usize)> = (0..items).map(|item| (item, 1)).collect();
    let mut sums: Vec<Vec<f64>> = distances.iter().map(|row| row.as_ref().to_vec()).collect();
    let sum = |sums: &[Vec<f64>], a: usize, b: usize| sums.get(a).and_then(|row| row.get(b)).copied().unwrap_or(0.0);
    let mut merges = Vec::new();
    while open.len() > 1 {
        let pairs = open.iter().enumerate().flat_map(|(at, a)| open.iter().skip(at + 1).map(move |b| (*a, *b)));
        let mean = |((a, n), (b, m)): ((usize, usize), (usize, usize))| sum(&sums, a, b) / (n * m) as f64;
        let Some((pair, height)) = pairs.map(|pair| (pair, mean(pair))).min_by(|(_, x), (_, y)| x.total_cmp(y)) else {
            break;
        };
        let ((a, n), (b, m)) = pair;
        let mut new: Vec<f64> = (0..sums.len()).map(|other| sum(&sums, a, other) + sum(&sums, b, other)).collect();
        sums.iter_mut().zip(&new).for_each(|(row, distance)| row.push(*distance));
        new.push(0.0);
        sums.push(new);
        open.retain(|(cluster, _)| *cluster != a && *cluster != b);
        open.push((items + merges.len(), n + m));
        merges.push(Merge { clusters: [a, b], height, items: n + m });
    }
    Ok(merges)
}

fn check<R: AsRef<[f64]>>(distances: &[R]) -> Result<()> {
    if distances.is_empty() {
        return Err(Error::Empty("items"));
    }
    for (at, row) in distances.iter().enumerate() {
        let row = row.as_ref();
        check_same_length("distances in each row", "items", distances.len(), row.len())?;
        for (other, distance) in row.iter().enumerate() {
            let mirrored = distances.get(other).and_then(|row| row.as_ref().get(at));
            let is_valid = distance.is_finite() && *distance >= 0.0 && mirrored == Some(distance);
            if at != other && !is_valid {
                let expected = "a number from 0 that is the same in both directions";
                return Err(Error::Value { what: "distance", row: at + 1, value: *distance, expected });
            }
        }
    }
    Ok(())
}
