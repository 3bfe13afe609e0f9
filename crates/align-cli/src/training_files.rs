use crate::Failure;
use crate::column_option::ColumnOption;
use crate::run_input::RunInput;
use crate::usage::UsageError;
use align_data::tables::table_files;
use align_hub::{Hub, HubConfig, ModelName, NameError, TransferProgress};
use std::path::{Path, PathBuf};

/// Where training and evaluation rows come from: files, or a data set on the hub.
#[derive(clap::Args, serde::Serialize)]
pub struct TrainingFiles {
    /// Training data: CSV, Parquet, JSONL or JSON, also compressed with gzip or Zstandard. Several files with commas, or a pattern such as
    /// 'data/*.jsonl'.
    #[arg(long, required_unless_present = "dataset_name")]
    train_file: Option<PathBuf>,
    /// Evaluation data, in the same forms as --train-file.
    #[arg(long)]
    eval_file: Option<PathBuf>,
    /// Data set on the hub to train on, user/name[@revision], in place of --train-file.
    #[arg(long, conflicts_with = "train_file", value_parser = checked_name)]
    dataset_name: Option<String>,
    /// Configuration of --dataset-name, if it has several.
    #[arg(long)]
    dataset_config: Option<String>,
    /// Split of --dataset-name to train on [default: train].
    #[arg(long)]
    dataset_train_split: Option<String>,
    /// Split of --dataset-name to evaluate on.
    #[arg(long, conflicts_with = "eval_file")]
    dataset_test_split: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    columns: ColumnOption,
}

impl RunInput for TrainingFiles {
    /// The file as it was given, or the data set and its split.
    fn train_name(&self) -> PathBuf {
        let name = || format!("{} ({})", self.dataset(), self.train_split());
        self.train_file.clone().unwrap_or_else(|| PathBuf::from(name()))
    }

    fn eval_name(&self) -> Option<PathBuf> {
        let split = |split: &String| PathBuf::from(format!("{} ({split})", self.dataset()));
        self.eval_file.clone().or_else(|| self.dataset_test_split.as_ref().map(split))
    }
}

impl TrainingFiles {
    /// The training files. Those of a data set on the hub are downloaded into the cache if necessary.
    pub fn train(&self) -> Result<Vec<PathBuf>, Failure> {
        self.check()?;
        match (&self.train_file, &self.dataset_name) {
            (Some(file), _) => Ok(table_files(file)?),
            (None, Some(name)) => self.download(name, self.train_split()),
            (None, None) => Err("no training data: give --train-file or --dataset-name".into()),
        }
    }

    /// Rejects options of a data set without its name. clap does not, because the name cannot be given beside --train-file.
    fn check(&self) -> Result<(), Failure> {
        let options = [
            ("--dataset-config", &self.dataset_config),
            ("--dataset-train-split", &self.dataset_train_split),
            ("--dataset-test-split", &self.dataset_test_split),
        ];
        match options.iter().find(|(_, value)| self.dataset_name.is_none() && value.is_some()) {
            Some((option, _)) => {
                let problem =
                    format!("{option} applies to --dataset-name, which is not given: give it in place of --train-file");
                Err(UsageError::new(problem).into())
            }
            None => Ok(()),
        }
    }

    /// The evaluation files, if there are any.
    pub fn eval(&self) -> Result<Option<Vec<PathBuf>>, Failure> {
        match (&self.eval_file, &self.dataset_name, &self.dataset_test_split) {
            (Some(file), ..) => Ok(Some(table_files(file)?)),
            (None, Some(name), Some(split)) => Ok(Some(self.download(name, split)?)),
            _ => Ok(None),
        }
    }

    /// The names of the files' columns.
    pub fn columns(&self) -> &ColumnOption {
        &self.columns
    }

    /// A file with rows, for the command that comes next; `None` if they are on the hub.
    pub fn file(&self) -> Option<&Path> {
        self.eval_file.as_deref().or(self.train_file.as_deref())
    }

    fn train_split(&self) -> &str {
        self.dataset_train_split.as_deref().unwrap_or("train")
    }

    fn dataset(&self) -> String {
        self.dataset_name.clone().unwrap_or_default()
    }

    fn download(&self, name: &str, split: &str) -> Result<Vec<PathBuf>, Failure> {
        let mut progress = TransferProgress::default();
        let hub = Hub::new(HubConfig::from_env()?)?;
        Ok(hub.download_dataset(&name.parse::<ModelName>()?, self.dataset_config.as_deref(), split, &mut |event| {
            progress.on(event)
        })?)
    }
}

fn checked_name(text: &str) -> Result<String, NameError> {
    text.parse::<ModelName>().map(|_| text.to_owned())
}
