//! What the processes of a group do.

use align_distributed::{Error, ProcessGroup, ReduceOp};
use std::time::Duration;
use tch::{Device, Kind, Tensor};

/// The value at a position of a rank's tensor: small integers, which all types represent exactly.
fn value(rank: usize, position: usize) -> f64 {
    ((rank * 5 + position * 3) % 11) as f64
}

fn tensor(rank: usize, shape: &[i64], kind: Kind) -> Tensor {
    let values: Vec<f64> = (0..shape.iter().product::<i64>() as usize).map(|position| value(rank, position)).collect();
    Tensor::from_slice(&values).view(shape).to_kind(kind)
}

fn reduce(values: impl Iterator<Item = f64>, op: ReduceOp, world_size: usize) -> f64 {
    match op {
        ReduceOp::Sum => values.sum(),
        ReduceOp::Mean => values.sum::<f64>() / world_size as f64,
        ReduceOp::Min => values.fold(f64::INFINITY, f64::min),
        ReduceOp::Max => values.fold(f64::NEG_INFINITY, f64::max),
    }
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(&tensor.to_kind(Kind::Double).contiguous().view([-1])).unwrap()
}

const ALL_OPS: [ReduceOp; 4] = [ReduceOp::Sum, ReduceOp::Mean, ReduceOp::Min, ReduceOp::Max];

/// Each operation, compared with plain arithmetic.
pub fn collectives(group: &ProcessGroup) {
    for kind in [Kind::Float, Kind::Double, Kind::Half, Kind::BFloat16, Kind::Int64, Kind::Int, Kind::Int8, Kind::Uint8]
    {
        for op in ALL_OPS {
            if op != ReduceOp::Mean || matches!(kind, Kind::Float | Kind::Double) {
                reductions(group, kind, op);
            }
        }
        gathers(group, kind);
    }
    gathers(group, Kind::Bool);
    shapes(group);
    ragged(group);
    objects(group);
    results(group);
    in_flight(group);
    same_bits(group);
    group.barrier().unwrap();
}

/// Work that each rank does by itself, and that may fail in any of them.
fn results(group: &ProcessGroup) {
    let (rank, last) = (group.rank(), group.world_size() - 1);
    let work = |failing: &[usize]| match failing.contains(&rank) {
        true => Err(Error::Object { problem: format!("of rank {rank}") }),
        false => Ok(f32::from_bits(7 + rank as u32)),
    };
    let all = group.all_gather_results(work(&[])).unwrap();
    assert_eq!(
        all.iter().map(|value| value.to_bits() as usize).collect::<Vec<_>>(),
        (7..=7 + last).collect::<Vec<_>>()
    );
    assert_eq!(group.result_of_rank_0(|| work(&[])).unwrap().to_bits(), 7);
    assert_eq!(group.result_of_rank_0(|| Ok::<Option<u8>, Error>(None)).unwrap(), None);
    assert_eq!(group.on_rank_0(|| work(&[])).unwrap().is_some(), rank == 0);
    for failing in [&[last][..], &[0, last]] {
        let first = failing[0];
        match group.agree_on_result(work(failing)).unwrap_err() {
            Error::Object { problem } => assert_eq!((rank, problem), (first, format!("of rank {rank}"))),
            Error::OtherProcess { rank: other, problem } => {
                assert!(other == first && other != rank && problem.contains(&format!("of rank {first}")), "{problem}");
            }
            other => panic!("{other}"),
        }
    }
    group.on_rank_0(|| work(&[0])).unwrap_err();
    assert!(group.any(rank == last).unwrap() && !group.any(false).unwrap());
}

fn reductions(group: &ProcessGroup, kind: Kind, op: ReduceOp) {
    let world_size = group.world_size();
    let expected = |from: usize, count: usize| -> Vec<f64> {
        let at = |position| reduce((0..world_size).map(|rank| value(rank, position)), op, world_size);
        let exact: Vec<f64> = (from..from + count).map(at).collect();
        // A mean is rounded to the type.
        values(&Tensor::from_slice(&exact).to_kind(kind))
    };
    let mut own = tensor(group.rank(), &[2, 9], kind);
    group.all_reduce(&mut own, op).unwrap();
    assert_eq!(values(&own), expected(0, 18), "all_reduce {kind:?} {op:?}");
    assert_eq!(own.kind(), kind);
    // Three rows of two values for each rank.
    let rows = tensor(group.rank(), &[3 * world_size as i64, 2], kind);
    let part = group.reduce_scatter(&rows, op).unwrap();
    assert_eq!((part.size(), part.kind()), (vec![3, 2], kind));
    assert_eq!(values(&part), expected(group.rank() * 6, 6), "reduce_scatter {kind:?} {op:?}");
}

