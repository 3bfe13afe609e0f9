use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// What happens to candidates that a rule ties.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TieBreak {
    /// They stay tied.
    #[default]
    Keep,
    /// The candidate with the lower index comes first.
    CandidateOrder,
    /// The candidate that is earlier in this list comes first. For a random draw, shuffle the indices with a seeded generator.
    Order(Vec<usize>),
}

impl TieBreak {
    /// The order of the candidates, or `None` if ties stay.
    pub(crate) fn order(&self, candidates: usize) -> Result<Option<Vec<usize>>> {
        let Self::Order(order) = self else {
            return Ok((*self == Self::CandidateOrder).then(|| (0..candidates).collect()));
        };
        let mut is_listed = vec![false; candidates];
        for candidate in order {
            let listed = is_listed.get_mut(*candidate).ok_or_else(|| Error::TieBreakOrder {
                candidates,
                found: format!("candidate {candidate}, counted from 0"),
            })?;
            if std::mem::replace(listed, true) {
                return Err(Error::TieBreakOrder { candidates, found: format!("candidate {candidate} twice") });
            }
        }
        if order.len() < candidates {
            return Err(Error::TieBreakOrder { candidates, found: order.len().to_string() });
        }
        Ok(Some(order.clone()))
    }
}
