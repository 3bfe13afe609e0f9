//! The time of operations of a process group: `torchrun --no-python --nproc-per-node 2 target/debug/examples/all_reduce`.
#![allow(clippy::print_stdout)]

use align_distributed::{GroupOptions, Launch, ProcessGroup, ReduceOp, Result};
use std::time::Instant;
use tch::{Device, Kind, Tensor};

fn main() -> Result<()> {
    let group = ProcessGroup::connect(&Launch::from_environment()?, GroupOptions::default())?;
    // A barrier is what each operation costs in addition: the ranks compare what they call.
    let barrier = seconds(&group, 1000, ProcessGroup::barrier)?;
    if group.rank() == 0 {
        println!("{} ranks\nbarrier: {:.0} µs", group.world_size(), barrier * 1e6);
    }
    for (values, times) in [(1_000, 1000), (100_000, 100), (6_250_000, 10), (124_000_000, 3)] {
        let mut gradient = Tensor::ones([values], (Kind::Float, Device::Cpu));
        let time = seconds(&group, times, |group| group.all_reduce(&mut gradient, ReduceOp::Mean))?;
        if group.rank() == 0 {
            let megabytes = values as f64 * 4e-6;
            println!("all_reduce of {megabytes:.3} MB: {:.3} ms, {:.0} MB/s", time * 1e3, megabytes / time);
        }
    }
    Ok(())
}

/// The mean time of an operation.
fn seconds(group: &ProcessGroup, times: u32, mut operation: impl FnMut(&ProcessGroup) -> Result<()>) -> Result<f64> {
    operation(group)?;
    let start = Instant::now();
    for _ in 0..times {
        operation(group)?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(times))
}
