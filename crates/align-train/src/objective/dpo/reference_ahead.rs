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
    /// Returns the log-probability of each token of both completions of each row. `None`, and nothing is computed, if the rows are in memory,
    /// if hidden states are compared, for which the steps run the reference model anyway, and if the reference model moves within these steps.
    ///
    /// * `rows`: the rows of the next steps in their order.
    ///
    /// # Errors
    /// The errors of the reference model.
    pub fn compute_reference_ahead(&mut self, rows: &[EncodedPair]) -> Result<Option<Vec<Pair<Vec<f32>>>>> {
        let batch_size = self.config.training.train_batch_size().max(1);
        let steps = rows.len().div_ceil(batch_size * self.config.training.gradient_accumulation_steps.max(1));
        let moves = self.config.reference_sync().is_some_and(|(_, sync_steps)| steps as u64 > sync_steps);
        if !self.reference.streams() || self.hidden_distance.is_some() || moves {
            return Ok(None);
        }
        self.reference.clear_ahead();
        let mut all = vec![Pair::default(); rows.len()];
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
                self.reference.push_ahead(&micro_batch, logps)?;
            }
        }
        Ok(Some(all))
    }
}
