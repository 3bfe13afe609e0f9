//! Exchanging values of rows between the processes that compute a batch.

use crate::Result;
use align_distributed::ProcessGroup;
use align_losses::{Pair, PairLogps};
use tch::{Device, Kind, Tensor};

/// The rows of a tensor of all processes, in the order of the processes. The result has no graph.
pub(crate) fn gather_rows(group: &ProcessGroup, own: &Tensor) -> Result<Tensor> {
    let detached = own.f_detach()?;
    if group.is_single() {
        return Ok(detached);
    }
    let all = group.all_gather_rows(&detached.f_to_device(Device::Cpu)?)?;
    Ok(Tensor::f_cat(&all, 0)?.f_to_device(own.device())?)
}

/// Which optional values the log-probabilities of pairs have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OptionalValues {
    pub weights: bool,
    pub chosen_probabilities: bool,
    pub score_margins: bool,
}

/// The loss in whose name missing values are reported.
const LOSS: &str = "a loss that couples the pairs of a batch";

/// The log-probabilities of the pairs of all processes, in the order of the processes. `own` is `None` in a process without pairs;
/// `place` is the dtype and the device of the result.
pub(crate) fn gather_pairs(
    group: &ProcessGroup,
    own: Option<&PairLogps>,
    optional: OptionalValues,
    (kind, device): (Kind, Device),
) -> Result<PairLogps> {
    let OptionalValues { weights, chosen_probabilities, score_margins } = optional;
    let width = 6 + [weights, chosen_probabilities, score_margins].iter().map(|given| i64::from(*given)).sum::<i64>();
    // float64 holds the values of all dtypes exactly.
    let own = match own {
        None => Tensor::f_zeros([0, width], (Kind::Double, device))?,
        Some(own) => {
            let (policy, reference, tokens) = (own.policy(), own.reference(), own.tokens(LOSS)?);
            let mut columns: Vec<&Tensor> = vec![
                &policy.chosen,
                &policy.rejected,
                &reference.chosen,
                &reference.rejected,
                &tokens.chosen,
                &tokens.rejected,
            ];
            columns.extend(own.weights().filter(|_| weights));
            columns.extend(chosen_probabilities.then(|| own.chosen_probabilities()).transpose()?);
            columns.extend(score_margins.then(|| own.score_margins()).transpose()?);
            let columns = columns.into_iter().map(|column| column.f_to_kind(Kind::Double));
            Tensor::f_stack(&columns.collect::<std::result::Result<Vec<_>, _>>()?, 1)?
        }
    };
    let all = gather_rows(group, &own)?.f_to_kind(kind)?;
    let mut columns = (0..width).map(|column| all.f_select(1, column));
    let mut next = || columns.next().unwrap_or_else(|| all.f_select(1, width));
    let mut pair = || Ok::<_, crate::Error>(Pair { chosen: next()?, rejected: next()? });
    let mut logps = PairLogps::new(&pair()?, &pair()?)?.with_tokens(&pair()?)?;
    if weights {
        logps = logps.with_weights(&next()?)?;
    }
    if chosen_probabilities {
        logps = logps.with_chosen_probabilities(&next()?)?;
    }
    if score_margins {
        logps = logps.with_score_margins(&next()?)?;
    }
    Ok(logps)
}
