use crate::{Error, Result};
use tch::Tensor;

/// A padded batch of token ids with its attention mask.
#[derive(Debug)]
pub struct Padded {
    /// Token ids, `(batch, seq)`, int64.
    pub input_ids: Tensor,
    /// 1 where a token is real and 0 where it is padding, `(batch, seq)`, int64.
    pub attention_mask: Tensor,
}

/// Pads rows of token ids on the left to the longest row, for generation.
///
/// # Errors
/// When there are no rows, or all are empty.
pub fn left_pad(rows: &[Vec<i64>], pad_token_id: i64) -> Result<Padded> {
    pad(rows, pad_token_id, Side::Left)
}

/// Pads rows of token ids on the right to the longest row, for classifiers and training.
///
/// # Errors
/// When there are no rows, or all are empty.
pub fn right_pad(rows: &[Vec<i64>], pad_token_id: i64) -> Result<Padded> {
    pad(rows, pad_token_id, Side::Right)
}

enum Side {
    Left,
    Right,
}

fn pad(rows: &[Vec<i64>], pad_token_id: i64, side: Side) -> Result<Padded> {
    let width = width_of(rows.iter().map(Vec::len))?;
    let mut ids = Vec::with_capacity(rows.len() * width);
    let mut mask = Vec::with_capacity(rows.len() * width);
    for row in rows {
        let padding = width - row.len();
        match side {
            Side::Left => {
                ids.extend(std::iter::repeat_n(pad_token_id, padding));
                ids.extend(row);
                mask.extend(std::iter::repeat_n(0, padding));
                mask.extend(std::iter::repeat_n(1, row.len()));
            }
            Side::Right => {
                ids.extend(row);
                ids.extend(std::iter::repeat_n(pad_token_id, padding));
                mask.extend(std::iter::repeat_n(1, row.len()));
                mask.extend(std::iter::repeat_n(0, padding));
            }
        }
    }
    Ok(Padded { input_ids: matrix(&ids, rows.len(), width)?, attention_mask: matrix(&mask, rows.len(), width)? })
}

/// The maximum length, which must be at least 1.
pub(crate) fn width_of(lengths: impl Iterator<Item = usize>) -> Result<usize> {
    match lengths.max() {
        None => Err(Error::Batch("expected at least one row, found none".to_owned())),
        Some(0) => Err(Error::Batch("expected at least one token, found only empty rows".to_owned())),
        Some(width) => Ok(width),
    }
}

/// Converts values in row-major order to an int64 tensor `(rows, width)`.
pub(crate) fn matrix(values: &[i64], rows: usize, width: usize) -> Result<Tensor> {
    Ok(Tensor::f_from_slice(values)?.f_reshape([rows as i64, width as i64])?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rows(tensor: &Tensor) -> Vec<Vec<i64>> {
        Vec::<Vec<i64>>::try_from(tensor).unwrap()
    }

    #[test]
    fn pads_on_the_requested_side() {
        let texts = [vec![5, 6, 7], vec![8], vec![]];
        let left = left_pad(&texts, 9).unwrap();
        assert_eq!(rows(&left.input_ids), [[5, 6, 7], [9, 9, 8], [9, 9, 9]]);
        assert_eq!(rows(&left.attention_mask), [[1, 1, 1], [0, 0, 1], [0, 0, 0]]);
        let right = right_pad(&texts, 9).unwrap();
        assert_eq!(rows(&right.input_ids), [[5, 6, 7], [8, 9, 9], [9, 9, 9]]);
        assert_eq!(rows(&right.attention_mask), [[1, 1, 1], [1, 0, 0], [0, 0, 0]]);
    }

    #[test]
    fn rejects_empty_batches() {
        assert!(left_pad(&[], 0).unwrap_err().to_string().contains("found none"));
        assert!(right_pad(&[vec![], vec![]], 0).unwrap_err().to_string().contains("only empty rows"));
    }
}