fn gathers(group: &ProcessGroup, kind: Kind) {
    let own = tensor(group.rank(), &[3, 2], kind);
    for root in 0..group.world_size() {
        let mut sent = own.copy();
        group.broadcast(&mut sent, root).unwrap();
        assert_eq!(sent, tensor(root, &[3, 2], kind), "broadcast {kind:?} from {root}");
    }
    let gathered = group.all_gather(&own).unwrap();
    assert_eq!(gathered.len(), group.world_size());
    for (rank, found) in gathered.iter().enumerate() {
        assert_eq!(found, &tensor(rank, &[3, 2], kind), "all_gather {kind:?} of rank {rank}");
    }
}

/// Tensors that are scalars, empty, transposed, or part of a graph.
fn shapes(group: &ProcessGroup) {
    let world_size = group.world_size() as f64;
    let mut scalar = Tensor::from(2.0f32);
    group.all_reduce(&mut scalar, ReduceOp::Sum).unwrap();
    assert_eq!((scalar.size(), scalar.double_value(&[])), (vec![], 2.0 * world_size));
    let mut empty = Tensor::zeros([0, 3], (Kind::Float, Device::Cpu));
    group.all_reduce(&mut empty, ReduceOp::Sum).unwrap();
    group.broadcast(&mut empty, 0).unwrap();
    assert_eq!(group.all_gather(&empty).unwrap().last().unwrap().size(), [0, 3]);
    assert_eq!(group.reduce_scatter(&empty, ReduceOp::Sum).unwrap().size(), [0, 3]);

    // The transposed tensor is written in place: its memory is that of `columns`. The ranks' memory layouts differ.
    let columns = tensor(group.rank(), &[2, 3], Kind::Float);
    let mut transposed = if group.rank() == 0 { columns.transpose(0, 1) } else { columns.transpose(0, 1).contiguous() };
    group.all_reduce(&mut transposed, ReduceOp::Sum).unwrap();
    let sum = (0..group.world_size()).map(|rank| tensor(rank, &[2, 3], Kind::Float)).reduce(|a, b| a + b).unwrap();
    assert_eq!(transposed, sum.transpose(0, 1));
    if group.rank() == 0 {
        assert_eq!(columns, sum);
    }
    let last = group.world_size() - 1;
    group.broadcast(&mut transposed.transpose(0, 1).narrow(1, 1, 2), last).unwrap();

    let mut weight = Tensor::from_slice(&[1.0f32]).set_requires_grad(true);
    group.all_reduce(&mut weight, ReduceOp::Sum).unwrap();
    assert!(weight.requires_grad() && weight.is_leaf());
    assert_eq!(values(&weight.detach()), [world_size]);
}

/// Rank r has 2r rows, so rank 0 has none.
fn ragged(group: &ProcessGroup) {
    for kind in [Kind::Float, Kind::Int64, Kind::Bool] {
        let gathered = group.all_gather_rows(&tensor(group.rank(), &[2 * group.rank() as i64, 3], kind)).unwrap();
        assert_eq!(gathered.len(), group.world_size());
        for (rank, found) in gathered.iter().enumerate() {
            assert_eq!(found, &tensor(rank, &[2 * rank as i64, 3], kind));
        }
    }
    let bytes = group.all_gather_bytes(&b"abcdef"[..group.rank()]).unwrap();
    for (rank, found) in bytes.iter().enumerate() {
        assert_eq!(found, &b"abcdef"[..rank]);
    }
}

fn objects(group: &ProcessGroup) {
    let own = (format!("rank {}", group.rank()), vec![0.1f64; group.rank()]);
    let all: Vec<(String, Vec<f64>)> = group.all_gather_objects(&own).unwrap();
    let expected: Vec<_> = (0..group.world_size()).map(|rank| (format!("rank {rank}"), vec![0.1; rank])).collect();
    assert_eq!(all, expected);
    let problem = group.all_gather_objects::<_, u64>(&own).unwrap_err().to_string();
    assert!(problem.contains("the value of rank 0: invalid type"), "{problem}");
}

