//! The options, and which of them fit each other.

use super::metric::{Metric, Selected};
use crate::column_option::ColumnOption;
use crate::json_output::JsonOption;
use crate::named_judge::{NamedJudge, check_names};
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions};
use align_data::NOTEBOOK_PROMPTS;
use align_frontier::TreeDistance;
use align_metrics::Bootstrap;
use clap::Args;
use std::collections::HashSet;
use std::path::PathBuf;

/// Measures how far models of one family are apart, pair by pair: weights, hidden states, next-token distributions, texts, and the
/// judges' scores of the texts.
#[derive(Args)]
#[command(mut_arg("columns", |arg| arg.requires("input")))]
pub struct Options {
    /// Models with one architecture and tokeniser, at least two: folders in transformers' layout, adapters' folders, GGUF files, or
    /// user/name[@revision] on the hub.
    #[arg(value_name = "MODEL", required = true)]
    pub models: Vec<String>,
    /// What is compared: weights; hidden (states of each layer) and divergence (of next-token distributions), along --input; texts
    /// (which the models generate, by their embeddings); judges (scores of the texts by --judge) [default: weights, and whatever the
    /// given options are for].
    #[arg(long, value_delimiter = ',', value_name = "NAME,..")]
    pub metrics: Vec<Metric>,
    /// Input texts, along which the models are compared: a table with a column text, with prompt and completion, or with conversations
    /// (CSV, Parquet or JSONL), or a text file with one text per line (.txt).
    #[arg(long)]
    pub input: Option<PathBuf>,
    #[command(flatten)]
    pub columns: ColumnOption,
    /// Maximum number of texts taken from --input: its first ones [default: 200].
    #[arg(long, requires = "input")]
    pub max_texts: Option<usize>,
    /// Maximum number of tokens of a text of --input, which is truncated [default: 128].
    #[arg(long, requires = "input")]
    pub max_length: Option<usize>,
    /// Maximum number of tokens of --input whose hidden states are compared: random ones if there are more. It should exceed the width of
    /// the states [default: 2000].
    #[arg(long, requires = "input")]
    pub max_tokens: Option<usize>,
    /// File with one prompt per line, from which the models generate texts [default: 46 built-in prompts about films].
    #[arg(long)]
    pub prompts: Option<PathBuf>,
    /// Number of texts that each model generates for each prompt [default: 4].
    #[arg(long)]
    pub texts_per_prompt: Option<usize>,
    /// Maximum number of new tokens of a generated text [default: 48].
    #[arg(long)]
    pub max_new_tokens: Option<usize>,
    /// Language model whose last hidden states, averaged over a text, are its embedding [default: the first model].
    #[arg(long)]
    pub embedder: Option<String>,
    /// Number of random directions of the sliced Wasserstein distance [default: 200].
    #[arg(long)]
    pub projections: Option<usize>,
    /// Number of permutations of each test of embeddings [default: 999].
    #[arg(long)]
    pub permutations: Option<usize>,
    /// A judge with its name, which scores the generated texts; see align classify --judge for its forms. It may be given several times.
    #[arg(id = "judge", long, value_name = "NAME=MODEL[:SCORE]")]
    pub judges: Vec<NamedJudge>,
    /// Distance by which the report's tree is made: divergence, weights, texts or hidden [default: the first of these that is measured].
    #[arg(long, value_name = "NAME")]
    pub tree: Option<TreeDistance>,
    /// Number of bootstrap resamples for each confidence interval [default: 1000].
    #[arg(long)]
    pub resamples: Option<usize>,
    /// Confidence level of the intervals [default: 0.95].
    #[arg(long)]
    pub level: Option<f64>,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Number of texts processed at a time.
    #[arg(long, default_value_t = 16)]
    pub batch_size: usize,
    /// Folder for distances.json, report.html and the figures.
    #[arg(long)]
    pub output_dir: Option<PathBuf>,
    /// Replace the files of an earlier comparison in --output-dir.
    #[arg(long, requires = "output_dir")]
    pub overwrite: bool,
    #[command(flatten)]
    pub json: JsonOption,
    #[command(flatten)]
    pub runtime: RuntimeOptions,
}

impl Options {
    pub fn bootstrap(&self) -> Bootstrap {
        let default = Bootstrap::default();
        Bootstrap {
            resamples: self.resamples.unwrap_or(default.resamples),
            level: self.level.unwrap_or(default.level),
            seed: self.seed,
        }
    }

