//! Measures generated texts: token entropy, the notebook's entropy, mean reward, each with a confidence interval.
//!
//! ```sh
//! align evaluate --input scored.csv --tokenizer gpt2/
//! align evaluate --input sft.csv hinge.csv sigmoid.csv --tokenizer gpt2/
//! ```

use crate::reward_model::ScoreOption;
use crate::{Failure, RuntimeOptions, models, output, places};
use align_data::{Texts, Tokenizer};
use align_inference::RewardModel;
use align_metrics::{
    Bootstrap, Diversity, EqualSamples, Estimate, EvaluationReport, NgramDiversity, chao_wang_jost_entropy,
    equal_samples, equal_samples_entropy, miller_madow_entropy,
};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Measures generated texts: token entropy, the notebook's entropy, mean reward, each with a confidence interval.
#[derive(Args)]
#[command(mut_arg("score", |arg| arg.requires("model")))]
pub struct Options {
    /// Table with a column text, and score if it has been scored: CSV, Parquet or JSONL. Several are compared.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    input: Vec<PathBuf>,
    /// The tokeniser that entropies count by: a folder with tokenizer.json or vocab.json and merges.txt, or a model on the
    /// hub. The embedded GPT-2's if not given.
    #[arg(long)]
    tokenizer: Option<String>,
    /// Classifier that scores texts without scores: a folder in transformers' layout, or user/name[@revision] on the hub.
    /// Without it they have no reward.
    #[arg(long)]
    model: Option<String>,
    /// Texts scored at a time.
    #[arg(long, default_value_t = 32, requires = "model")]
    batch_size: usize,
    /// Resamples behind each interval.
    #[arg(long, default_value_t = Bootstrap::default().resamples)]
    resamples: usize,
    /// Level of the intervals.
    #[arg(long, default_value_t = Bootstrap::default().level)]
    level: f64,
    /// Fixes the resamples.
    #[arg(long, default_value_t = Bootstrap::default().seed)]
    seed: u64,
    /// Also the mean token entropy of samples of this many texts, to compare models by; with --equal-tokens. Of several files
    /// the texts of the smallest if not given.
    #[arg(long, requires = "equal_tokens")]
    equal_texts: Option<usize>,
    /// Those samples' texts are cut to this many tokens. Of several files the longest text's in the file where that is shortest,
    /// if not given.
    #[arg(long, requires = "equal_texts")]
    equal_tokens: Option<usize>,
    /// The numbers as JSON.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Replace the output if it exists.
    #[arg(long, requires = "output")]
    overwrite: bool,
    #[command(flatten)]
    score: ScoreOption,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    if let Some(output) = &options.output {
        places::refuse_existing(output, options.overwrite)?;
        places::refuse_inputs(output, &options.input)?;
    }
    let bootstrap = Bootstrap { resamples: options.resamples, level: options.level, seed: options.seed };
    bootstrap.validate()?;
    let tables = options.input.iter().map(Texts::read).collect::<Result<Vec<_>, _>>()?;
    let tokenizer =
        Tokenizer::from_pretrained(models::folder("--tokenizer", options.tokenizer.as_deref(), models::POLICY)?)?;
    let skip = tokenizer.eos_token_id();
    let _precision = options.model.as_ref().map(|_| options.runtime.precision()).transpose()?;
    let load = |name| options.score.load(&models::fetch(name)?, &options.runtime, options.batch_size);
    let scorer = options.model.as_deref().map(load).transpose()?;
    let mut sets = Vec::new();
    for (path, table) in options.input.iter().zip(&tables) {
        let texts = tokenizer.encode_batch(&table.texts(), false, None)?;
        sets.push(Set { path, texts, scores: scores(path, table, scorer.as_ref())? });
    }
    let score = scorer.as_ref().map(RewardModel::score);
    match &sets[..] {
        [set] => {
            let report = EvaluationReport::of(&set.texts, skip, set.scores.as_deref(), &bootstrap)?;
            let equal =
                options.equal_samples().map(|sample| equal_samples_entropy(&set.texts, skip, sample, &bootstrap));
            let equal = equal.transpose()?;
            let numbers = json!({ "score": score, "report": report, "equal_samples_entropy": equal });
            options.write(&numbers)?;
            print(&report, equal, options);
        }
        sets => {
            let sample = options.equal_samples().unwrap_or_else(|| common_sample(sets, skip));
            let shortest = sets.iter().map(|set| set.longest(skip)).min().unwrap_or(0).min(sample.tokens);
            let ngrams: Vec<usize> = NGRAMS.into_iter().filter(|n| *n <= shortest).collect();
            let compared = sets.iter().map(|set| {
                let found = Compared::of(set, skip, sample, &ngrams, &bootstrap);
                found.map_err(|e| format!("{}: {e}", set.path.display()).into())
            });
            let compared = compared.collect::<Result<Vec<_>, Failure>>()?;
            options.write(&json!({ "score": score, "equal_samples": sample, "files": compared }))?;
            print_compared(&compared, sample, options);
        }
    }
    Ok(())
}