/// Several operations at a time, in two groups.
fn in_flight(group: &ProcessGroup) {
    let other = group.another("metrics").unwrap();
    let buckets: Vec<Tensor> = (0..5).map(|size| tensor(group.rank(), &[1000 * size], Kind::Float)).collect();
    let works: Vec<_> = buckets.iter().map(|bucket| group.start_all_reduce(bucket, ReduceOp::Sum).unwrap()).collect();
    let ranks: Vec<usize> = other.all_gather_objects(&other.rank()).unwrap();
    assert!(ranks.into_iter().eq(0..group.world_size()));
    for (work, bucket) in works.into_iter().zip(&buckets) {
        work.wait().unwrap();
        let at = |position| (0..group.world_size()).map(|rank| value(rank, position)).sum::<f64>();
        assert!(values(bucket).into_iter().eq((0..bucket.numel()).map(at)));
    }
    if group.world_size() > 1 {
        let problem = group.another("metrics").unwrap_err().to_string();
        assert!(problem.contains("a group with the name \"metrics\" already"), "{problem}");
    }
}

/// Sums that are rounded have the same bits on all ranks, also a second time.
fn same_bits(group: &ProcessGroup) {
    tch::manual_seed(group.rank() as i64);
    let own = Tensor::randn([10_001], (Kind::Float, Device::Cpu));
    let sum = || {
        let mut sum = own.copy();
        group.all_reduce(&mut sum, ReduceOp::Mean).unwrap();
        sum
    };
    let all = group.all_gather(&sum()).unwrap();
    let again = sum();
    assert!(all.iter().all(|sum| sum.equal(&again)));
}

/// Rank 1 has another shape, then another type, then another operation. The group can be used afterwards.
pub fn mismatch(group: &ProcessGroup) {
    let odd = group.rank() == 1;
    let mut shape = Tensor::zeros([if odd { 3 } else { 2 }, 2], (Kind::Float, Device::Cpu));
    let problem = group.all_reduce(&mut shape, ReduceOp::Sum).unwrap_err().to_string();
    println!("result: {problem}");
    let kind = if odd { Kind::Double } else { Kind::Float };
    let mut other_kind = Tensor::zeros([2], (kind, Device::Cpu));
    let problem = group.broadcast(&mut other_kind, 0).unwrap_err().to_string();
    assert!(problem.contains("rank 1 called broadcast of float64 [2] from rank 0"), "{problem}");
    let result = if odd { group.barrier() } else { group.all_gather(&shape).map(|_| ()) };
    let problem = result.unwrap_err().to_string();
    assert!(problem.contains("rank 1 called barrier") && problem.contains("called all_gather of float32"), "{problem}");
    let mut one = Tensor::from(1.0f32);
    group.all_reduce(&mut one, ReduceOp::Sum).unwrap();
    assert_eq!(one.double_value(&[]), group.world_size() as f64);
}

/// Reduces again and again until that fails.
pub fn steps(group: &ProcessGroup) {
    for step in 0.. {
        let mut gradient = Tensor::ones([100_000], (Kind::Float, Device::Cpu));
        if let Err(error) = group.all_reduce(&mut gradient, ReduceOp::Sum) {
            println!("result: {error}");
            let problem = group.barrier().unwrap_err().to_string();
            assert!(problem.contains("ended by an earlier error: rank"), "{problem}");
            return;
        }
        if step == 5 {
            println!("ready");
        }
    }
}

/// Rank 1 comes too late to the second operation.
pub fn late(group: &ProcessGroup, timeout: Duration) {
    group.barrier().unwrap();
    println!("ready");
    if group.rank() == 1 {
        std::thread::sleep(timeout + timeout / 2);
    }
    println!("result: {}", group.barrier().unwrap_err());
}

/// Rank 1 leaves before the second operation.
pub fn leaves(group: ProcessGroup) {
    group.barrier().unwrap();
    println!("ready");
    if group.rank() == 1 {
        drop(group);
    } else {
        println!("result: {}", group.barrier().unwrap_err());
    }
}

/// Rank 1 panics; the others wait for it.
pub fn exit(group: &ProcessGroup) {
    group.barrier().unwrap();
    if group.rank() == 1 {
        panic!("rank 1 fails on purpose");
    }
    std::thread::sleep(Duration::from_secs(60));
}

/// Rank 1 fails, and succeeds when torchrun has restarted all.
pub fn restart(group: &ProcessGroup) {
    group.barrier().unwrap();
    let restarts = std::env::var("TORCHELASTIC_RESTART_COUNT").unwrap();
    if restarts == "0" && group.rank() == 1 {
        panic!("rank 1 fails on purpose");
    }
    let mut one = Tensor::from(1.0f32);
    match group.all_reduce(&mut one, ReduceOp::Sum) {
        Ok(()) => println!("result: {} after restart {restarts}", one.double_value(&[])),
        Err(e) => panic!("{e}"),
    }
}
