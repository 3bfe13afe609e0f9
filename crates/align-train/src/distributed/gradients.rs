use super::buckets::buckets;
use crate::{Error, Result};
use align_distributed::{ProcessGroup, ReduceOp, Work};
use align_torch::{GradientHook, gradient_or_zeros};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tch::{Device, Tensor};

/// Adds up the gradients of all processes, while the backward pass goes on.
///
/// Gradients are sent in buckets. Their order is the reverse order of the weights, in which a backward pass completes them. Gradients that
/// autograd does not report (those of custom backward functions) come last. A bucket is sent when its gradients are complete and the buckets
/// before it are sent; the rest follow after the backward pass.
#[derive(Debug)]
pub(crate) struct GradientExchange {
    sender: Arc<Mutex<Sender>>,
    _hooks: Vec<GradientHook>,
}

#[derive(Debug)]
struct Sender {
    /// Has its own connections, so that other values can be exchanged in the meantime.
    group: ProcessGroup,
    weights: Vec<Tensor>,
    /// The numbers of the weights of each bucket; none before the end of the first step.
    buckets: Vec<Vec<usize>>,
    /// Whether the last backward pass of the step has begun.
    is_last_pass: bool,
    /// How often the last backward pass has added to each gradient.
    additions: Vec<usize>,
    /// The number of additions that complete each gradient; 0 if autograd does not report them.
    complete_after: Vec<usize>,
    sent: Vec<SentBucket>,
}

/// A bucket whose gradients are being added up.
#[derive(Debug)]
struct SentBucket {
    /// All values, in main memory. A single gradient in main memory is sent from where it is.
    values: Tensor,
    work: Work,
}

impl GradientExchange {
    /// Prepares the exchange for weights, in all processes of the group; `None` in a group of one.
    pub fn new<'a>(group: &ProcessGroup, weights: impl Iterator<Item = &'a Tensor>) -> Result<Option<Self>> {
        if group.is_single() {
            return Ok(None);
        }
        let weights: Vec<Tensor> = weights.map(Tensor::shallow_clone).collect();
        let sender = Arc::new(Mutex::new(Sender::new(group.another("gradients")?, &weights)));
        let hook = |(number, weight): (usize, &Tensor)| {
            let sender = sender.clone();
            GradientHook::new(weight, move || lock(&sender).on_addition(number))
        };
        let hooks = weights.iter().enumerate().map(hook).collect::<std::result::Result<_, _>>()?;
        Ok(Some(Self { sender, _hooks: hooks }))
    }

    /// Begins an optimiser step.
    pub fn begin_step(&self) {
        let mut sender = lock(&self.sender);
        sender.is_last_pass = false;
        // A step that failed leaves its buckets.
        sender.sent.clear();
    }

    /// Says that the next backward pass is the last one of this process in this step.
    pub fn begin_last_pass(&self) {
        let mut sender = lock(&self.sender);
        sender.is_last_pass = true;
        sender.additions.fill(0);
    }

    /// Sends the gradients that are left, and stores all sums. A weight for which no process has a gradient keeps none. `group` is the one
    /// that other values are exchanged in.
    pub fn finish_step(&self, group: &ProcessGroup) -> Result<()> {
        let mut sender = lock(&self.sender);
        let has_gradient: Vec<u8> = sender.weights.iter().map(|weight| u8::from(weight.grad().defined())).collect();
        let mut has_gradient = Tensor::f_from_slice(&has_gradient)?;
        group.all_reduce(&mut has_gradient, ReduceOp::Max)?;
        let has_gradient = Vec::<u8>::try_from(has_gradient)?;
        if sender.complete_after.iter().all(|additions| *additions == 0) {
            sender.choose_buckets(group)?;
        }
        tch::no_grad(|| sender.finish(&has_gradient))
    }
}

