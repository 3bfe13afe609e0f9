//! Block sizes of a packed product, chosen so that the result of a row does not depend on the other rows.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use tch::{Device, Kind, TchError, Tensor};

/// Block sizes to try, smallest first.
const SIZES: [i64; 4] = [6, 12, 48, 192];

/// The properties of a product that determine its block sizes on a given processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    inputs: i64,
    outputs: i64,
    bfloat16: bool,
    threads: i32,
}

/// The numbers of rows for which a product gives a row the same result, to the last bit, at any position.
///
/// oneDNN's AVX-512 kernels sum all rows in the same order if there are at least two. Its AVX2 kernels process rows in tiles of six and
/// sum the remaining rows in another order, and they divide the work among threads by the number of rows. Blocks of a fixed size avoid
/// both problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowBlocks {
    /// Any number of rows from two.
    AtLeastTwo,
    /// Blocks of these sizes, largest first. If there are none, the product is not divided.
    Sizes(Vec<i64>),
}

impl RowBlocks {
    /// Finds the blocks for a `product` of `(rows, inputs)` to `(rows, outputs)` by testing it. The result is cached for the process.
    pub(crate) fn find<E>(
        inputs: i64,
        outputs: i64,
        kind: Kind,
        product: impl Fn(&Tensor) -> Result<Tensor, E>,
    ) -> Result<Self, E>
    where
        E: From<TchError>,
    {
        static KNOWN: OnceLock<Mutex<HashMap<Shape, Vec<i64>>>> = OnceLock::new();
        if sums_rows_identically() {
            return Ok(Self::AtLeastTwo);
        }
        let shape = Shape { inputs, outputs, bfloat16: kind == Kind::BFloat16, threads: tch::get_num_threads() };
        let known = KNOWN.get_or_init(Mutex::default);
        if let Some(sizes) = known.lock().unwrap_or_else(PoisonError::into_inner).get(&shape) {
            return Ok(Self::Sizes(sizes.clone()));
        }
        let sizes = tch::no_grad(|| find_equal_sizes(inputs, kind, &product))?;
        if sizes.is_empty() {
            tracing::debug!(
                ?shape,
                "no block size gives equal results: the last bits of a result may depend on the batch"
            );
        }
        known.lock().unwrap_or_else(PoisonError::into_inner).insert(shape, sizes.clone());
        Ok(Self::Sizes(sizes))
    }

    /// Computes `product` of `x`, `(rows, inputs)`, block by block.
    pub(crate) fn multiply<E>(&self, x: &Tensor, product: impl Fn(&Tensor) -> Result<Tensor, E>) -> Result<Tensor, E>
    where
        E: From<TchError>,
    {
        let rows = x.size().first().copied().unwrap_or(0);
        let blocks = self.blocks(rows);
        if let [size] = blocks[..]
            && size == rows
        {
            return product(x);
        }
        let (mut done, mut parts) = (0, Vec::with_capacity(blocks.len()));
        for size in blocks {
            let used = size.min(rows - done);
            let block = x.f_narrow(0, done, used)?;
            parts.push(if used == size {
                product(&block)?
            } else {
                product(&block.f_constant_pad_nd([0, 0, 0, size - used])?)?.f_narrow(0, 0, used)?
            });
            done += used;
        }
        Ok(Tensor::f_cat(&parts, 0)?)
    }

    /// The sizes of the blocks that cover this number of rows. Only the last block may be larger than the remaining rows.
    fn blocks(&self, rows: i64) -> Vec<i64> {
        let sizes = match self {
            Self::AtLeastTwo => return vec![if rows == 1 { 2 } else { rows }],
            Self::Sizes(sizes) => sizes,
        };
        let (mut left, mut blocks) = (rows, Vec::new());
        for &size in sizes {
            while left >= size {
                blocks.push(size);
                left -= size;
            }
        }
        match sizes.iter().rev().find(|size| **size >= left) {
            Some(&size) if left > 0 => blocks.push(size),
            // No rows, or no blocks.
            _ if blocks.is_empty() => blocks.push(rows),
            _ => {}
        }
        blocks
    }
}

/// Whether oneDNN's product on this processor gives a row the same result for any number of rows of at least two.
fn sums_rows_identically() -> bool {
    #[cfg(target_arch = "x86_64")]
    let has_avx512 = is_x86_feature_detected!("avx512f") && std::env::var_os("ONEDNN_MAX_CPU_ISA").is_none();
    #[cfg(not(target_arch = "x86_64"))]
    let has_avx512 = false;
    has_avx512
}

/// The sizes for which all positions in a block give the same result, and all sizes give the same one, largest first.
fn find_equal_sizes<E: From<TchError>>(
    inputs: i64,
    kind: Kind,
    product: &impl Fn(&Tensor) -> Result<Tensor, E>,
) -> Result<Vec<i64>, E> {
    let row = Tensor::f_arange(inputs, (Kind::Float, Device::Cpu))?.f_mul_scalar(0.37)?.f_sin()?;
    let row = row.f_to_kind(kind)?.f_unsqueeze(0)?;
    let (mut sizes, mut result) = (Vec::new(), None::<Tensor>);
    for size in SIZES {
        let rows = product(&row.f_repeat([size, 1])?)?;
        let first = rows.f_narrow(0, 0, 1)?;
        let expected = result.as_ref().unwrap_or(&first);
        if rows.f_eq_tensor(expected)?.f_all()?.f_int64_value(&[])? == 1 {
            sizes.insert(0, size);
            result.get_or_insert(first);
        }
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn blocks_cover_the_rows() {
        let blocks = RowBlocks::Sizes(vec![48, 12, 6]);
        let cases: [(i64, &[i64]); 7] =
            [(0, &[0]), (1, &[6]), (6, &[6]), (7, &[6, 6]), (11, &[6, 6]), (48, &[48]), (160, &[48, 48, 48, 12, 6])];
        for (rows, expected) in cases {
            assert_eq!(blocks.blocks(rows), expected, "{rows} rows");
        }
        assert_eq!(RowBlocks::Sizes(vec![12]).blocks(3), [12]);
        assert_eq!(RowBlocks::Sizes(vec![]).blocks(7), [7]);
        assert_eq!([1, 2, 7].map(|rows| RowBlocks::AtLeastTwo.blocks(rows)), [[2], [2], [7]]);
    }

    #[test]
    fn sizes_with_different_results_are_excluded() {
        // A product that adds 1 to the last row of blocks of 12, and to all rows of blocks of 48.
        let product = |x: &Tensor| -> Result<Tensor, TchError> {
            let y = x.f_mul_scalar(2.0)?;
            Ok(match x.size()[0] {
                12 => Tensor::f_cat(&[y.narrow(0, 0, 11), y.narrow(0, 11, 1) + 1.0], 0)?,
                48 => y + 1.0,
                _ => y,
            })
        };
        assert_eq!(find_equal_sizes(8, Kind::Float, &product).unwrap(), [192, 6]);
        let x = Tensor::arange(15, (Kind::Float, Device::Cpu)).view([5, 3]);
        let y = RowBlocks::Sizes(vec![192, 6]).multiply(&x, product).unwrap();
        assert_eq!((y.size(), y.equal(&(x * 2.0))), (vec![5, 3], true));
    }
}
