//! Scores texts, conversations or pairs with classifiers and reward models.
//!
//! ```sh
//! align classify --input generated.csv --output scored.csv
//! align classify --pairs --model runs/reward/model --input held-out.jsonl --output scored.jsonl
//! ```

mod input;
mod pairs;

use crate::column_option::ColumnOption;
use crate::generation_record;
use crate::json_output::JsonOption;
use crate::named_judge::{self, NamedJudge};
use crate::processes::{ProcessOptions, is_of_other_process};
use crate::reward_model::ScoreOption;
use crate::shell_words::quoted;
use crate::signals::GracefulStop;
use crate::{Failure, RuntimeOptions, models, output, output_paths, terminal};
use align_data::tables::check_output;
use align_distributed::ProcessGroup;
use align_inference::{Judge, RewardModel};
use align_metrics::SampleMean;
use align_report::Estimate;
use clap::Args;
use input::Input;
use pairs::{Accuracy, Pairs};
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// Scores texts, conversations or pairs with classifiers and reward models: DistilBERT, or a decoder with a head on the last token.
#[derive(Args)]
pub struct Options {
    /// Classifier or reward model: a folder in transformers' layout, or user/name[@revision] on the hub [default: the bundled reward model].
    #[arg(long)]
    model: Option<String>,
    /// A judge with the name of its column, in place of --model. Give it several times for several columns. NAME=MODEL or
    /// NAME=MODEL:SCORE is a classifier, where SCORE is as in --score. NAME=MODEL:mean-logp is the mean log-probability of a text's tokens
    /// under a language model, NAME=words:N closeness to N words, and NAME=distinct:N the share of distinct n-grams of N words.
    #[arg(id = "judge", long, value_name = "NAME=MODEL[:SCORE]", conflicts_with_all = ["model", "score"])]
    judges: Vec<NamedJudge>,
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
    #[command(flatten)]
    pub processes: ProcessOptions,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    let _precision = options.runtime.set_matmul_precision()?;
    let group = Arc::new(options.processes.connect()?);
    group.on_rank_0(|| options.check_output())?;
    group.agree_on_result(named_judge::check_names(&options.judges, &["prompt", "text", "score"]))?;
    if options.pairs {
        return score_pairs(options, &group);
    }
    let mut input = group.agree_on_result(Input::read(&options.input, &options.columns))?;
    let record = generation_record::read(&options.input);
    group.on_rank_0(|| generation_record::check_carry_over(record.as_ref(), &options.output, options.overwrite))?;
    let (texts, mut judged) = (input.len(), Vec::new());
    if options.judges.is_empty() {
        let model = group.agree_on_result(options.reward_model(&group))?;
        let logits = input.logits(&model)?;
        let scores = model.scores_from_logits(&logits)?;
        judged.push(Judged { judge: None, score: model.score().to_string(), mean: mean_score(&scores) });
        input = with_logits(input.with_scores(&scores)?, &logits, model.outputs())?;
    }
    for option in &options.judges {
        let judge = group.agree_on_result(options.judge(option, &group))?;
        let scores = input.scores(judge.as_ref()).map_err(|failure| options.of_judge(&option.name, failure))?;
        judged.push(Judged { judge: Some(&option.name), score: judge.score_name(), mean: mean_score(&scores) });
        input = input.with_column(&option.name, &scores)?;
    }
    let _graceful_stop = GracefulStop::while_writing_files();
    group.on_rank_0(|| {
        generation_record::carry_over(record.as_ref(), &options.output, options.overwrite)?;
        input.write(&options.output, options.overwrite)
    })?;
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
        } else if input.has_prompts() && options.judges.len() > 1 {
            let judges: Vec<String> = options.judges.iter().map(|judge| quoted(judge.name.as_ref())).collect();
            output::next(&format!("align judges --input {} --judges {}", quoted(&options.output), judges.join(",")));
        }
    })
}

/// A judge's scores, for the summary.
#[derive(Serialize)]
struct Judged<'a> {
    #[serde(rename = "name")]
    judge: Option<&'a str>,
    score: String,
    #[serde(rename = "mean_score")]
    mean: Option<Estimate>,
}

impl Options {
    fn check_output(&self) -> Result<(), Failure> {
        check_output(&self.output, self.overwrite)?;
        output_paths::refuse_inputs(&self.output, [&self.input])
    }

    /// The model of --model, or the bundled one. The processes of a group share its work.
    fn reward_model(&self, group: &Arc<ProcessGroup>) -> Result<RewardModel, Failure> {
        let dir = models::folder("--model", self.model.as_deref(), models::BUNDLED_REWARD_MODEL)?;
        Ok(self.score.load(&dir, &self.runtime, self.batch_size)?.with_process_group(group.clone()))
    }

    fn judge(&self, judge: &NamedJudge, group: &Arc<ProcessGroup>) -> Result<Box<dyn Judge>, Failure> {
        judge.load_in_group(&self.runtime, self.batch_size, group)
    }

    /// The error of a judge that cannot score a text of the input.
    fn of_judge(&self, name: &str, failure: Failure) -> Failure {
        match is_of_other_process(&failure) {
            true => failure,
            false => format!("{}: --judge {name}: {failure}", align_base::printable_path(&self.input)).into(),
        }
    }

    /// The judges with the names of their columns: those of --judge, or the model of --model without a name. Each is loaded when it is needed.
    fn judges<'a>(
        &'a self,
        group: &'a Arc<ProcessGroup>,
    ) -> impl Iterator<Item = (Option<&'a str>, Result<Box<dyn Judge>, Failure>)> {
        let boxed = |model| Box::new(model) as Box<dyn Judge>;
        let single = self.judges.is_empty().then(|| (None, self.reward_model(group).map(boxed)));
        let named = self.judges.iter().map(move |judge| (Some(judge.name.as_str()), self.judge(judge, group)));
        single.into_iter().chain(named)
    }
}

/// Adds a column for each logit.
fn with_logits(mut input: Input, logits: &[Vec<f32>], outputs: usize) -> Result<Input, Failure> {
    for output in 0..outputs {
        let column: Vec<f64> = logits.iter().filter_map(|row| row.get(output)).map(|x| f64::from(*x)).collect();
        input = input.with_column(&format!("logit_{output}"), &column)?;
    }
    Ok(input)
}

fn score_pairs(options: &Options, group: &Arc<ProcessGroup>) -> Result<(), Failure> {
    let pairs = Pairs::read(&options.input, &options.columns, options.group_by.as_deref());
    let mut pairs = group.agree_on_result(pairs)?;
    let mut accuracies = Vec::new();
    for (name, judge) in options.judges(group) {
        let failed = |failure| match name {
            Some(name) => options.of_judge(name, failure),
            None => failure,
        };
        let scores = pairs.scores(group.agree_on_result(judge)?.as_ref()).map_err(failed)?;
        accuracies.extend(pairs.accuracies(name.unwrap_or("score"), &scores));
        pairs = pairs.with_scores(name, &scores)?;
    }
    let _graceful_stop = GracefulStop::while_writing_files();
    group.on_rank_0(|| pairs.write(&options.output, options.overwrite))?;
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