fn lock(sender: &Mutex<Sender>) -> MutexGuard<'_, Sender> {
    sender.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sender {
    fn new(group: ProcessGroup, weights: &[Tensor]) -> Self {
        Self {
            group,
            weights: weights.iter().map(Tensor::shallow_clone).collect(),
            buckets: Vec::new(),
            is_last_pass: false,
            additions: vec![0; weights.len()],
            complete_after: vec![0; weights.len()],
            sent: Vec::new(),
        }
    }

    /// Called when a backward pass has added to the gradient of a weight.
    fn on_addition(&mut self, number: usize) -> Result<()> {
        let Some(additions) = self.additions.get_mut(number).filter(|_| self.is_last_pass) else { return Ok(()) };
        *additions += 1;
        while let Some(bucket) = self.buckets.get(self.sent.len()) {
            if !bucket.iter().all(|number| self.is_complete(*number)) {
                break;
            }
            let bucket = self.send(bucket)?;
            self.sent.push(bucket);
        }
        let of = |counts: &[usize]| counts.get(number).copied().unwrap_or_default();
        if of(&self.additions) > of(&self.complete_after) && of(&self.complete_after) > 0 {
            return Err(Error::Data(format!(
                "a backward pass added to the gradient of weight {number} after it was complete: the model must compute all batches in the \
                 same way"
            )));
        }
        Ok(())
    }

    fn is_complete(&self, number: usize) -> bool {
        let needed = self.complete_after.get(number).copied().unwrap_or_default();
        needed > 0 && self.additions.get(number).is_some_and(|additions| *additions >= needed)
    }

    /// Chooses the buckets by what the backward pass of rank 0 has added to in this step.
    fn choose_buckets(&mut self, group: &ProcessGroup) -> Result<()> {
        self.complete_after = group.result_of_rank_0(|| Ok::<_, Error>(self.additions.clone()))?;
        let is_counted = |number: &usize| self.complete_after.get(*number).is_some_and(|additions| *additions > 0);
        let (first, last): (Vec<usize>, Vec<usize>) = (0..self.weights.len()).rev().partition(is_counted);
        let order = first.into_iter().chain(last);
        self.buckets = buckets(order.filter_map(|number| Some((number, self.weights.get(number)?))));
        Ok(())
    }

    /// Begins to add up the gradients of some weights. A weight without a gradient counts as having one of zeros.
    fn send(&self, bucket: &[usize]) -> Result<SentBucket> {
        let gradient = |number: &usize| {
            let weight = self.weights.get(*number)?;
            let gradient = weight.grad();
            Some(if gradient.defined() {
                Ok(gradient.detach())
            } else {
                weight.f_detach().and_then(|w| w.f_zeros_like())
            })
        };
        let gradients = bucket.iter().filter_map(gradient).collect::<std::result::Result<Vec<_>, _>>()?;
        let values = match gradients.as_slice() {
            [single] if single.is_contiguous() && single.device() == Device::Cpu => single.shallow_clone(),
            several => {
                let flat = several.iter().map(|gradient| gradient.f_reshape([-1]));
                let flat = flat.collect::<std::result::Result<Vec<_>, _>>()?;
                Tensor::f_cat(&flat, 0)?.f_to_device(Device::Cpu)?
            }
        };
        let work = self.group.start_all_reduce(&values, ReduceOp::Sum)?;
        Ok(SentBucket { values, work })
    }

    fn finish(&mut self, has_gradient: &[u8]) -> Result<()> {
        let early = self.sent.len();
        while let Some(bucket) = self.buckets.get(self.sent.len()) {
            let bucket = self.send(bucket)?;
            self.sent.push(bucket);
        }
        let started = Instant::now();
        let sent = std::mem::take(&mut self.sent);
        for (bucket, SentBucket { values, work }) in self.buckets.iter().zip(sent) {
            work.wait()?;
            let mut start = 0;
            for number in bucket {
                let Some(weight) = self.weights.get(*number) else { continue };
                let count = weight.numel() as i64;
                if has_gradient.get(*number) == Some(&1) {
                    let mut gradient = gradient_or_zeros(weight)?.f_detach()?;
                    if gradient.data_ptr() != values.data_ptr() {
                        gradient.f_copy_(&values.f_reshape([-1])?.f_narrow(0, start, count)?.f_view_as(&gradient)?)?;
                    }
                }
                start += count;
            }
        }
        let (buckets, seconds) = (self.buckets.len(), started.elapsed().as_secs_f64());
        tracing::debug!(buckets, early, seconds, "waited for the sums of the gradients");
        Ok(())
    }
}
