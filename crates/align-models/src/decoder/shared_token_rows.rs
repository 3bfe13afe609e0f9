use crate::{Error, Result};
use tch::{Device, Tensor};

/// Rows that have tokens in common, such as the two sides of a preference pair with one prompt, for [`Attention::SharedTokens`]: each token
/// is computed once, and attention alone goes over the rows.
///
/// [`Attention::SharedTokens`]: crate::Attention::SharedTokens
#[derive(Debug)]
pub struct SharedTokenRows {
    /// Which token stands at each place, `(rows, len)`, int64; behind a row's end any.
    tokens: Tensor,
    /// One of the places where each token stands, counted in `(rows · len)`: `(tokens)`, int64.
    places: Tensor,
}

impl SharedTokenRows {
    /// Creates rows from token numbers, which start at 0. A token in several rows must have the same preceding tokens in each of them, and
    /// the same position.
    ///
    /// # Errors
    /// There are no tokens, or a number below the highest is missing.
    pub fn new(rows: &[Vec<i64>], device: Device) -> Result<Self> {
        let invalid = |problem: String| Error::Input(format!("rows of tokens: {problem}"));
        let len = rows.iter().map(Vec::len).max().unwrap_or(0);
        let count = rows.iter().map(Vec::len).sum();
        let mut tokens = Vec::with_capacity(rows.len() * len);
        let mut places: Vec<Option<i64>> = Vec::new();
        for own in rows {
            for token in own {
                let number = usize::try_from(*token).ok().filter(|number| *number < count);
                let number =
                    number.ok_or_else(|| invalid(format!("{token} is not a number of one of {count} tokens")))?;
                if number >= places.len() {
                    places.resize(number + 1, None);
                }
                if let Some(place) = places.get_mut(number) {
                    place.get_or_insert(tokens.len() as i64);
                }
                tokens.push(*token);
            }
            tokens.extend(std::iter::repeat_n(0, len - own.len()));
        }
        let everywhere = (0..).zip(&places).map(|(token, place)| {
            place.ok_or_else(|| invalid(format!("number {token} is missing, but there are {} tokens", places.len())))
        });
        let places = everywhere.collect::<Result<Vec<_>>>()?;
        if places.is_empty() {
            return Err(invalid("expected at least one token, found none".into()));
        }
        let tensor = |numbers: &[i64]| Tensor::f_from_slice(numbers)?.f_to_device(device);
        Ok(Self { tokens: tensor(&tokens)?.f_view([rows.len() as i64, len as i64])?, places: tensor(&places)? })
    }

    /// Which token stands at each place, `(rows, len)`, int64; behind a row's end any.
    pub fn tokens(&self) -> &Tensor {
        &self.tokens
    }

    /// One of the places where each token stands, counted in `(rows · len)`: `(tokens)`, int64.
    pub fn places(&self) -> &Tensor {
        &self.places
    }

    /// Expands values of tokens, `(1, tokens, width)`, to rows: `(rows, len, width)`.
    ///
    /// # Errors
    /// Another number of tokens.
    pub fn spread(&self, x: &Tensor) -> Result<Tensor> {
        let (width, (rows, len)) = (x.size3()?.2, self.tokens.size2()?);
        let spread = x.f_reshape([-1, width])?.f_index_select(0, &self.tokens.f_view([-1])?)?;
        Ok(spread.f_view([rows, len, width])?)
    }

    /// Gathers the value of each token from rows: `(rows, len, width)` to `(1, tokens, width)`.
    ///
    /// # Errors
    /// Another number of positions.
    pub fn gather(&self, x: &Tensor) -> Result<Tensor> {
        let width = x.size3()?.2;
        Ok(x.f_reshape([-1, width])?.f_index_select(0, &self.places)?.f_unsqueeze(0)?)
    }

    pub(crate) fn shallow_clone(&self) -> Self {
        Self { tokens: self.tokens.shallow_clone(), places: self.places.shallow_clone() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn spread_and_gather_are_inverse() {
        let rows = SharedTokenRows::new(&[vec![0, 1, 2], vec![0, 3]], Device::Cpu).unwrap();
        let x = Tensor::from_slice(&[10i64, 11, 12, 13]).view([1, 4, 1]);
        let spread = rows.spread(&x).unwrap();
        assert_eq!(Vec::<i64>::try_from(spread.view([-1])).unwrap()[..5], [10, 11, 12, 10, 13]);
        assert_eq!(rows.gather(&spread).unwrap(), x);
    }

    #[test]
    fn invalid_token_numbers_are_rejected() {
        let refused = |rows: &[Vec<i64>], part: &str| {
            let problem = SharedTokenRows::new(rows, Device::Cpu).unwrap_err().to_string();
            assert!(problem.contains(part), "{problem}");
        };
        refused(&[], "found none");
        refused(&[vec![]], "found none");
        refused(&[vec![0, 2, 2]], "number 1 is missing");
        refused(&[vec![0, -1]], "-1 is not a number of one of 2 tokens");
        refused(&[vec![i64::MAX]], "is not a number of one of 1 tokens");
    }
}
