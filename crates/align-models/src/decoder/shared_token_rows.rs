use crate::{Error, Result};
use tch::{Device, Tensor};

/// The layout of rows that share tokens, for [`Attention::SharedTokens`]: for example the two sequences of a preference pair with the same
/// prompt. Layers compute each distinct token once, and only attention works on the rows.
///
/// [`Attention::SharedTokens`]: crate::Attention::SharedTokens
#[derive(Debug)]
pub struct SharedTokenRows {
    /// The index of the token at each position of the rows, `(rows, len)`, int64; arbitrary in the padding.
    tokens: Tensor,
    /// A position of each token in the flattened rows, `(tokens)`, int64.
    positions: Tensor,
}

impl SharedTokenRows {
    /// Creates rows from token indices, which start at 0. A token that several rows share must have the same position and the same preceding
    /// tokens in each of them.
    ///
    /// # Errors
    /// There are no tokens, or an index below the highest is missing.
    pub fn new(rows: &[Vec<i64>], device: Device) -> Result<Self> {
        let invalid = |problem: String| Error::Input(format!("rows of tokens: {problem}"));
        let len = rows.iter().map(Vec::len).max().unwrap_or(0);
        let count = rows.iter().map(Vec::len).sum();
        let mut tokens = Vec::with_capacity(rows.len() * len);
        let mut positions: Vec<Option<i64>> = Vec::new();
        for row in rows {
            for token in row {
                let index = usize::try_from(*token).ok().filter(|index| *index < count);
                let index = index.ok_or_else(|| invalid(format!("{token} is not an index of {count} tokens")))?;
                if index >= positions.len() {
                    positions.resize(index + 1, None);
                }
                if let Some(position) = positions.get_mut(index) {
                    position.get_or_insert(tokens.len() as i64);
                }
                tokens.push(*token);
            }
            tokens.extend(std::iter::repeat_n(0, len - row.len()));
        }
        let known = (0..).zip(&positions).map(|(token, position)| {
            position
                .ok_or_else(|| invalid(format!("index {token} is missing, but there are {} tokens", positions.len())))
        });
        let positions = known.collect::<Result<Vec<_>>>()?;
        if positions.is_empty() {
            return Err(invalid("expected at least one token, found none".into()));
        }
        let tensor = |indices: &[i64]| Tensor::f_from_slice(indices)?.f_to_device(device);
        Ok(Self { tokens: tensor(&tokens)?.f_view([rows.len() as i64, len as i64])?, positions: tensor(&positions)? })
    }

    /// The index of the token at each position of the rows, `(rows, len)`, int64; arbitrary in the padding.
    pub fn tokens(&self) -> &Tensor {
        &self.tokens
    }

    /// A position of each token in the flattened rows, `(tokens)`, int64. If several rows share the token, it is the first.
    pub fn positions(&self) -> &Tensor {
        &self.positions
    }

    /// Copies the values of tokens, `(1, tokens, width)`, to the rows, `(rows, len, width)`.
    ///
    /// # Errors
    /// Another number of tokens.
    pub fn expand_to_rows(&self, x: &Tensor) -> Result<Tensor> {
        let (width, (rows, len)) = (x.size3()?.2, self.tokens.size2()?);
        let expanded = x.f_reshape([-1, width])?.f_index_select(0, &self.tokens.f_view([-1])?)?;
        Ok(expanded.f_view([rows, len, width])?)
    }

    /// Collects the value of each token from the rows, `(rows, len, width)`, into `(1, tokens, width)`.
    ///
    /// # Errors
    /// Another number of positions.
    pub fn collect_tokens(&self, x: &Tensor) -> Result<Tensor> {
        let width = x.size3()?.2;
        Ok(x.f_reshape([-1, width])?.f_index_select(0, &self.positions)?.f_unsqueeze(0)?)
    }

    pub(crate) fn shallow_clone(&self) -> Self {
        Self { tokens: self.tokens.shallow_clone(), positions: self.positions.shallow_clone() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn expanding_and_collecting_are_inverse() {
        let rows = SharedTokenRows::new(&[vec![0, 1, 2], vec![0, 3]], Device::Cpu).unwrap();
        let x = Tensor::from_slice(&[10i64, 11, 12, 13]).view([1, 4, 1]);
        let expanded = rows.expand_to_rows(&x).unwrap();
        assert_eq!(Vec::<i64>::try_from(expanded.view([-1])).unwrap()[..5], [10, 11, 12, 10, 13]);
        assert_eq!(rows.collect_tokens(&expanded).unwrap(), x);
    }

    #[test]
    fn invalid_token_indices_are_rejected() {
        let assert_rejected = |rows: &[Vec<i64>], part: &str| {
            let problem = SharedTokenRows::new(rows, Device::Cpu).unwrap_err().to_string();
            assert!(problem.contains(part), "{problem}");
        };
        assert_rejected(&[], "found none");
        assert_rejected(&[vec![]], "found none");
        assert_rejected(&[vec![0, 2, 2]], "index 1 is missing");
        assert_rejected(&[vec![0, -1]], "-1 is not an index of 2 tokens");
        assert_rejected(&[vec![i64::MAX]], "is not an index of 1 tokens");
    }
}
