use super::Dpo;
use crate::Result;
use crate::objective::{Batch, Split};
use align_data::EncodedPair;
use align_distributed::ProcessGroup;
use align_losses::Pair;
use tch::{Device, Kind};

impl Dpo {
    /// Computes the reference model's log-probabilities of training rows before the steps that use them, which then do not compute them again:
    /// for rows that are [streamed](crate::RowSource) in one process. They are computed in the micro-batches of the steps, so that the steps
    /// stay the same to the last bit.
    ///
    /// Returns the log-probability of each token of both completions of each row. `None` if the steps run the reference model anyway, since
    /// its hidden states are compared, or never run it.
    ///
    /// * `rows`: the rows of the next steps in their order.
    ///
    /// # Errors
    /// The errors of the reference model.
    pub fn compute_reference_ahead(&mut self, rows: &[EncodedPair]) -> Result<Option<Vec<Pair<Vec<f32>>>>> {
        if self.hidden_distance.is_some() || self.config.precompute_ref_log_probs {
            return Ok(None);
        }
        self.reference.clear_ahead();
        let mut all = vec![Pair::default(); rows.len()];
        let batch_size = self.config.training.train_batch_size().max(1);
        for (batch, found) in rows.chunks(batch_size).zip(all.chunks_mut(batch_size)) {
            let places: Vec<usize> = (0..batch.len()).collect();
            let group = ProcessGroup::single();
            for micro_batch in self.micro_batches(&Batch::new(Split::Train, batch, &places, &group))? {
                let logps = micro_batch.logps_without_graph(self.reference.model()?)?;
                let logps = logps.f_reshape([-1])?.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?;
                for (place, pair) in micro_batch.indices.iter().zip(micro_batch.by_pair(&logps)?) {
                    if let Some(found) = found.get_mut(*place) {
                        *found = pair;
                    }
                }
                self.reference.push_ahead(micro_batch.input_ids().shallow_clone(), logps);
            }
        }
        Ok(Some(all))
    }
}
