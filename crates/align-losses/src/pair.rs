/// A value for each side of a preference pair: for the chosen and for the rejected completion.
///
/// ```
/// use align_losses::Pair;
/// let lengths = Pair { chosen: "good film", rejected: "bad" }.map(str::len);
/// assert_eq!(lengths, Pair { chosen: 9, rejected: 3 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Pair<T> {
    /// The value for the chosen completion.
    pub chosen: T,
    /// The value for the rejected completion.
    pub rejected: T,
}

impl<T> Pair<T> {
    /// Applies a function to both sides, chosen first.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Pair<U> {
        Pair { chosen: f(self.chosen), rejected: f(self.rejected) }
    }

    /// Applies a fallible function to both sides, chosen first.
    ///
    /// # Errors
    /// The function's first error.
    pub fn try_map<U, E>(self, mut f: impl FnMut(T) -> Result<U, E>) -> Result<Pair<U>, E> {
        Ok(Pair { chosen: f(self.chosen)?, rejected: f(self.rejected)? })
    }

    /// References to both sides.
    pub fn as_ref(&self) -> Pair<&T> {
        Pair { chosen: &self.chosen, rejected: &self.rejected }
    }

    /// Combines each side with that of another pair.
    pub fn zip<U>(self, other: Pair<U>) -> Pair<(T, U)> {
        Pair { chosen: (self.chosen, other.chosen), rejected: (self.rejected, other.rejected) }
    }
}
