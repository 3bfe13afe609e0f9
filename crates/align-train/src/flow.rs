use serde::{Deserialize, Serialize};

/// Whether a run continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flow {
    /// The run continues.
    Continue,
    /// The run is finished, as if this step had been its last.
    Finish,
    /// The run stops after this step and can be resumed.
    Stop,
}

impl Flow {
    /// Combines the results of two observers: `Stop` has priority over `Finish`, and `Finish` over `Continue`.
    #[must_use]
    pub fn combine(self, other: Self) -> Self {
        match (self, other) {
            (Self::Stop, _) | (_, Self::Stop) => Self::Stop,
            (Self::Finish, _) | (_, Self::Finish) => Self::Finish,
            (Self::Continue, Self::Continue) => Self::Continue,
        }
    }
}
