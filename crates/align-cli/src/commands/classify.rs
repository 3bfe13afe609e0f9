//! Scores texts with a DistilBERT classifier or reward model.
//!
//! ```sh
//! align classify --input generated.csv --output scored.csv
//! ```

use crate::column_option::ColumnOption;
use crate::data_layout::Layout;
use crate::generation_record;
use crate::json_output::JsonOption;
use crate::reward_model::ScoreOption;
use crate::shell_words::quoted;
use crate::signals::GracefulStop;
use crate::{Failure, RuntimeOptions, models, output, output_paths};
use align_data::Texts;
use align_data::tables::check_output;
use align_metrics::SampleMean;
use align_report::Estimate;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Scores texts with a DistilBERT classifier or reward model.
#[derive(Args)]
pub struct Options {
    /// Classifier: a folder in transformers' layout, or user/name[@revision] on the hub [default: the bundled reward model].
    #[arg(long)]
    model: Option<String>,
    /// Input table with a column text, which may hold messages: CSV, Parquet or JSONL.
    #[arg(long)]
    input: PathBuf,
    #[command(flatten)]
    columns: ColumnOption,
    /// Output table, the input with a column score and one column per logit added: CSV, Parquet or JSONL.
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
    let texts = options.columns.read(&[Layout::Texts, Layout::ScoredTexts, Layout::LabelledTexts], |names| {
        Texts::read_renamed(&options.input, names)
    })?;
    let record = generation_record::read(&options.input);
    generation_record::check_carry_over(record.as_ref(), &options.output, options.overwrite)?;
    let dir = models::folder("--model", options.model.as_deref(), models::BUNDLED_REWARD_MODEL)?;
    let model = options.score.load(&dir, &options.runtime, options.batch_size)?;
    let logits = model.logits(&texts.texts())?;
    let scores = model.scores_from_logits(&logits)?;
    let has_prompts = texts.prompts().is_some();
    let mut table = texts.with_scores(&scores)?;
    for output in 0..model.outputs() {
        let column: Vec<f64> = logits.iter().filter_map(|row| row.get(output)).map(|x| f64::from(*x)).collect();
        table = table.with_column(&format!("logit_{output}"), &column)?;
    }
    let _graceful_stop = GracefulStop::while_writing_files();
    generation_record::carry_over(record.as_ref(), &options.output, options.overwrite)?;
    table.write(&options.output, options.overwrite)?;
    let mean = mean_score(&scores);
    let results =
        json!({ "output": options.output, "texts": scores.len(), "score": model.score(), "mean_score": mean });
    options.json.print(&results, || {
        let mean = mean.map(|mean| format!(", mean score {mean} ({})", model.score())).unwrap_or_default();
        output::note!("{}{mean}", align_base::counted(scores.len(), "text"));
        output::note!("written to {}", align_base::printable_path(&options.output));
        if has_prompts {
            let (input, pairs) =
                (quoted(&options.output), quoted(&output_paths::free_file_beside(&options.output, "pairs", "jsonl")));
            output::next(&format!("align pair --input {input} --output {pairs}"));
        }
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
