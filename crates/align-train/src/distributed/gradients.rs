use crate::Result;
use align_distributed::{ProcessGroup, ReduceOp, Work};
use align_torch::gradient_or_zeros;
use tch::{Device, Kind, Tensor};

/// Bytes of small gradients that are sent together.
const BUCKET_BYTES: usize = 25 << 20;

/// Gradients that are sent together.
struct Bucket {
    gradients: Vec<Tensor>,
    /// All values, in main memory. A single gradient in main memory is sent from where it is.
    values: Tensor,
    work: Work,
}

/// Replaces the gradient of each weight by its sum over all processes. A weight for which no process has a gradient keeps none.
pub(crate) fn sum_gradients<'a>(group: &ProcessGroup, weights: impl Iterator<Item = &'a Tensor>) -> Result<()> {
    if group.is_single() {
        return Ok(());
    }
    let weights: Vec<&Tensor> = weights.collect();
    let has_gradient: Vec<u8> = weights.iter().map(|weight| u8::from(weight.grad().defined())).collect();
    let mut has_gradient = Tensor::f_from_slice(&has_gradient)?;
    group.all_reduce(&mut has_gradient, ReduceOp::Max)?;
    let has_gradient = Vec::<u8>::try_from(has_gradient)?;
    let (mut buckets, mut waiting, mut bytes) = (Vec::new(), Vec::new(), 0);
    for (weight, _) in weights.iter().zip(has_gradient).filter(|(_, given)| *given == 1) {
        let gradient = gradient_or_zeros(weight)?.f_detach()?;
        let size = gradient.numel() * gradient.kind().elt_size_in_bytes();
        let same_kind = waiting.last().is_none_or(|last: &Tensor| last.kind() == gradient.kind());
        if !waiting.is_empty() && (bytes + size > BUCKET_BYTES || !same_kind) {
            buckets.push(Bucket::send(group, std::mem::take(&mut waiting))?);
            bytes = 0;
        }
        bytes += size;
        waiting.push(gradient);
    }
    if !waiting.is_empty() {
        buckets.push(Bucket::send(group, waiting)?);
    }
    tch::no_grad(|| buckets.into_iter().try_for_each(Bucket::receive))
}

impl Bucket {
    /// Begins to add up gradients of one dtype.
    fn send(group: &ProcessGroup, gradients: Vec<Tensor>) -> Result<Self> {
        let values = match gradients.as_slice() {
            [single] if single.is_contiguous() && single.device() == Device::Cpu => single.shallow_clone(),
            several => {
                let flat = several.iter().map(|gradient| gradient.f_reshape([-1]));
                let flat = flat.collect::<std::result::Result<Vec<_>, _>>()?;
                Tensor::f_cat(&flat, 0)?.f_to_device(Device::Cpu)?
            }
        };
        let work = group.start_all_reduce(&values, ReduceOp::Sum)?;
        Ok(Self { gradients, values, work })
    }

    /// Waits for the sums and stores them in the gradients.
    fn receive(self) -> Result<()> {
        self.work.wait()?;
        if let [single] = self.gradients.as_slice()
            && single.data_ptr() == self.values.data_ptr()
        {
            return Ok(());
        }
        let mut start = 0;
        for mut gradient in self.gradients {
            let count = gradient.numel() as i64;
            gradient.f_copy_(&self.values.f_narrow(0, start, count)?.f_view_as(&gradient)?)?;
            start += count;
        }
        Ok(())
    }
}

/// Sums of the values of tensors, one for each tensor, `(n)`, float64 in main memory. Equal tensors have equal sums.
pub(super) fn sums<'a>(tensors: impl Iterator<Item = &'a Tensor>) -> Result<Tensor> {
    let sums = tensors.map(|tensor| tensor.f_detach()?.f_sum(Kind::Double)?.f_to_device(Device::Cpu));
    Ok(Tensor::f_stack(&sums.collect::<std::result::Result<Vec<_>, _>>()?, 0)?)
}
