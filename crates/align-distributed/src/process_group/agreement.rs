//! Work that each process does by itself and that may fail in any of them.

use super::ProcessGroup;
use crate::error::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;

impl ProcessGroup {
    /// The result of work that each process does by itself. If it fails in any process, it fails in all of them: with its own error in the
    /// first process in which it fails, and with [`Error::OtherProcess`] in the others.
    ///
    /// ```
    /// # use align_distributed::{Error, ProcessGroup};
    /// let group = ProcessGroup::single();
    /// assert_eq!(group.agree_on_result(Ok::<i32, Error>(1))?, 1);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The work failed in this or in another process; a rank calls another operation or does not join this one.
    pub fn agree_on_result<T, E: Display + From<Error>>(&self, own: Result<T, E>) -> Result<T, E> {
        if self.is_single() {
            return own;
        }
        let problem = own.as_ref().err().map(ToString::to_string);
        let all: Vec<Option<String>> = self.all_gather_objects(&problem)?;
        let first = all.into_iter().enumerate().find_map(|(rank, problem)| Some((rank, problem?)));
        match first {
            Some((rank, problem)) if rank != self.rank() => Err(Error::OtherProcess { rank, problem }.into()),
            _ => own,
        }
    }

    /// The results of work that each process does by itself, in the order of the ranks. They are sent as
    /// [`all_gather_objects`](Self::all_gather_objects) does. If the work fails in any process, it fails in all of them.
    ///
    /// # Errors
    /// Those of [`agree_on_result`](Self::agree_on_result).
    pub fn all_gather_results<T, E>(&self, own: Result<T, E>) -> Result<Vec<T>, E>
    where
        T: Serialize + DeserializeOwned,
        E: Display + From<Error>,
    {
        let own = self.agree_on_result(own)?;
        match self.is_single() {
            true => Ok(vec![own]),
            false => Ok(self.all_gather_objects(&own)?),
        }
    }

    /// Whether `own` is true in any process.
    ///
    /// # Errors
    /// A rank calls another operation or does not join this one.
    pub fn any(&self, own: bool) -> Result<bool, Error> {
        Ok(self.all_gather_objects::<_, bool>(&own)?.contains(&true))
    }

    /// The result of work that rank 0 does. The other processes wait and get `None`. If it fails, it fails in all processes.
    ///
    /// # Errors
    /// Those of [`agree_on_result`](Self::agree_on_result).
    pub fn on_rank_0<T, E: Display + From<Error>>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<Option<T>, E> {
        let own = if self.rank() == 0 { work().map(Some) } else { Ok(None) };
        self.agree_on_result(own)
    }

    /// Like [`on_rank_0`](Self::on_rank_0), but all processes get the result, which is sent as [`all_gather_objects`](Self::all_gather_objects)
    /// does.
    ///
    /// # Errors
    /// Those of [`agree_on_result`](Self::agree_on_result).
    pub fn result_of_rank_0<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: Display + From<Error>,
    {
        // A list, because JSON cannot tell a result that is `None` from no result.
        let own: Vec<T> = self.on_rank_0(work)?.into_iter().collect();
        let mut sent = match self.is_single() {
            true => own,
            false => self.all_gather_objects::<_, Vec<T>>(&own)?.into_iter().next().unwrap_or_default(),
        };
        sent.pop().ok_or_else(|| Error::Object { problem: "rank 0 sent no result".to_owned() }.into())
    }
}
