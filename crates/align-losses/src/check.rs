//! Checks of arguments before they are passed to LibTorch.

use crate::{Error, Pair, Result};
use tch::{Kind, Tensor};

/// The dtype in which log-probabilities are computed: float64 for float64, otherwise float32.
pub(crate) fn compute_kind(kind: Kind) -> Kind {
    if kind == Kind::Double { Kind::Double } else { Kind::Float }
}

pub(crate) fn float(argument: &'static str, x: &Tensor) -> Result<()> {
    match x.kind() {
        Kind::Half | Kind::BFloat16 | Kind::Float | Kind::Double => Ok(()),
        found => Err(Error::Kind { argument, expected: "a floating-point dtype".into(), found }),
    }
}

/// Both sides must have the same shape, dtype and device.
pub(crate) fn sides(chosen: &'static str, rejected: &'static str, sides: &Pair<Tensor>) -> Result<()> {
    float(chosen, &sides.chosen)?;
    shape(rejected, &sides.rejected, &sides.chosen.size())?;
    kind(rejected, &sides.rejected, sides.chosen.kind())?;
    same_device(rejected, &sides.rejected, &sides.chosen)
}

/// Counts may have an integer or a floating-point dtype.
pub(crate) fn number(argument: &'static str, x: &Tensor) -> Result<()> {
    match x.kind() {
        Kind::Int | Kind::Int64 => Ok(()),
        found => float(argument, x).map_err(|_| Error::Kind {
            argument,
            expected: "an integer or floating-point dtype".into(),
            found,
        }),
    }
}

pub(crate) fn kind(argument: &'static str, x: &Tensor, expected: Kind) -> Result<()> {
    if x.kind() == expected {
        return Ok(());
    }
    Err(Error::Kind { argument, expected: format!("{expected:?}, as the other arguments have"), found: x.kind() })
}

pub(crate) fn shape(argument: &'static str, x: &Tensor, expected: &[i64]) -> Result<()> {
    if x.size() == expected {
        return Ok(());
    }
    Err(Error::Shape { argument, expected: format!("{expected:?}"), found: x.size() })
}

/// The sizes of a tensor with `N` dimensions, which `names` describes, such as `(batch, seq)`.
pub(crate) fn dimensions<const N: usize>(argument: &'static str, x: &Tensor, names: &str) -> Result<[i64; N]> {
    <[i64; N]>::try_from(x.size()).map_err(|found| Error::Shape {
        argument,
        expected: format!("{names}, {N} dimensions"),
        found,
    })
}

pub(crate) fn same_device(argument: &'static str, x: &Tensor, other: &Tensor) -> Result<()> {
    if x.device() == other.device() {
        return Ok(());
    }
    Err(Error::Device { argument, expected: other.device(), found: x.device() })
}

/// Token ids must be in range: on a GPU, an id out of range would crash the whole process.
pub(crate) fn token_ids(argument: &'static str, ids: &Tensor, vocab: i64) -> Result<()> {
    kind(argument, ids, Kind::Int64)?;
    if ids.numel() == 0 {
        return Ok(());
    }
    let (low, high) = (ids.f_min()?.f_int64_value(&[])?, ids.f_max()?.f_int64_value(&[])?);
    match (low < 0, high >= vocab) {
        (false, false) => Ok(()),
        (below, _) => Err(Error::TokenId { argument, last: vocab - 1, found: if below { low } else { high } }),
    }
}

pub(crate) fn above_zero(name: &'static str, found: f64) -> Result<()> {
    if found.is_finite() && found > 0.0 {
        return Ok(());
    }
    Err(Error::Hyperparameter { name, expected: "a finite number above 0", found })
}

pub(crate) fn beta(beta: f64) -> Result<()> {
    above_zero("beta", beta)
}

pub(crate) fn label_smoothing(label_smoothing: f64) -> Result<()> {
    if (0.0..0.5).contains(&label_smoothing) {
        return Ok(());
    }
    Err(Error::Hyperparameter {
        name: "label_smoothing",
        expected: "at least 0 and below 0.5 (at 0.5 the labels would have no information)",
        found: label_smoothing,
    })
}

/// Margins and the `beta` that scales them.
pub(crate) fn margin(x: &Tensor, scale: f64) -> Result<()> {
    float("margin", x)?;
    beta(scale)
}

pub(crate) fn at_least_zero(name: &'static str, found: f64) -> Result<()> {
    if found.is_finite() && found >= 0.0 {
        return Ok(());
    }
    Err(Error::Hyperparameter { name, expected: "a finite number of at least 0", found })
}

/// The ends of a range.
pub(crate) fn values_in_order(name: &'static str, low: f64, high: f64) -> Result<()> {
    let expected = "two finite numbers, the smaller one first";
    match [low, high].into_iter().find(|end| !end.is_finite()) {
        Some(found) => Err(Error::Hyperparameter { name, expected, found }),
        None if low > high => Err(Error::Hyperparameter { name, expected, found: low }),
        None => Ok(()),
    }
}

/// Finite values that are all `valid`.
pub(crate) fn values(
    name: &'static str,
    x: &Tensor,
    expected: &'static str,
    valid: impl Fn(f64) -> bool,
) -> Result<()> {
    float(name, x)?;
    if x.numel() == 0 {
        return Ok(());
    }
    // NaN is the minimum and the maximum of values with a NaN.
    let ends = [x.f_min()?.f_double_value(&[])?, x.f_max()?.f_double_value(&[])?];
    match ends.into_iter().find(|end| !end.is_finite() || !valid(*end)) {
        None => Ok(()),
        Some(found) => Err(Error::Hyperparameter { name, expected, found }),
    }
}

/// Probabilities that a label is right: a label that is wrong for certain is one of the other side.
pub(crate) fn probabilities(name: &'static str, x: &Tensor) -> Result<()> {
    values(name, x, "numbers above 0 and at most 1", |p| p > 0.0 && p <= 1.0)
}

/// Log-ratios and labels of unpaired completions.
pub(crate) fn unpaired(log_ratio: &Tensor, desirable: &Tensor) -> Result<()> {
    float("log_ratio", log_ratio)?;
    shape("desirable", desirable, &log_ratio.size())?;
    kind("desirable", desirable, Kind::Bool)?;
    same_device("desirable", desirable, log_ratio)
}
