//! Fused nodes and decoding attention use all of LibTorch's threads.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use align_torch::{DecodingAttention, rms_norm, rotate_halves, silu_and_mul};
use std::fs::{read_dir, read_to_string};
use std::time::Instant;
use tch::{Device, Kind, Tensor};

/// The processor time of this thread, and that of the other threads of this process, in clock ticks.
fn processor_time() -> (u64, u64) {
    let own = read_to_string("/proc/thread-self/stat").unwrap();
    let own = own.split(' ').next().unwrap();
    let ticks = |thread: std::fs::DirEntry| {
        let stat = read_to_string(thread.path().join("stat")).unwrap_or_default();
        // Fields 14 and 15, counted from the name in brackets, which is the second.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>()
    };
    let (mut own_ticks, mut others) = (0, 0);
    for thread in read_dir("/proc/self/task").unwrap().map(Result::unwrap) {
        let is_own = thread.file_name().to_str() == Some(own);
        *(if is_own { &mut own_ticks } else { &mut others }) += ticks(thread);
    }
    (own_ticks, others)
}

fn ones(shape: &[i64]) -> Tensor {
    Tensor::ones(shape, (Kind::Float, Device::Cpu))
}

/// Waiting threads sleep. So if a node computes on one thread, the others use no processor time.
#[test]
fn every_node_gives_work_to_other_threads() {
    tch::set_num_threads(2);
    let (wide, narrow) = (ones(&[2000, 1024]), ones(&[1024]));
    let heads = ones(&[4, 8, 1000, 64]);
    let angles = ones(&[4, 1000, 32]);
    let (query, key) = (ones(&[64, 8, 1, 64]), ones(&[64, 8, 1, 64]));
    let (mut keys, mut values) = (ones(&[64, 8, 64, 512]), ones(&[64, 8, 512, 64]));
    let attention = DecodingAttention { scale: 0.1, softcap: None, window: None };
    let mut decode = || attention.append_and_attend(&query, &key, &key, &mut keys, &mut values, &[500; 64]).unwrap();
    let mut nodes: [(&str, &mut dyn FnMut() -> Tensor); 4] = [
        ("rms_norm", &mut || rms_norm(&wide, &narrow, 1e-5, 0.0).unwrap()),
        ("silu_and_mul", &mut || silu_and_mul(&wide, &wide).unwrap()),
        ("rotate_halves", &mut || rotate_halves(&heads, &angles, &angles).unwrap()),
        ("decoding attention", &mut decode),
    ];
    for (name, node) in &mut nodes {
        let (before, start) = (processor_time(), Instant::now());
        while start.elapsed().as_millis() < 600 {
            let _ = node();
        }
        let after = processor_time();
        let (own, others) = (after.0 - before.0, after.1 - before.1);
        assert!(others * 4 >= own, "{name}: this thread computed for {own} clock ticks, the others for {others}");
    }
}
