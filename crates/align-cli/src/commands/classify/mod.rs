//! Scores texts, conversations or pairs with classifiers and reward models.
//!
//! ```sh
//! align classify --input generated.csv --output scored.csv
//! align classify --pairs --model runs/reward/model --input held-out.jsonl --output scored.jsonl
//! ```

mod input;
pub mod judge;
mod pairs;

use crate::column_option::ColumnOption;
use crate::generation_record;
use crate::json_output::JsonOption;
use crate::reward_model::ScoreOption;
use crate::shell_words::quoted;
use crate::signals::GracefulStop;
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions, models, output, output_paths, terminal};
use align_data::tables::check_output;
use align_inference::RewardModel;
use align_metrics::SampleMean;
use align_models::score::Score;
use align_report::Estimate;
use clap::Args;
use input::Input;
use judge::Judge;
use pairs::{Accuracy, Pairs};
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

/// Scores texts, conversations or pairs with classifiers and reward models: DistilBERT, or a decoder with a head on the last token.
#[derive(Args)]
pub struct Options {
    /// Classifier or reward model: a folder in transformers' layout, or user/name[@revision] on the hub [default: the bundled reward model].
    #[arg(long)]
    model: Option<String>,
    /// A judge with the name of its column, in place of --model: NAME=MODEL or NAME=MODEL:SCORE, where SCORE is as in --score. Give it
    /// several times for several columns.
    #[arg(long = "judge", value_name = "NAME=MODEL[:SCORE]", conflicts_with_all = ["model", "score"])]
    judges: Vec<Judge>,
    /// Input table with a column text, with prompt and completion, or with conversations (messages, or prompt and completion as lists of
    /// messages), to which the model's chat template is applied: CSV, Parquet or JSONL.
    #[arg(long)]
    input: PathBuf,
    /// The input holds preference pairs (chosen, rejected). Both texts of each are scored, and the accuracy is printed: the share of pairs
    /// whose chosen text has the higher score.
    #[arg(long)]
    pairs: bool,
    /// Column of the input by which the accuracy of --pairs is also given, such as subset.
    #[arg(long, value_name = "COLUMN", requires = "pairs")]
    group_by: Option<String>,
    #[command(flatten)]
    columns: ColumnOption,
    /// Output table, the input with a column score and one column per logit added, or with a column for each judge: CSV, Parquet or JSONL.
    #[arg(long)]
    output: PathBuf,
    /// Replace the output if it exists.
    #[arg(long)]
    overwrite: bool,
    /// Number of texts scored at a time.
    #[arg(long, default_value_t = 32)]
    batch_size: usize,
    #[command(flatten)]
    json: JsonOption,
    #[command(flatten)]
    score: ScoreOption,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    let _precision = options.runtime.set_matmul_precision()?;
    check_output(&options.output, options.overwrite)?;
    output_paths::refuse_inputs(&options.output, [&options.input])?;
    check_names(&options.judges)?;
    if options.pairs {
        return score_pairs(options);
    }
    let mut input = Input::read(&options.input, &options.columns)?;
    let record = generation_record::read(&options.input);
    generation_record::check_carry_over(record.as_ref(), &options.output, options.overwrite)?;
    let (texts, mut judged) = (input.len(), Vec::new());
    for (name, model) in options.models() {
        let model = model?;
        let logits = input.logits(&model)?;
        let scores = model.scores_from_logits(&logits)?;
        judged.push(Judged { judge: name, score: model.score().clone(), mean: mean_score(&scores) });
        input = match name {
            Some(name) => input.with_column(name, &scores)?,
            None => with_logits(input.with_scores(&scores)?, &logits, model.outputs())?,
        };
    }
    let _graceful_stop = GracefulStop::while_writing_files();
    generation_record::carry_over(record.as_ref(), &options.output, options.overwrite)?;
    input.write(&options.output, options.overwrite)?;
    let results = match judged.as_slice() {
        [Judged { judge: None, score, mean }] => {
            json!({ "output": options.output, "texts": texts, "score": score, "mean_score": mean })
        }
        judges => json!({ "output": options.output, "texts": texts, "judges": judges }),
    };
    options.json.print(&results, || {
        for Judged { judge, score, mean } in &judged {
            let judge = judge.map(|name| format!(", {name}")).unwrap_or_default();
            let mean = mean.as_ref().map(|mean| format!(", mean score {mean} ({score})")).unwrap_or_default();
            output::note!("{}{judge}{mean}", align_base::counted(texts, "text"));
        }
        output::note!("written to {}", align_base::printable_path(&options.output));
        if input.has_prompts() && options.judges.is_empty() {
            let (input, pairs) =
                (quoted(&options.output), quoted(&output_paths::free_file_beside(&options.output, "pairs", "jsonl")));
            output::next(&format!("align pair --input {input} --output {pairs}"));
        }
    })
}

