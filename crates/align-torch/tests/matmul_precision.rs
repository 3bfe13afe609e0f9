//! The matmul precision guard and LibTorch's global setting.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_torch::MatmulPrecision::{self, High, Highest, Medium};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tch::{Device, Kind, Tensor};

/// The setting is process-wide, so the tests must not run in parallel.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn the_guard_restores() {
    let _turn = turn();
    let before = MatmulPrecision::current();
    assert!(before.is_some());
    for precision in [Highest, High, Medium] {
        let guard = precision.set();
        assert_eq!(MatmulPrecision::current(), Some(precision));
        drop(guard);
        assert_eq!(MatmulPrecision::current(), before);
    }
}

#[test]
fn nested_guards_restore_the_previous_settings() {
    let _turn = turn();
    let before = MatmulPrecision::current();
    {
        let _outer = Medium.set();
        {
            let _inner = High.set();
            {
                let _innermost = Highest.set();
                assert_eq!(MatmulPrecision::current(), Some(Highest));
            }
            assert_eq!(MatmulPrecision::current(), Some(High));
        }
        assert_eq!(MatmulPrecision::current(), Some(Medium));
    }
    assert_eq!(MatmulPrecision::current(), before);
}

#[test]
fn a_panic_restores_too() {
    let _turn = turn();
    let before = MatmulPrecision::current();
    let result = std::panic::catch_unwind(|| {
        let _guard = Medium.set();
        std::panic::panic_any("on purpose");
    });
    assert!(result.is_err());
    assert_eq!(MatmulPrecision::current(), before);
}

#[test]
fn names_equal_those_of_torch() {
    for (precision, name) in [(Highest, "highest"), (High, "high"), (Medium, "medium")] {
        assert_eq!(serde_json::to_value(precision).unwrap(), name);
        assert_eq!(serde_json::from_value::<MatmulPrecision>(name.into()).unwrap(), precision);
    }
}

/// `(256, 768) x (768, 512)`, the relative error of the whole product in the Frobenius norm.
#[test]
fn a_product_under_medium_agrees_with_highest() {
    let _turn = turn();
    tch::manual_seed(0);
    let a = Tensor::randn([256, 768], (Kind::Float, Device::Cpu));
    let b = Tensor::randn([768, 512], (Kind::Float, Device::Cpu));
    let product = |precision: MatmulPrecision| {
        let _guard = precision.set();
        a.matmul(&b).to_kind(Kind::Double)
    };
    let highest = product(Highest);
    let exact = a.to_kind(Kind::Double).matmul(&b.to_kind(Kind::Double));
    let relative = |x: &Tensor, y: &Tensor| f64::try_from((x - y).norm()).unwrap() / f64::try_from(y.norm()).unwrap();
    assert!(relative(&highest, &exact) < 1e-6);

    // With AMX oneDNN rounds the factors to bfloat16, whose unit roundoff is 2^-8.
    let bound = if has_amx() { 1e-2 } else { 1e-5 };
    let error = relative(&product(Medium), &highest);
    assert!(error < bound, "relative error {error}, bound {bound}");
}

fn has_amx() -> bool {
    std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains("amx_bf16"))
}

/// On a GPU medium allows TF32. On a CPU the accuracy is measured, which does not change the current setting.
#[test]
fn the_fastest_exact_setting_has_the_accuracy_of_float32() {
    let _turn = turn();
    let before = MatmulPrecision::current();
    assert_eq!(MatmulPrecision::fastest_exact(Device::Cuda(0)), Highest);
    let fastest = MatmulPrecision::fastest_exact(Device::Cpu);
    assert_eq!(MatmulPrecision::current(), before);
    assert!(matches!(fastest, Highest | Medium));
    let (a, b) =
        (Tensor::randn([96, 300], (Kind::Float, Device::Cpu)), Tensor::randn([300, 96], (Kind::Float, Device::Cpu)));
    let exact = a.to_kind(Kind::Double).matmul(&b.to_kind(Kind::Double));
    let _fastest = fastest.set();
    let error = (a.matmul(&b).to_kind(Kind::Double) - &exact).norm() / exact.norm();
    assert!(error.double_value(&[]) < 2e-6, "{fastest:?}: {error}");
}
