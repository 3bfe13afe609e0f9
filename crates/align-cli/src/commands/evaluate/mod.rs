//! Measures generated texts: token entropy, mean reward, and the entropy that the notebook computes (docs/quick-start.md), each with a
//! confidence interval.
//!
//! ```sh
//! align evaluate --input scored.csv --tokenizer gpt2/
//! align evaluate --input sft.csv hinge.csv sigmoid.csv --tokenizer gpt2/
//! ```

mod compared_file;
mod decoding;
mod paired;
mod tables;

use crate::column_option::ColumnOption;
use crate::data_layout::Layout;
use crate::json_output::JsonOption;
use crate::reward_model::ScoreOption;
use crate::{Failure, RuntimeOptions, models, output, output_paths, terminal};
use align_data::{Texts, Tokenizer};
use align_inference::RewardModel;
use align_metrics::{
    Bootstrap, EqualSamples, EvaluationReport, PairedComparison, TextSet, TextSetMetrics, common_ngrams, common_sample,
    equal_samples_entropy,
};
use align_models::score::Score;
use clap::Args;
use compared_file::ComparedFile;
use decoding::DecodingCheck;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Measures generated texts: token entropy, mean reward, and the entropy that the notebook computes (docs/quick-start.md), each with a
/// confidence interval.
#[derive(Args)]
#[command(mut_arg("score", |arg| arg.requires("model")))]
pub struct Options {
    /// Input table with a column text, and optionally a column score: CSV, Parquet or JSONL. Several tables are compared, row by row if
    /// their prompts are the same.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    input: Vec<PathBuf>,
    #[command(flatten)]
    columns: ColumnOption,
    /// Tokeniser for the entropies: a folder with tokenizer.json or with vocab.json and merges.txt, or a model on the hub
    /// [default: that of the bundled GPT-2].
    #[arg(long)]
    tokenizer: Option<String>,
    /// Classifier that scores the texts of tables without a column score: a folder in transformers' layout, or user/name[@revision] on
    /// the hub. Without it no reward is reported for such tables.
    #[arg(long)]
    model: Option<String>,
    /// Number of texts scored at a time.
    #[arg(long, default_value_t = 32, requires = "model")]
    batch_size: usize,
    /// Number of bootstrap resamples for each confidence interval.
    #[arg(long, default_value_t = Bootstrap::default().resamples)]
    resamples: usize,
    /// Confidence level of the intervals.
    #[arg(long, default_value_t = Bootstrap::default().level)]
    level: f64,
    /// Seed for the bootstrap resamples.
    #[arg(long, default_value_t = Bootstrap::default().seed)]
    seed: u64,
    /// Also compute the mean token entropy over random samples of this many texts, each truncated to --sample-tokens tokens: entropies are
    /// comparable only at equal sample sizes. [default for several tables: the number of texts in the smallest one]
    #[arg(long, requires = "sample_tokens")]
    sample_texts: Option<usize>,
    /// Number of tokens to which the texts of --sample-texts are truncated. [default for several tables: the smallest of the tables' maximum
    /// text lengths]
    #[arg(long, requires = "sample_texts")]
    sample_tokens: Option<usize>,
    /// Write the results to this JSON file.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Replace the output if it exists.
    #[arg(long, requires = "output")]
    overwrite: bool,
    #[command(flatten)]
    json: JsonOption,
    #[command(flatten)]
    score: ScoreOption,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    if let Some(output) = &options.output {
        output_paths::refuse_existing(output, options.overwrite)?;
        output_paths::refuse_inputs(output, &options.input)?;
    }
    let bootstrap = Bootstrap { resamples: options.resamples, level: options.level, seed: options.seed };
    bootstrap.validate()?;
    let read = |file: &PathBuf| {
        options.columns.read(&[Layout::Texts, Layout::ScoredTexts, Layout::LabelledTexts], |names| {
            Texts::read_renamed(file, names)
        })
    };
    let tables = options.input.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let tokenizer = Tokenizer::from_pretrained(models::folder(
        "--tokenizer",
        options.tokenizer.as_deref(),
        models::BUNDLED_POLICY,
    )?)?;
    let names = file_names(&options.input);
    let decoding = if names.len() > 1 { decoding::check(&options.input, &names) } else { DecodingCheck::default() };
    decoding.print();
    let _precision = options.model.as_ref().map(|_| options.runtime.set_matmul_precision()).transpose()?;
    let load = |name| options.score.load(&models::fetch(name)?, &options.runtime, options.batch_size);
    let scorer = options.model.as_deref().map(load).transpose()?;
    let mut sets = Vec::new();
    for (path, table) in options.input.iter().zip(&tables) {
        let texts = tokenizer.encode_batch(&table.texts(), false, None)?;
        sets.push(TextSet { texts, scores: scores(path, table, scorer.as_ref())? });
    }
    // EOS does not count in the entropies.
    let context =
        Context { names, skip: tokenizer.eos_token_id(), score: scorer.as_ref().map(RewardModel::score), bootstrap };
    match &sets[..] {
        [set] => options.evaluate_one(set, &context),
        sets => {
            let paired = paired::against_first(&tables, sets, &bootstrap)?;
            options.compare(sets, &paired, &context, &decoding.warnings)
        }
    }
}

