use crate::Result;
use align_metrics::{Bootstrap, Clusters, Estimate};

/// The sum of the rows' values divided by the sum of their sizes, with an interval that resamples whole groups, such as the
/// texts of a prompt.
pub(super) fn grouped_ratio(
    groups: &Clusters,
    values: &[f64],
    sizes: &[f64],
    bootstrap: &Bootstrap,
) -> Result<Estimate> {
    let (values, sizes) = (groups.sums(values.iter().copied()), groups.sums(sizes.iter().copied()));
    let ratio = |drawn: &[usize]| {
        let sum = |of: &[f64]| drawn.iter().filter_map(|group| of.get(*group)).sum::<f64>();
        sum(&values) / sum(&sizes)
    };
    let value = ratio(&(0..groups.count()).collect::<Vec<_>>());
    Ok(Estimate { value, interval: bootstrap.interval(groups.count(), ratio)? })
}