    /// The metrics, and whether all given options have an effect on them.
    pub fn selected(&self) -> Result<Selected, Failure> {
        if self.models.len() < 2 {
            let problem = "a single model is given, expected at least two: add the models that it is compared with";
            return Err(UsageError::new(problem).into());
        }
        check_names(&self.judges, &[])?;
        let for_texts = self.embedder.is_some() || self.projections.is_some() || self.permutations.is_some();
        let for_generation = self.prompts.is_some() || self.texts_per_prompt.is_some() || self.max_new_tokens.is_some();
        let has_judges = !self.judges.is_empty();
        let selected = match self.metrics.is_empty() {
            false => Selected::new(&self.metrics),
            true => {
                Selected::by_options(self.input.is_some(), for_texts || (for_generation && !has_judges), has_judges)
            }
        };
        let needs_input = [Metric::Hidden, Metric::Divergence].into_iter().find(|metric| selected.has(*metric));
        if let (Some(metric), None) = (needs_input, &self.input) {
            let problem = format!("--metrics {metric} compares models along texts: give --input");
            return Err(UsageError::new(problem).into());
        }
        if selected.has(Metric::Judges) && !has_judges {
            return Err(UsageError::new("--metrics judges compares scores of texts: give --judge").into());
        }
        let of_tree = self.tree.map_or_else(String::new, |tree| format!("{} in --metrics", Metric::of_tree(tree)));
        let without_effect = [
            ("--input", self.input.is_some() && !selected.along_texts(), "hidden or divergence in --metrics"),
            ("--max-tokens", self.max_tokens.is_some() && !selected.has(Metric::Hidden), "hidden in --metrics"),
            ("--judge", has_judges && !selected.has(Metric::Judges), "judges in --metrics"),
            ("--prompts", self.prompts.is_some() && !selected.generates_texts(), "texts or judges in --metrics"),
            (
                "--texts-per-prompt",
                self.texts_per_prompt.is_some() && !selected.generates_texts(),
                "texts or judges in --metrics",
            ),
            (
                "--max-new-tokens",
                self.max_new_tokens.is_some() && !selected.generates_texts(),
                "texts or judges in --metrics",
            ),
            ("--embedder", self.embedder.is_some() && !selected.has(Metric::Texts), "texts in --metrics"),
            ("--projections", self.projections.is_some() && !selected.has(Metric::Texts), "texts in --metrics"),
            ("--permutations", self.permutations.is_some() && !selected.has(Metric::Texts), "texts in --metrics"),
            ("--resamples", self.resamples.is_some() && !selected.has_intervals(), "divergence or judges in --metrics"),
            ("--level", self.level.is_some() && !selected.has_intervals(), "divergence or judges in --metrics"),
            ("--tree", self.tree.is_some_and(|tree| !selected.has(Metric::of_tree(tree))), &of_tree),
            ("--tree", self.tree.is_some() && self.models.len() < 3, "at least three models"),
            ("--tree", self.tree.is_some() && self.output_dir.is_none(), "--output-dir, where the report is"),
        ];
        match without_effect.iter().find(|(_, is_given, _)| *is_given) {
            Some((option, _, needed)) => {
                Err(UsageError::new(format!("{option} has no effect without {needed}: leave it out, or add that"))
                    .into())
            }
            None => Ok(selected),
        }
    }

    /// The maximum length of a text, for models that take at most `longest` tokens.
    pub fn max_length(&self, longest: usize) -> Result<usize, Failure> {
        match self.max_length {
            Some(given) if given > longest => {
                Err(format!("--max-length is {given}, but the models take at most {longest} tokens").into())
            }
            given => Ok(given.unwrap_or(128).min(longest)),
        }
    }

    pub fn read_prompts(&self) -> Result<Vec<String>, Failure> {
        let Some(file) = &self.prompts else { return Ok(NOTEBOOK_PROMPTS.map(str::to_owned).to_vec()) };
        let prompts = align_data::read_lines(file)?;
        let mut known = HashSet::new();
        for (index, prompt) in prompts.iter().enumerate() {
            let place = || format!("{}, line {}", file.display(), index + 1);
            if prompt.trim().is_empty() {
                return Err(format!("{}: the prompt is empty; remove the line", place()).into());
            }
            if !known.insert(prompt) {
                let problem = "the prompt occurs twice; remove the line, and give --texts-per-prompt for more texts";
                return Err(format!("{}: {problem}", place()).into());
            }
        }
        match prompts.len() {
            0 | 1 => {
                let found = prompts.len();
                Err(format!("{}: expected at least 2 prompts, one per line, found {found}", file.display()).into())
            }
            _ => Ok(prompts),
        }
    }

    /// The scores of texts by a judge, which is loaded for them.
    pub fn score(&self, index: usize, texts: &[&str]) -> Result<Vec<f64>, String> {
        let Some(judge) = self.judges.get(index) else { return Ok(Vec::new()) };
        let judge = judge.load(&self.runtime, self.batch_size).map_err(|e| e.to_string())?;
        judge.scores_of_texts(texts).map_err(|e| e.to_string())
    }
}
