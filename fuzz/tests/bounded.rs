//! A bounded run of every reader: what `mutate` does at length. One test, because allocations are counted for the process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_fuzz::{Harness, Outcome, READERS, mutated, seeds};

const MUTATIONS: u64 = 1500;
/// Tensors are LibTorch's memory, which the harness does not count: the whole process may grow by this, in KiB.
const PROCESS_LIMIT: u64 = 512 << 10;

/// The greatest size that this process has had in memory, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn mutated_files_give_a_result() {
    let before = peak();
    for reader in READERS {
        let harness = Harness::new(reader).unwrap();
        let seeds = seeds(&reader).unwrap();
        for seed in &seeds {
            assert_eq!(harness.run(seed).unwrap(), Outcome::Read, "{}: a file as it was written", reader.name);
        }
        let mut refused = 0;
        for number in 0..MUTATIONS {
            let bytes = mutated(&seeds[number as usize % seeds.len()], number);
            match harness.run(&bytes).unwrap() {
                Outcome::Read => {}
                Outcome::Refused => refused += 1,
                Outcome::Broken(how) => panic!("{}, mutation {number}: {how}", reader.name),
            }
        }
        assert!(refused > MUTATIONS / 20, "{}: only {refused} refused: the mutations hit nothing", reader.name);
    }
    let growth = peak() - before;
    assert!(growth < PROCESS_LIMIT, "the process grew by {growth} KiB");
}