/// What the metrics of all files depend on.
struct Context<'a> {
    /// The files' names in the tables.
    names: Vec<String>,
    /// The token that is not counted.
    skip: Option<i64>,
    score: Option<&'a Score>,
    bootstrap: Bootstrap,
}

/// The names of files in the tables: without their folders, unless two are the same.
fn file_names(paths: &[PathBuf]) -> Vec<String> {
    let names: Vec<String> = paths.iter().map(|path| models::file_name(path)).collect();
    let is_unique = |name: &String| names.iter().filter(|other| *other == name).count() == 1;
    match names.iter().all(is_unique) {
        true => names,
        false => paths.iter().map(|path| path.display().to_string()).collect(),
    }
}

/// Says how to get rewards, if there are none.
fn note_missing_scores(sets: &[TextSet]) {
    if sets.iter().any(|set| set.scores.is_none()) {
        output::note!("no rewards: score the texts with align classify first, or give --model");
    }
}

impl Options {
    /// Measures the texts of a single file.
    fn evaluate_one(&self, set: &TextSet, context: &Context) -> Result<(), Failure> {
        let Context { names, skip, score, bootstrap } = context;
        let report = EvaluationReport::of(&set.texts, *skip, set.scores.as_deref(), bootstrap)?;
        let equal = self.equal_samples().map(|sample| equal_samples_entropy(&set.texts, *skip, sample, bootstrap));
        let equal = equal.transpose()?;
        let results = json!({ "score": score, "report": report, "equal_samples_entropy": equal });
        let (name, unit) = (names.first().map_or("", String::as_str), score.map_or("", Score::unit));
        self.present(&results, || {
            terminal::print_tables(&[tables::of_one_file(name, &report, equal, unit, bootstrap)]);
            note_missing_scores(std::slice::from_ref(set));
        })
    }

    /// Measures the texts of several files, and compares them.
    fn compare(
        &self,
        sets: &[TextSet],
        paired: &[Option<PairedComparison>],
        context: &Context,
        warnings: &[String],
    ) -> Result<(), Failure> {
        let Context { names, skip, score, bootstrap } = context;
        let sample = self.equal_samples().unwrap_or_else(|| common_sample(sets, *skip));
        let ngrams = common_ngrams(sets, *skip, sample);
        let compared = self.input.iter().zip(names).zip(sets).zip(paired).map(|(((path, file), set), paired)| {
            let texts = TextSetMetrics::of(set, *skip, sample, &ngrams, bootstrap);
            let texts = texts.map_err(|e| format!("{}: {e}", path.display()))?;
            Ok(ComparedFile { file: file.clone(), texts, against_first: *paired })
        });
        let compared = compared.collect::<Result<Vec<_>, Failure>>()?;
        let results = json!({ "score": score, "equal_samples": sample, "files": compared, "warnings": warnings });
        self.present(&results, || {
            let unit = score.map_or("", Score::unit);
            terminal::print_tables(&tables::of_files(&compared, sample, unit, bootstrap));
            terminal::print_tables(paired::table(&compared, unit, bootstrap).as_slice());
            note_missing_scores(sets);
            for (verdict, text) in tables::verdicts(&compared) {
                output::println!("{}", verdict.paint(textwrap::fill(&text, terminal::width())));
            }
        })
    }

    /// Writes the results to --output, if it is given, then prints them.
    fn present(&self, results: &serde_json::Value, print_tables: impl FnOnce()) -> Result<(), Failure> {
        if let Some(output) = &self.output {
            let text = serde_json::to_string_pretty(results)?;
            output_paths::write_atomically(output, self.overwrite, |file| writeln!(file, "{text}"))?;
        }
        self.json.print(results, print_tables)
    }

    fn equal_samples(&self) -> Option<EqualSamples> {
        Some(EqualSamples { texts: self.sample_texts?, tokens: self.sample_tokens? })
    }
}

/// The scores in the table, or those of the model.
fn scores(path: &Path, table: &Texts, scorer: Option<&RewardModel>) -> Result<Option<Vec<f64>>, Failure> {
    let Some(scorer) = scorer else { return Ok(table.scores()) };
    if table.scores().is_some() {
        return Err(format!("{} already has scores: leave --model out", path.display()).into());
    }
    let scores = scorer.scores(&table.texts()).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(Some(scores))
}
