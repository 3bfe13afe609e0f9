use super::buckets::buckets;
use crate::Result;
use align_distributed::{ProcessGroup, share_of};
use tch::{Device, Tensor};

/// Values of a weight that are never divided between processes, so that LibTorch's vectorised AdamW rounds as for the whole weight.
const BLOCK: usize = 64;

/// The part of each weight whose optimiser state this process has, and which it updates (ZeRO stage 1, arXiv:1910.02054): its
/// [share](ProcessGroup::share) of the blocks of the weight's values as a vector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OptimizerShards {
    rank: usize,
    world_size: usize,
}

impl OptimizerShards {
    /// The part of one process of a group.
    pub fn of(group: &ProcessGroup) -> Self {
        Self { rank: group.rank(), world_size: group.world_size() }
    }

    /// This process's part of a weight, its gradient or its optimiser state, `(n)`. Shares its memory.
    pub fn part(&self, whole: &Tensor) -> Result<Tensor> {
        let blocks = share_of(whole.numel().div_ceil(BLOCK), self.rank, self.world_size);
        let [start, end] = [blocks.start, blocks.end].map(|block| (block * BLOCK).min(whole.numel()));
        Ok(whole.f_detach()?.f_view([-1])?.f_narrow(0, start as i64, (end - start) as i64)?)
    }

    /// All processes' parts of a weight or its optimiser state, as one tensor of the shape `size`.
    pub fn gather(group: &ProcessGroup, part: &Tensor, size: &[i64]) -> Result<Tensor> {
        let all = group.all_gather_rows(&part.f_to_device(Device::Cpu)?)?;
        Ok(Tensor::f_cat(&all, 0)?.f_view(size)?)
    }

    /// Gives each process the other processes' parts of the weights.
    pub fn exchange_weights<'a>(group: &ProcessGroup, weights: impl Iterator<Item = &'a Tensor>) -> Result<()> {
        let weights: Vec<&Tensor> = weights.collect();
        for bucket in buckets(weights.iter().copied().enumerate()) {
            let of_bucket: Vec<&Tensor> = bucket.iter().filter_map(|number| weights.get(*number).copied()).collect();
            exchange_bucket(group, &of_bucket)?;
        }
        Ok(())
    }
}

fn exchange_bucket(group: &ProcessGroup, weights: &[&Tensor]) -> Result<()> {
    let own = OptimizerShards::of(group);
    let parts = weights.iter().map(|weight| own.part(weight)?.f_to_device(Device::Cpu).map_err(Into::into));
    let all = group.all_gather_rows(&Tensor::f_cat(&parts.collect::<Result<Vec<_>>>()?, 0)?)?;
    for (rank, parts) in all.iter().enumerate().filter(|(rank, _)| *rank != own.rank) {
        let mut start = 0;
        for weight in weights {
            let mut part = OptimizerShards { rank, ..own }.part(weight)?;
            let values = part.numel() as i64;
            part.f_copy_(&parts.f_narrow(0, start, values)?)?;
            start += values;
        }
    }
    Ok(())
}
