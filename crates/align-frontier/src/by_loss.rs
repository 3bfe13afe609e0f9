use crate::{LossSetting, Measured, Point, Sweep};

/// The losses of a sweep, in its order, each with its points.
pub(crate) fn by_loss(sweep: &Sweep) -> Vec<(LossSetting, Vec<(&Point, &Measured)>)> {
    let loss = |(point, _): &(Point, Measured)| point.loss;
    let runs = sweep.points.chunk_by(|a, b| loss(a) == loss(b));
    runs.filter_map(|run| Some((loss(run.first()?), run.iter().map(|(point, run)| (point, run)).collect()))).collect()
}