/// A judge's scores, for the summary.
#[derive(Serialize)]
struct Judged<'a> {
    #[serde(rename = "name")]
    judge: Option<&'a str>,
    score: Score,
    #[serde(rename = "mean_score")]
    mean: Option<Estimate>,
}

impl Options {
    /// The models with the names of their columns: those of --judge, or that of --model without a name. Each is loaded when it is needed.
    fn models(&self) -> impl Iterator<Item = (Option<&str>, Result<RewardModel, Failure>)> {
        let single = self.judges.is_empty().then(|| {
            let dir = models::folder("--model", self.model.as_deref(), models::BUNDLED_REWARD_MODEL);
            (None, dir.and_then(|dir| self.score.load(&dir, &self.runtime, self.batch_size)))
        });
        let load = |judge: &Judge| {
            let (option, score) = (format!("--judge {}", judge.name), ScoreOption { score: judge.score.clone() });
            score.load_for(&option, &models::fetch(&judge.model)?, &self.runtime, self.batch_size)
        };
        let judges = self.judges.iter().map(move |judge| (Some(judge.name.as_str()), load(judge)));
        single.into_iter().chain(judges)
    }
}

/// Fails if two judges would have the same column.
fn check_names(judges: &[Judge]) -> Result<(), Failure> {
    for (place, judge) in judges.iter().enumerate() {
        let name = &judge.name;
        if judges.iter().take(place).any(|other| other.name == *name) {
            return Err(UsageError::new(format!("--judge {name}: two judges have this name: give each its own")).into());
        }
        if ["prompt", "text", "score"].contains(&name.as_str()) {
            let problem = format!("--judge {name}: the table has a column of this name: choose another name");
            return Err(UsageError::new(problem).into());
        }
    }
    Ok(())
}

/// Adds a column for each logit.
fn with_logits(mut input: Input, logits: &[Vec<f32>], outputs: usize) -> Result<Input, Failure> {
    for output in 0..outputs {
        let column: Vec<f64> = logits.iter().filter_map(|row| row.get(output)).map(|x| f64::from(*x)).collect();
        input = input.with_column(&format!("logit_{output}"), &column)?;
    }
    Ok(input)
}

fn score_pairs(options: &Options) -> Result<(), Failure> {
    let mut pairs = Pairs::read(&options.input, &options.columns, options.group_by.as_deref())?;
    let mut accuracies = Vec::new();
    for (name, model) in options.models() {
        let scores = pairs.scores(&model?)?;
        accuracies.extend(pairs.accuracies(name.unwrap_or("score"), &scores));
        pairs = pairs.with_scores(name, &scores)?;
    }
    let _graceful_stop = GracefulStop::while_writing_files();
    pairs.write(&options.output, options.overwrite)?;
    let all: Vec<_> = accuracies.iter().map(Accuracy::to_json).collect();
    let results = json!({ "output": options.output, "pairs": pairs.len(), "accuracy": all });
    options.json.print(&results, || {
        terminal::print_tables(&[pairs::table(&accuracies)]);
        output::note!("written to {}", align_base::printable_path(&options.output));
    })
}

/// The mean score with its normal 95% interval, if there are enough texts for one.
fn mean_score(scores: &[f64]) -> Option<Estimate> {
    match SampleMean::of(scores, None) {
        Ok(mean) => {
            let half = 1.96 * mean.standard_error;
            Some(Estimate::new(mean.value, mean.value - half, mean.value + half))
        }
        Err(_) => scores.first().copied().map(Estimate::exact),
    }
}