impl Options {
    /// The numbers into --output, if it is given.
    fn write(&self, numbers: &serde_json::Value) -> Result<(), Failure> {
        let Some(output) = &self.output else { return Ok(()) };
        let text = serde_json::to_string_pretty(numbers)?;
        places::write_atomically(output, self.overwrite, |file| writeln!(file, "{text}"))
    }

    fn equal_samples(&self) -> Option<EqualSamples> {
        Some(EqualSamples { texts: self.equal_texts?, tokens: self.equal_tokens? })
    }
}

/// The texts of a file.
struct Set<'a> {
    path: &'a Path,
    texts: Vec<Vec<i64>>,
    scores: Option<Vec<f64>>,
}

impl Set<'_> {
    /// Tokens of the longest text.
    fn longest(&self, skip: Option<i64>) -> usize {
        let length = |text: &Vec<i64>| text.iter().filter(|id| Some(**id) != skip).count();
        self.texts.iter().map(length).max().unwrap_or(0)
    }
}

/// The sample that every file has: as many texts as the smallest file's, cut to the length that texts have in each.
fn common_sample(sets: &[Set], skip: Option<i64>) -> EqualSamples {
    EqualSamples {
        texts: sets.iter().map(|set| set.texts.len()).min().unwrap_or(0),
        tokens: sets.iter().map(|set| set.longest(skip)).min().unwrap_or(0),
    }
}

/// N-grams that a comparison counts, where texts are as long.
const NGRAMS: [usize; 3] = [1, 2, 4];

/// A file of several.
#[derive(Serialize)]
struct Compared {
    file: String,
    report: EvaluationReport,
    chao_wang_jost_entropy: f64,
    /// Mean tokens of a text in the equal samples.
    equal_samples_tokens: f64,
    equal_samples_entropy: Estimate,
    equal_samples_miller_madow_entropy: Estimate,
    equal_samples_chao_wang_jost_entropy: Estimate,
    diversity: Diversity,
    /// distinct-n of the equal samples, in the order of `diversity`'s n-grams.
    equal_samples_distinct: Vec<Estimate>,
}

impl Compared {
    fn of(
        set: &Set,
        skip: Option<i64>,
        sample: EqualSamples,
        ngrams: &[usize],
        bootstrap: &Bootstrap,
    ) -> Result<Self, align_metrics::Error> {
        let texts = &set.texts;
        // Correcting takes longer than counting, and a mean over fewer draws is as good.
        let few = Bootstrap { resamples: bootstrap.resamples.min(FEW.max(least(bootstrap.level))), ..*bootstrap };
        let distinct = |n: &usize| {
            equal_samples(texts, skip, sample, &few, |texts| {
                if texts.iter().all(|text| text.len() < *n) {
                    return Ok(0.0);
                }
                let found = Diversity::of(texts, &[*n], None)?;
                Ok(found.ngrams.first().map_or(0.0, |ngrams| ngrams.distinct))
            })
        };
        let tokens =
            |texts: &[&[i64]]| Ok(texts.iter().map(|text| text.len() as f64).sum::<f64>() / texts.len() as f64);
        Ok(Self {
            file: models::file_name(set.path),
            report: EvaluationReport::of(texts, skip, set.scores.as_deref(), bootstrap)?,
            chao_wang_jost_entropy: chao_wang_jost_entropy(texts, skip)?,
            equal_samples_tokens: equal_samples(texts, skip, sample, bootstrap, tokens)?.value,
            equal_samples_entropy: equal_samples_entropy(texts, skip, sample, bootstrap)?,
            equal_samples_miller_madow_entropy: equal_samples(texts, skip, sample, &few, |texts| {
                miller_madow_entropy(texts, None)
            })?,
            equal_samples_chao_wang_jost_entropy: equal_samples(texts, skip, sample, &few, |texts| {
                chao_wang_jost_entropy(texts, None)
            })?,
            diversity: Diversity::of(texts, ngrams, skip)?,
            equal_samples_distinct: ngrams.iter().map(distinct).collect::<Result<_, _>>()?,
        })
    }
}

/// Draws behind the mean of a number that takes long to compute.
const FEW: usize = 100;

/// The least resamples that an interval of this level needs.
fn least(level: f64) -> usize {
    (2.0 / (1.0 - level)).ceil() as usize
}

