//! Reductions over the ranks.

use super::bytes::{from_bytes, to_bytes};
use super::{ProcessGroup, Work, check};
use crate::call::{Call, Operation, ReduceOp, kind_name};
use crate::error::{Error, Result};
use crate::gloo::Reduction;
use tch::{Kind, TchError, Tensor};

/// Types of values that Gloo can add and compare.
const REDUCIBLE: [Kind; 8] =
    [Kind::Uint8, Kind::Int8, Kind::Int, Kind::Int64, Kind::Half, Kind::BFloat16, Kind::Float, Kind::Double];

impl ProcessGroup {
    /// Replaces the values of a tensor by their reduction over all ranks. All ranks get the same bits.
    ///
    /// # Errors
    /// The tensor's type cannot be reduced, a rank calls another operation or does not join this one.
    pub fn all_reduce(&self, tensor: &mut Tensor, op: ReduceOp) -> Result<()> {
        self.start_all_reduce(tensor, op)?.wait()
    }

    /// Begins to replace the values of a tensor by their reduction over all ranks. Do not use the tensor before [`Work::wait`] returns.
    /// Operations that were begun are done in this order.
    ///
    /// # Errors
    /// The tensor's type cannot be reduced. Other errors are those of `wait`.
    pub fn start_all_reduce(&self, tensor: &Tensor, op: ReduceOp) -> Result<Work> {
        check_reducible(Operation::AllReduce.name(), tensor, op)?;
        let (target, world_size) = (tensor.detach(), self.world_size as f64);
        let call = Call::new(Operation::AllReduce, op as i64, tensor);
        Ok(Work(self.submit(
            call,
            Box::new(move |gloo, _| {
                if target.numel() == 0 {
                    return Ok(Vec::new());
                }
                let torch = |e: TchError| e.to_string();
                let mut values = target.f_contiguous().map_err(torch)?;
                let reduction = match op {
                    ReduceOp::Sum | ReduceOp::Mean => Reduction::Sum,
                    ReduceOp::Min => Reduction::Min,
                    ReduceOp::Max => Reduction::Max,
                };
                gloo.all_reduce(&values, reduction)?;
                if op == ReduceOp::Mean {
                    let _ = values.f_div_scalar_(world_size).map_err(torch)?;
                }
                if !target.is_contiguous() {
                    target.shallow_clone().f_copy_(&values).map_err(torch)?;
                }
                Ok(Vec::new())
            }),
        )))
    }

    /// The reduction over all ranks of this rank's part of a tensor: rows `rank · n` to `(rank + 1) · n` of `n · world_size`. The
    /// values are added up in the order of the ranks.
    ///
    /// # Errors
    /// The tensor's type cannot be reduced, its rows cannot be divided among the ranks, a rank calls another operation or does not join this one.
    pub fn reduce_scatter(&self, tensor: &Tensor, op: ReduceOp) -> Result<Tensor> {
        let operation = Operation::ReduceScatter.name();
        check_reducible(operation, tensor, op)?;
        let world_size = self.world_size as i64;
        let Some((rows, row)) = tensor.size().split_first().map(|(rows, row)| (*rows, row.to_vec())) else {
            return Err(Error::Argument {
                operation,
                problem: "the tensor has no dimension, expected rows".to_owned(),
            });
        };
        if rows % world_size != 0 {
            let problem = format!("the tensor has {rows} rows, expected a multiple of the {world_size} ranks");
            return Err(Error::Argument { operation, problem });
        }
        let (kind, bytes) = (tensor.kind(), to_bytes(tensor)?);
        let shape = [vec![rows / world_size], row].concat();
        let empty = tensor.numel() == 0;
        let call = Call::new(Operation::ReduceScatter, op as i64, tensor);
        let same = tensor.detach();
        let pending = self.submit(
            call,
            Box::new(move |gloo, _| {
                if empty {
                    return Ok(vec![Tensor::zeros(&shape, (kind, tch::Device::Cpu))]);
                }
                let torch = |e: TchError| e.to_string();
                let sent = bytes.f_view([world_size, -1]).map_err(torch)?;
                let received = sent.f_empty_like().map_err(torch)?;
                gloo.all_to_all(&received, &sent)?;
                let part = |rank| received.f_get(rank).map_err(torch).and_then(|part| from_bytes(&part, kind, &shape));
                let mut total = part(0)?;
                for rank in 1..world_size {
                    total = combine(&total, &part(rank)?, op).map_err(torch)?;
                }
                if op == ReduceOp::Mean {
                    total = total.f_div_scalar(world_size as f64).map_err(torch)?;
                }
                Ok(vec![total])
            }),
        );
        let Some(pending) = pending else { return Ok(same.copy()) };
        pending.wait()?.pop().ok_or_else(|| Error::Ended("an operation had no result".to_owned()))
    }
}

fn combine(total: &Tensor, part: &Tensor, op: ReduceOp) -> std::result::Result<Tensor, TchError> {
    match op {
        ReduceOp::Sum | ReduceOp::Mean => total.f_add(part),
        ReduceOp::Min => total.f_minimum(part),
        ReduceOp::Max => total.f_maximum(part),
    }
}

fn check_reducible(operation: &'static str, tensor: &Tensor, op: ReduceOp) -> Result<()> {
    check(operation, tensor)?;
    let kind = tensor.kind();
    let name = kind_name(kind).unwrap_or_default();
    let floating = matches!(kind, Kind::Half | Kind::BFloat16 | Kind::Float | Kind::Double);
    if !REDUCIBLE.contains(&kind) {
        return Err(Error::Argument { operation, problem: format!("values of the type {name} cannot be reduced") });
    }
    if op == ReduceOp::Mean && !floating {
        let problem = format!("the mean of values of the type {name} is not defined, expected floating-point values");
        return Err(Error::Argument { operation, problem });
    }
    Ok(())
}
