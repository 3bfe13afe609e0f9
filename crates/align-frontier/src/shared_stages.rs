//! Stages that the processes of a group share out.

use crate::{Error, Result, SweepFolder};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Stages of a sweep that do not depend on one another, such as its points, with the results of those that are finished.
pub(crate) struct SharedStages<'a, R> {
    folder: &'a SweepFolder,
    names: Vec<String>,
    results: Vec<Option<R>>,
}

impl<'a, R: Serialize + DeserializeOwned> SharedStages<'a, R> {
    /// Reads the results of the stages that are finished.
    pub fn read(folder: &'a SweepFolder, names: Vec<String>) -> Result<Self> {
        let results = folder.group().result_of_rank_0(|| names.iter().map(|name| folder.read(name)).collect())?;
        Ok(Self { folder, names, results })
    }

    /// The number of finished stages.
    pub fn finished(&self) -> usize {
        self.results.iter().flatten().count()
    }

    pub fn is_finished(&self, index: usize) -> bool {
        self.result(index).is_some()
    }

    /// The result of a stage that is finished.
    pub fn result(&self, index: usize) -> Option<&R> {
        self.results.get(index).and_then(Option::as_ref)
    }

    /// Finishes a stage, and with it the next ones before `end` that are not finished: each process computes one, unless it is stopped, and rank
    /// 0 saves those that were not. An error of one process is an error of all, after the stages of the others are saved.
    pub fn finish(
        &mut self,
        index: usize,
        end: usize,
        compute: impl FnOnce(usize) -> Result<Option<R>>,
    ) -> Result<Option<&R>> {
        let group = self.folder.group();
        let unfinished = (index..end).filter(|index| !self.is_finished(*index));
        let unfinished: Vec<usize> = unfinished.take(group.world_size()).collect();
        let own = unfinished.get(group.rank()).map(|index| compute(*index)).transpose();
        let (own, problem) = own.map_or_else(|problem| (None, Err(problem)), |own| (own.flatten(), Ok(())));
        let computed = group.all_gather_results(Ok::<_, Error>(own))?;
        let saved = group.on_rank_0(|| {
            let finished =
                unfinished.iter().zip(&computed).filter_map(|(index, result)| Some((*index, result.as_ref()?)));
            let mut named = finished.filter_map(|(index, result)| Some((self.names.get(index)?, result)));
            named.try_for_each(|(name, result)| self.folder.write(name, result))
        });
        saved?;
        group.agree_on_result(problem)?;
        for (index, result) in unfinished.into_iter().zip(computed) {
            if let Some(slot) = self.results.get_mut(index) {
                *slot = result;
            }
        }
        Ok(self.result(index))
    }

    /// The results of the finished stages.
    pub fn into_results(self) -> impl Iterator<Item = R> {
        self.results.into_iter().flatten()
    }
}
