use align_data::streaming::RowStatistics;
use align_train::objective::Row;
use align_train::{Error, Result, RowSource};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

/// The rows of all rounds, numbered in the order in which the steps use them. Those of a round are added when the policy has written them.
#[derive(Debug, Clone)]
pub(crate) struct RoundRows<R> {
    shared: Arc<Mutex<State<R>>>,
    rounds: usize,
    rows_per_round: usize,
    statistics: RowStatistics,
    digest: String,
}

#[derive(Debug)]
struct State<R> {
    /// A row as long as any can be, which stands for all before there are any: for estimates of memory.
    longest: R,
    /// The rows of the current round, after the first one has begun.
    current: Option<(usize, Vec<R>)>,
}

impl<R: Row + Clone> RoundRows<R> {
    /// Rows for `rounds` rounds. `digest` stands for everything that they depend on. No row is longer than `longest`, and no token id of a
    /// prompt or a completion is larger than `largest_id`.
    pub fn new((rounds, rows_per_round): (usize, usize), longest: R, largest_id: i64, digest: String) -> Self {
        let tokens = longest.max_sequence_tokens();
        let statistics = RowStatistics {
            ids: (longest.distinct_tokens() as u64).saturating_mul(rows_per_round as u64),
            longest: tokens,
            longest_row: 0,
            largest_id,
        };
        let shared = Arc::new(Mutex::new(State { longest, current: None }));
        Self { shared, rounds, rows_per_round, statistics, digest }
    }

    /// Sets the rows of a round, of which there are `rows_per_round`.
    pub fn set_round(&self, round: usize, rows: Vec<R>) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).current = Some((round, rows));
    }
}

impl<R: Row + Clone + Debug> RowSource<R> for RoundRows<R> {
    fn len(&self) -> usize {
        self.rounds.saturating_mul(self.rows_per_round)
    }

    fn rows(&self, indices: &[usize]) -> Result<Vec<R>> {
        let state = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((round, rows)) = &state.current else { return Ok(vec![state.longest.clone(); indices.len()]) };
        let row = |index: &usize| {
            let place = index.checked_sub(round.saturating_mul(self.rows_per_round)).and_then(|place| rows.get(place));
            place.cloned().ok_or_else(|| {
                let of = index / self.rows_per_round.max(1) + 1;
                Error::Data(format!("row {index} is of round {of}, but the rows are those of round {}", round + 1))
            })
        };
        indices.iter().map(row).collect()
    }

    fn digest(&self) -> String {
        self.digest.clone()
    }

    fn statistics(&self) -> RowStatistics {
        self.statistics
    }
}
