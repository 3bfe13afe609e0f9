//! What a rank calls. The ranks exchange this before each operation, so that a difference is an error on all of them: Gloo would mix up
//! the values, or wait until its time limit.

use std::fmt;
use tch::{Kind, Tensor};

/// An operation of a group. The numbers are sent to the other ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Barrier,
    AllReduce,
    Broadcast,
    AllGather,
    AllGatherRows,
    AllGatherBytes,
    ReduceScatter,
}

impl Operation {
    const ALL: [Self; 7] = [
        Self::Barrier,
        Self::AllReduce,
        Self::Broadcast,
        Self::AllGather,
        Self::AllGatherRows,
        Self::AllGatherBytes,
        Self::ReduceScatter,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Barrier => "barrier",
            Self::AllReduce => "all_reduce",
            Self::Broadcast => "broadcast",
            Self::AllGather => "all_gather",
            Self::AllGatherRows => "all_gather_rows",
            Self::AllGatherBytes => "all_gather_bytes",
            Self::ReduceScatter => "reduce_scatter",
        }
    }

    /// Whether the ranks may have different numbers of rows.
    fn allows_different_rows(self) -> bool {
        matches!(self, Self::AllGatherRows | Self::AllGatherBytes)
    }
}

/// How the values of the ranks become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReduceOp {
    /// The sum.
    Sum,
    /// The sum divided by the number of ranks; floating-point values only.
    Mean,
    /// The smallest value. If a value is not a number, the result is not specified.
    Min,
    /// The largest value. If a value is not a number, the result is not specified.
    Max,
}

impl ReduceOp {
    const ALL: [Self; 4] = [Self::Sum, Self::Mean, Self::Min, Self::Max];

    fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

/// Types of values, with PyTorch's names.
const KINDS: [(Kind, &str); 15] = [
    (Kind::Uint8, "uint8"),
    (Kind::Int8, "int8"),
    (Kind::Int16, "int16"),
    (Kind::Int, "int32"),
    (Kind::Int64, "int64"),
    (Kind::Half, "float16"),
    (Kind::Float, "float32"),
    (Kind::Double, "float64"),
    (Kind::ComplexHalf, "complex32"),
    (Kind::ComplexFloat, "complex64"),
    (Kind::ComplexDouble, "complex128"),
    (Kind::Bool, "bool"),
    (Kind::BFloat16, "bfloat16"),
    (Kind::Float8e5m2, "float8_e5m2"),
    (Kind::Float8e4m3fn, "float8_e4m3fn"),
];

/// The name of a type of values, if tensors of this type can be sent.
pub(crate) fn kind_name(kind: Kind) -> Option<&'static str> {
    KINDS.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name)
}

/// The most dimensions that a tensor may have.
pub(crate) const MAX_DIMENSIONS: usize = 10;
/// The length of a call as numbers.
pub(crate) const NUMBERS: usize = MAX_DIMENSIONS + 4;

/// What a rank calls: the operation, its argument (the reduction or the root), and the tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    argument: i64,
    kind: i64,
    pub(crate) shape: Vec<i64>,
}

impl Call {
    /// A call with a tensor of at most [`MAX_DIMENSIONS`] dimensions and a type that has a name.
    pub(crate) fn new(operation: Operation, argument: i64, tensor: &Tensor) -> Self {
        let position = KINDS.iter().position(|(kind, _)| *kind == tensor.kind());
        Self { operation, argument, kind: position.map_or(-1, |position| position as i64), shape: tensor.size() }
    }

    pub(crate) fn barrier() -> Self {
        Self { operation: Operation::Barrier, argument: 0, kind: -1, shape: Vec::new() }
    }

    /// The call as numbers.
    pub(crate) fn numbers(&self) -> Tensor {
        let mut numbers = vec![self.operation as i64, self.argument, self.kind, self.shape.len() as i64];
        numbers.extend(&self.shape);
        numbers.resize(NUMBERS, 0);
        Tensor::from_slice(&numbers)
    }

    /// The call of another rank.
    pub(crate) fn from_numbers(numbers: &[i64]) -> Option<Self> {
        let (&[operation, argument, kind, dimensions], shape) = numbers.split_first_chunk()?;
        let operation = *Operation::ALL.get(usize::try_from(operation).ok()?)?;
        let shape = shape.get(..usize::try_from(dimensions).ok()?)?.to_vec();
        Some(Self { operation, argument, kind, shape })
    }

    /// Whether two ranks can do this together.
    pub(crate) fn goes_with(&self, other: &Self) -> bool {
        let from = usize::from(self.operation.allows_different_rows());
        (self.operation, self.argument, self.kind, self.shape.len())
            == (other.operation, other.argument, other.kind, other.shape.len())
            && self.shape.get(from..) == other.shape.get(from..)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation.name())?;
        if self.operation == Operation::AllGatherBytes {
            return write!(f, " of {} bytes", self.shape.first().copied().unwrap_or_default());
        }
        let place = usize::try_from(self.kind).ok();
        if let Some((_, kind)) = place.and_then(|place| KINDS.get(place)) {
            write!(f, " of {kind} {:?}", self.shape)?;
        }
        let reduction = usize::try_from(self.argument).ok().and_then(|place| ReduceOp::ALL.get(place));
        match (self.operation, reduction) {
            (Operation::AllReduce | Operation::ReduceScatter, Some(reduction)) => write!(f, " ({})", reduction.name()),
            (Operation::Broadcast, _) => write!(f, " from rank {}", self.argument),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tch::Device;

    #[test]
    fn a_call_survives_its_way_to_another_rank() {
        let tensor = Tensor::zeros([2, 3], (Kind::BFloat16, Device::Cpu));
        for (place, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation as usize, place);
            let call = Call::new(operation, 1, &tensor);
            let numbers = Vec::<i64>::try_from(&call.numbers()).unwrap();
            assert_eq!(numbers.len(), NUMBERS);
            assert_eq!(Call::from_numbers(&numbers), Some(call));
        }
        assert_eq!(Call::from_numbers(&[99; NUMBERS]), None);
        for (place, reduction) in ReduceOp::ALL.into_iter().enumerate() {
            assert_eq!(reduction as usize, place);
        }
    }

    #[test]
    fn rows_may_differ_where_they_are_gathered_and_nowhere_else() {
        let of = |operation, shape: &[i64]| Call::new(operation, 0, &Tensor::zeros(shape, (Kind::Float, Device::Cpu)));
        let (two, three) = ([2, 3], [3, 3]);
        assert!(of(Operation::AllGatherRows, &two).goes_with(&of(Operation::AllGatherRows, &three)));
        assert!(!of(Operation::AllGatherRows, &two).goes_with(&of(Operation::AllGatherRows, &[2, 4])));
        assert!(!of(Operation::AllGather, &two).goes_with(&of(Operation::AllGather, &three)));
        assert!(!of(Operation::AllGather, &two).goes_with(&of(Operation::AllGatherRows, &two)));
    }

    #[test]
    fn a_call_is_shown_as_it_is_written() {
        let tensor = Tensor::zeros([2, 3], (Kind::Half, Device::Cpu));
        assert_eq!(Call::new(Operation::AllReduce, 1, &tensor).to_string(), "all_reduce of float16 [2, 3] (mean)");
        assert_eq!(Call::new(Operation::Broadcast, 2, &tensor).to_string(), "broadcast of float16 [2, 3] from rank 2");
        assert_eq!(Call::barrier().to_string(), "barrier");
    }
}
