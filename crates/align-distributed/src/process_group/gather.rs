//! Sending values to all ranks.

use super::bytes::{from_bytes, to_bytes};
use super::{ProcessGroup, check};
use crate::call::{Call, Operation};
use crate::error::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tch::{Device, Kind, TchError, Tensor};

impl ProcessGroup {
    /// Replaces the values of a tensor by those of the rank `root`. All ranks call this with tensors of the same shape and type.
    ///
    /// # Errors
    /// There is no such rank, a rank calls another operation or does not join this one.
    pub fn broadcast(&self, tensor: &mut Tensor, root: usize) -> Result<()> {
        let operation = Operation::Broadcast.name();
        check(operation, tensor)?;
        let from = i32::try_from(root).ok().filter(|_| root < self.world_size);
        let Some(from) = from else {
            let problem = format!("there is no rank {root} among {} ranks", self.world_size);
            return Err(Error::Argument { operation, problem });
        };
        let (bytes, call) = (to_bytes(tensor)?, Call::new(Operation::Broadcast, from.into(), tensor));
        let sent = bytes.shallow_clone();
        let run = move |gloo: &crate::gloo::Gloo, _: &[Call]| {
            if sent.numel() > 0 {
                gloo.broadcast(&sent, from)?;
            }
            Ok(Vec::new())
        };
        let Some(pending) = self.submit(call, Box::new(run)) else { return Ok(()) };
        pending.wait()?;
        if !tensor.is_contiguous() {
            let values = from_bytes(&bytes, tensor.kind(), &tensor.size()).map_err(TchError::Torch)?;
            tensor.detach().f_copy_(&values)?;
        }
        Ok(())
    }

    /// The tensors of all ranks, which have the same shape.
    ///
    /// # Errors
    /// A rank calls another operation or does not join this one.
    pub fn all_gather(&self, tensor: &Tensor) -> Result<Vec<Tensor>> {
        self.gather(Operation::AllGather, tensor)
    }

    /// The tensors of all ranks, which have the same shape except for their numbers of rows.
    ///
    /// # Errors
    /// The tensor has no dimension, a rank calls another operation or does not join this one.
    pub fn all_gather_rows(&self, tensor: &Tensor) -> Result<Vec<Tensor>> {
        self.gather(Operation::AllGatherRows, tensor)
    }

    /// The bytes of all ranks.
    ///
    /// # Errors
    /// A rank calls another operation or does not join this one.
    pub fn all_gather_bytes(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let gathered = self.gather(Operation::AllGatherBytes, &Tensor::from_slice(bytes))?;
        gathered.iter().map(|bytes| Ok(Vec::<u8>::try_from(bytes)?)).collect()
    }

    /// The values of all ranks, sent as JSON: for options, versions and digests on which the ranks must agree, and for results of any type.
    /// Finite numbers arrive exactly; JSON has no others.
    ///
    /// ```
    /// # use align_distributed::ProcessGroup;
    /// let group = ProcessGroup::single();
    /// let versions: Vec<(String, i32)> = group.all_gather_objects(&("align", 1))?;
    /// assert_eq!(versions, [("align".to_owned(), 1)]);
    /// # Ok::<(), align_distributed::Error>(())
    /// ```
    ///
    /// # Errors
    /// The value has no form as JSON, or another rank sent a value of another type; a rank calls another operation or does not join this one.
    pub fn all_gather_objects<T: Serialize, U: DeserializeOwned>(&self, value: &T) -> Result<Vec<U>> {
        let problem = |e: serde_json::Error| Error::Object { problem: e.to_string() };
        let gathered = self.all_gather_bytes(&serde_json::to_vec(value).map_err(problem)?)?;
        let read = |(rank, bytes): (usize, &Vec<u8>)| {
            let problem = |e| Error::Object { problem: format!("the value of rank {rank}: {e}") };
            serde_json::from_slice(bytes).map_err(problem)
        };
        gathered.iter().enumerate().map(read).collect()
    }

    /// Gathers tensors, which are padded to the largest number of bytes.
    fn gather(&self, operation: Operation, tensor: &Tensor) -> Result<Vec<Tensor>> {
        check(operation.name(), tensor)?;
        if operation == Operation::AllGatherRows && tensor.dim() == 0 {
            let problem = "the tensor has no dimension, expected rows".to_owned();
            return Err(Error::Argument { operation: operation.name(), problem });
        }
        let (kind, bytes) = (tensor.kind(), to_bytes(tensor)?);
        let size = kind.elt_size_in_bytes() as i64;
        let run = move |gloo: &crate::gloo::Gloo, calls: &[Call]| {
            let torch = |e: TchError| e.to_string();
            let lengths: Vec<i64> = calls.iter().map(|call| call.shape.iter().product::<i64>() * size).collect();
            let longest = lengths.iter().copied().max().unwrap_or_default();
            let all = Tensor::f_zeros([calls.len() as i64, longest], (Kind::Uint8, Device::Cpu)).map_err(torch)?;
            if longest > 0 {
                let padding = longest - bytes.numel() as i64;
                gloo.all_gather(&all, &bytes.f_constant_pad_nd([0, padding]).map_err(torch)?)?;
            }
            let of_rank = |(rank, (call, length)): (usize, (&Call, &i64))| {
                if *length == 0 {
                    return Tensor::f_zeros(&call.shape, (kind, Device::Cpu)).map_err(torch);
                }
                let own = all.f_get(rank as i64).and_then(|row| row.f_narrow(0, 0, *length)).map_err(torch)?;
                from_bytes(&own, kind, &call.shape)
            };
            calls.iter().zip(&lengths).enumerate().map(of_rank).collect()
        };
        match self.submit(Call::new(operation, 0, tensor), Box::new(run)) {
            Some(pending) => pending.wait(),
            None => Ok(vec![tensor.detach().copy()]),
        }
    }
}
