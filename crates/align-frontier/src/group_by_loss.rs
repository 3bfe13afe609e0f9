use crate::{LossSetting, Point, PolicyResult, Sweep};

/// Groups the sweep's points by loss, in the sweep's order.
pub(crate) fn group_by_loss(sweep: &Sweep) -> Vec<(LossSetting, Vec<(&Point, &PolicyResult)>)> {
    let loss = |(point, _): &(Point, PolicyResult)| point.loss;
    let runs = sweep.points.chunk_by(|a, b| loss(a) == loss(b));
    runs.filter_map(|run| Some((loss(run.first()?), run.iter().map(|(point, run)| (point, run)).collect()))).collect()
}
