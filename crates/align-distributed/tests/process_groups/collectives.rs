//! Operations that succeed, and arguments that cannot.

use crate::support::{finish_except, start_group};
use align_distributed::{ProcessGroup, ReduceOp};
use tch::{Device, Kind, Tensor};

#[test]
fn every_operation_is_plain_arithmetic_for_one_to_four_processes() {
    for world_size in 1..=4 {
        let mut processes = start_group("collectives", world_size, "");
        for process in &mut processes {
            assert!(process.finish() && process.text.contains("done"), "{}", process.text);
        }
    }
}

#[test]
fn a_rank_with_another_shape_is_an_error_on_all_ranks() {
    let mut processes = start_group("mismatch", 3, "");
    finish_except(&mut processes, None);
    for process in &processes {
        assert!(process.text.contains("done"), "{}", process.text);
        assert_eq!(
            process.result(),
            "the ranks called different operations: ranks 0 and 2 called all_reduce of float32 [2, 2] (sum); \
             rank 1 called all_reduce of float32 [3, 2] (sum)"
        );
    }
}

#[test]
fn arguments_that_no_rank_could_use_are_errors() {
    let group = ProcessGroup::single();
    assert!(group.is_single() && (group.rank(), group.world_size()) == (0, 1));
    let floats = |shape: &[i64]| Tensor::zeros(shape, (Kind::Float, Device::Cpu));
    let mut counts = Tensor::from_slice(&[1i64]);
    let mut flags = Tensor::from_slice(&[true]);
    for (result, expected) in [
        (group.all_reduce(&mut counts, ReduceOp::Mean), "all_reduce: the mean of values of the type int64 is not"),
        (group.all_reduce(&mut flags, ReduceOp::Sum), "all_reduce: values of the type bool cannot be reduced"),
        (group.all_reduce(&mut floats(&[1; 11]), ReduceOp::Sum), "has 11 dimensions, expected at most 10"),
        (group.broadcast(&mut floats(&[1]), 1), "broadcast: there is no rank 1 among 1 ranks"),
        (group.all_gather_rows(&floats(&[])).map(|_| ()), "all_gather_rows: the tensor has no dimension"),
        (group.reduce_scatter(&floats(&[]), ReduceOp::Sum).map(|_| ()), "reduce_scatter: the tensor has no dimension"),
        (group.all_gather(&floats(&[2]).to_sparse_sparse_dim(1)).map(|_| ()), "all_gather: the tensor is sparse"),
    ] {
        let problem = result.unwrap_err().to_string();
        assert!(problem.contains(expected), "{problem}");
    }
}

/// The second virtual table of Gloo's store that `cpp/gloo/README.md` describes.
#[test]
fn the_program_has_no_virtual_table_of_gloos_store() {
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    // Between zeros, unlike the strings of this test.
    let contains = |name: &str| {
        let name = format!("\0{name}\0");
        program.windows(name.len()).any(|window| window == name.as_bytes())
    };
    assert!(contains("N4c10d8ReduceOpE"), "the names of types are not where they were expected");
    assert!(!contains("N4c10d16ProcessGroupGloo9GlooStoreE"));
}
