use super::Split;
use crate::BatchMetrics;
use crate::distributed::GradientExchange;
use align_distributed::ProcessGroup;
use align_losses::Mean;

/// A batch of rows, of which each process of a group computes its part.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a, R> {
    /// The split that the rows come from.
    pub split: Split,
    /// All rows of the split.
    pub dataset: &'a [R],
    /// The indices of this process's rows in `dataset`.
    pub indices: &'a [usize],
    /// The indices of all rows of the batch.
    pub all_indices: &'a [usize],
    /// The processes that compute the batch.
    pub group: &'a ProcessGroup,
    /// Sends the gradients, if this is the last batch of an optimiser step of several processes.
    pub(crate) exchange: Option<&'a GradientExchange>,
}

impl<'a, R> Batch<'a, R> {
    /// The batch of the rows `all_indices`, of which this process computes [its share](ProcessGroup::share).
    #[must_use]
    pub fn new(split: Split, dataset: &'a [R], all_indices: &'a [usize], group: &'a ProcessGroup) -> Self {
        let indices = all_indices.get(group.share(all_indices.len())).unwrap_or_default();
        Self { split, dataset, indices, all_indices, group, exchange: None }
    }

    /// This process's rows.
    #[must_use]
    pub fn rows(&self) -> Vec<&'a R> {
        self.indices.iter().filter_map(|index| self.dataset.get(*index)).collect()
    }

    /// The rows of all processes.
    pub fn all_rows(&self) -> impl Iterator<Item = &'a R> {
        self.all_indices.iter().filter_map(|index| self.dataset.get(*index))
    }

    /// Says that the next backward pass is the last one of the batch, so that its gradients are sent to the other processes while it goes
    /// on. Without this they are sent after [`Objective::compute_loss`](super::Objective::compute_loss).
    pub fn begin_last_backward(&self) {
        if let Some(exchange) = self.exchange {
            exchange.begin_last_pass();
        }
    }

    /// This process's fraction of the batch's rows.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        self.indices.len() as f64 / self.all_indices.len() as f64
    }
}

/// The result of [`Objective::compute_loss`](super::Objective::compute_loss) for the rows of one process.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchOutput {
    /// The terms of the loss, each a mean. Every batch has the same terms in the same order; the loss is their sum.
    pub loss_terms: Vec<Mean>,
    /// The metrics of the batch.
    pub metrics: BatchMetrics,
    /// The number of tokens, including prompts and without padding.
    pub tokens: u64,
}

impl BatchOutput {
    /// Keeps the values of single rows, or drops them.
    pub(crate) fn with_row_values(mut self, keeps: bool) -> Self {
        if !keeps {
            self.metrics.row_values_mut().clear();
        }
        self
    }

    /// The batch's loss: the sum of its terms.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.loss_terms.iter().map(|mean| mean.value).sum()
    }
}