/// The table's scores, or those of the model.
fn scores(path: &Path, table: &Texts, scorer: Option<&RewardModel>) -> Result<Option<Vec<f64>>, Failure> {
    let Some(scorer) = scorer else { return Ok(table.scores()) };
    if table.scores().is_some() {
        return Err(format!("{} has scores already: leave --model out", path.display()).into());
    }
    let scores = scorer.scores(&table.texts()).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(Some(scores))
}

fn print(report: &EvaluationReport, equal_samples: Option<Estimate>, options: &Options) {
    output::println!("rows    {}\ntokens  {}\n", report.rows, report.tokens);
    output::println!("{:34} {:>20} {:>20} {:>20}", "", "value", "low", "high");
    let line = |name: &str, estimate: Option<Estimate>| match estimate {
        Some(Estimate { value, interval }) => {
            output::println!("{name:34} {value:>20} {:>20} {:>20}", interval.low, interval.high);
        }
        None => output::println!("{name:34} {:>20}", "no scores"),
    };
    line("token entropy, nats", Some(report.token_entropy));
    line("the same, Miller-Madow corrected", Some(report.miller_madow_entropy));
    line("notebook's entropy, nats", Some(report.notebook_entropy));
    line("mean reward", report.mean_reward);
    if equal_samples.is_some() {
        line("token entropy of equal samples", equal_samples);
    }
    output::println!("\nlow, high: {}% over {} bootstrap resamples of texts", options.level * 100.0, options.resamples);
}

/// One table after the other, a row a file.
fn print_compared(compared: &[Compared], sample: EqualSamples, options: &Options) {
    let width = compared.iter().map(|file| file.file.chars().count()).max().unwrap_or(0).max(8);
    let interval = |e: Estimate| format!("{:.4} [{:.4}, {:.4}]", e.value, e.interval.low, e.interval.high);
    output::println!(
        "{:width$} {:>7} {:>8} {:>18} {:>18} {:>25} {:>15} {:>15}",
        "",
        "texts",
        "tokens",
        "notebook's entropy",
        "mean reward",
        "token entropy, nats",
        "Miller-Madow",
        "Chao-Wang-Jost"
    );
    for file in compared {
        let report = &file.report;
        let reward = report.mean_reward.map_or_else(|| "no scores".to_owned(), |reward| reward.value.to_string());
        output::println!(
            "{:width$} {:>7} {:>8} {:>18} {reward:>18} {:>25} {:>15.4} {:>15.4}",
            file.file,
            report.rows,
            report.tokens,
            report.notebook_entropy.value.to_string(),
            interval(report.token_entropy),
            report.miller_madow_entropy.value,
            file.chao_wang_jost_entropy,
        );
    }
    let counted = compared.first().map_or(&[][..], |file| &file.diversity.ngrams);
    output::println!("\nequal samples: {} texts of each, cut to {} tokens", sample.texts, sample.tokens);
    output::println!(
        "{:width$} {:>13} {:>25} {:>15} {:>15}{}",
        "",
        "tokens a text",
        "token entropy, nats",
        "Miller-Madow",
        "Chao-Wang-Jost",
        counted.iter().map(|ngrams| format!(" {:>11}", format!("distinct-{}", ngrams.n))).collect::<String>()
    );
    for file in compared {
        let [miller_madow, chao_wang_jost] =
            [file.equal_samples_miller_madow_entropy, file.equal_samples_chao_wang_jost_entropy].map(|e| e.value);
        let distinct: String = file.equal_samples_distinct.iter().map(|e| format!(" {:>11.4}", e.value)).collect();
        output::println!(
            "{:width$} {:>13.2} {:>25} {miller_madow:>15.4} {chao_wang_jost:>15.4}{distinct}",
            file.file,
            file.equal_samples_tokens,
            interval(file.equal_samples_entropy),
        );
    }
    output::println!(
        "\n{:width$} {:>11} {:>14} {:>17} {:>17}",
        "all texts",
        "mean length",
        "without an end",
        "self-repetition-2",
        "self-repetition-4"
    );
    for file in compared {
        let repeated = |n: usize| {
            let found = file.diversity.ngrams.iter().find(|ngrams| ngrams.n == n).map(NgramDiversity::self_repetition);
            found.map_or_else(|| "too short".to_owned(), |share| format!("{share:.4}"))
        };
        let unfinished = file.diversity.unfinished.map_or_else(|| "unknown".to_owned(), |share| format!("{share:.4}"));
        let length = file.diversity.mean_length;
        output::println!(
            "{:width$} {length:>11.2} {unfinished:>14} {:>17} {:>17}",
            file.file,
            repeated(2),
            repeated(4)
        );
    }
    let intervals = format!("{}% over {} bootstrap resamples of texts", options.level * 100.0, options.resamples);
    output::println!(
        "\nin brackets: {intervals}; for equal samples, what {}% of the samples cover",
        options.level * 100.0
    );
}
