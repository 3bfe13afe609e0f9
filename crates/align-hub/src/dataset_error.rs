/// A split of a data set that cannot be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A data set without files for a split.
    #[error(
        "the data set `{dataset}` has no files of the split {split:?}{config}, expected names such as \
         data/{split}-00000-of-00001.parquet or {split}.jsonl; its files are {found}"
    )]
    NoSplit {
        /// The data set and revision.
        dataset: String,
        /// The split.
        split: String,
        /// The configuration, if one was named.
        config: String,
        /// The files that exist.
        found: String,
    },
    /// A data set with several configurations, of which none was named.
    #[error("the data set `{dataset}` has several configurations: name one of {found}")]
    SeveralConfigs {
        /// The data set and revision.
        dataset: String,
        /// The configurations.
        found: String,
    },
}
