//! Computes the log-probabilities of completions under a model.
//!
//! ```sh
//! align logps --input pairs.jsonl --output logps.jsonl --token-logps
//! ```

use crate::column_option::ColumnOption;
use crate::data_layout::Layout::{Completions, Conversations, Pairs};
use crate::json_output::JsonOption;
use crate::processes::{ProcessOptions, is_of_other_process};
use crate::signals::GracefulStop;
use crate::{Failure, RuntimeOptions, models, output, output_paths};
use align_base::{counted, printable_path};
use align_data::tables::CompletionData;
use align_data::{
    CompletionExample, EncodeOptions, EncodedPairs, Example, InvalidRows, PairExample, Tokenizer, encode_completions,
    encode_pairs,
};
use align_inference::{PromptCompletion, shared_completion_logps};
use align_models::CausalLm;
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Computes the log-probabilities (in nats) of completions under a model.
#[derive(Args)]
pub struct Options {
    /// Language model: a folder in transformers' layout, a GGUF file, or user/name[@revision] on the hub [default: the bundled GPT-2].
    #[arg(long)]
    model: Option<String>,
    /// Input table with the columns prompt and completion, or prompt, chosen and rejected, of texts or conversations, or messages: CSV,
    /// Parquet or JSONL. Conversations are rendered with the model's chat template.
    #[arg(long)]
    input: PathBuf,
    #[command(flatten)]
    columns: ColumnOption,
    /// Output file: JSONL with one object per input row, in the same order.
    #[arg(long)]
    output: PathBuf,
    /// Replace the output if it exists.
    #[arg(long)]
    overwrite: bool,
    /// Also write each token's log-probability.
    #[arg(long)]
    token_logps: bool,
    /// Append EOS to each completion and include its log-probability. Conversations end as the chat template ends them.
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    append_eos: bool,
    /// Number of sequences per batch.
    #[arg(long, default_value_t = 16)]
    batch_size: usize,
    #[command(flatten)]
    json: JsonOption,
    #[command(flatten)]
    runtime: RuntimeOptions,
    #[command(flatten)]
    pub processes: ProcessOptions,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    let _precision = options.runtime.set_matmul_precision()?;
    let group = options.processes.connect()?;
    group.on_rank_0(|| options.check_output())?;
    let (data, model, tokenizer) = group.agree_on_result(options.load())?;
    match &data {
        CompletionData::Completions(data) => data.notes(),
        CompletionData::Pairs(data) => data.notes(),
    }
    .iter()
    .for_each(|note| output::note!("{note}"));
    let token_logps = |rows: &[PromptCompletion]| {
        let logps = shared_completion_logps(&group, model.as_ref(), rows, options.batch_size).map_err(Failure::from);
        logps.map_err(|failure| match is_of_other_process(&failure) {
            true => failure,
            false => format!("{}: {failure}", printable_path(&options.input)).into(),
        })
    };
    let rows = match data {
        CompletionData::Completions(data) => options.of_completions(data.rows(), &tokenizer, &token_logps),
        CompletionData::Pairs(data) => options.of_pairs(data.rows(), &tokenizer, &token_logps),
    }?;
    let _graceful_stop = GracefulStop::while_writing_files();
    group.on_rank_0(|| {
        output_paths::write_atomically(&options.output, options.overwrite, |file| {
            rows.iter().try_for_each(|row| writeln!(file, "{}", Value::Object(row.clone())))
        })
    })?;
    options.json.print(&json!({ "output": options.output, "rows": rows.len() }), || {
        output::note!("{} written to {}", counted(rows.len(), "row"), printable_path(&options.output));
    })
}

/// Adds advice to the error of a tokeniser without EOS.
fn with_eos_advice(error: align_data::Error) -> Failure {
    match error {
        align_data::Error::NoSpecialToken { .. } => format!("{error}, or give --append-eos false").into(),
        error => error.into(),
    }
}

fn completion<'a>(prompt_ids: &'a [i64], completion_ids: &'a [i64]) -> PromptCompletion<'a> {
    PromptCompletion { prompt_ids, completion_ids }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// A row as it was read.
fn pair_fields(pair: &PairExample) -> Result<Map<String, Value>, Failure> {
    Ok(object(match pair {
        Example::Plain(pair) => serde_json::to_value(pair)?,
        Example::Conversation(pair) => {
            json!({ "prompt": pair.prompt, "chosen": pair.chosen, "rejected": pair.rejected })
        }
    }))
}

fn completion_fields(row: &CompletionExample) -> Map<String, Value> {
    object(match row {
        Example::Plain((prompt, completion)) => json!({ "prompt": prompt, "completion": completion }),
        Example::Conversation(row) if row.prompt.is_empty() => json!({ "messages": row.completion }),
        Example::Conversation(row) => json!({ "prompt": row.prompt, "completion": row.completion }),
    })
}

/// Computes the log-probability of each token of completions.
type TokenLogps<'a> = dyn Fn(&[PromptCompletion]) -> Result<Vec<Vec<f32>>, Failure> + 'a;

impl Options {
    fn check_output(&self) -> Result<(), Failure> {
        output_paths::refuse_existing(&self.output, self.overwrite)?;
        output_paths::refuse_inputs(&self.output, [&self.input])
    }

    fn load(&self) -> Result<(CompletionData, Box<dyn CausalLm>, Tokenizer), Failure> {
        let layouts = [Pairs, Completions, Conversations];
        let data = self.columns.read(&layouts, |names| CompletionData::read_renamed(&self.input, names))?;
        let dir = models::folder("--model", self.model.as_deref(), models::BUNDLED_POLICY)?;
        let model = models::causal_lm(&dir, self.runtime.dtype, self.runtime.device()?)?;
        let tokenizer = models::tokenizer(&dir, model.vocab_size())?;
        Ok((data, Box::new(model), tokenizer))
    }

    fn of_completions(
        &self,
        rows: &[CompletionExample],
        tokenizer: &Tokenizer,
        token_logps: &TokenLogps<'_>,
    ) -> Result<Vec<Map<String, Value>>, Failure> {
        let encoded = encode_completions(tokenizer, rows, self.append_eos).map_err(with_eos_advice)?;
        let ids: Vec<PromptCompletion> =
            encoded.iter().map(|row| completion(&row.prompt_ids, &row.completion_ids)).collect();
        let rows = rows.iter().zip(token_logps(&ids)?).map(|(row, logps)| {
            let mut fields = completion_fields(row);
            self.add_logps(&mut fields, "", &logps);
            fields
        });
        Ok(rows.collect())
    }

    fn of_pairs(
        &self,
        pairs: &[PairExample],
        tokenizer: &Tokenizer,
        token_logps: &TokenLogps<'_>,
    ) -> Result<Vec<Map<String, Value>>, Failure> {
        let encoding = EncodeOptions {
            max_length: None,
            append_eos: self.append_eos,
            invalid_rows: InvalidRows::KeepEqual,
            ..EncodeOptions::default()
        };
        let EncodedPairs { pairs: encoded, report } =
            encode_pairs(tokenizer, pairs, &encoding).map_err(with_eos_advice)?;
        if encoded.len() < pairs.len() {
            return Err(format!("{}: {report}", printable_path(&self.input)).into());
        }
        let chosen: Vec<PromptCompletion> = encoded.iter().map(|p| completion(&p.prompt_ids, &p.chosen_ids)).collect();
        let rejected: Vec<PromptCompletion> =
            encoded.iter().map(|p| completion(&p.prompt_ids, &p.rejected_ids)).collect();
        let logps = token_logps(&chosen)?.into_iter().zip(token_logps(&rejected)?);
        let row = |(pair, (chosen, rejected)): (&PairExample, (Vec<f32>, Vec<f32>))| {
            let mut fields = pair_fields(pair)?;
            self.add_logps(&mut fields, "chosen_", &chosen);
            self.add_logps(&mut fields, "rejected_", &rejected);
            Ok(fields)
        };
        pairs.iter().zip(logps).map(row).collect()
    }

    fn add_logps(&self, row: &mut Map<String, Value>, prefix: &str, token_logps: &[f32]) {
        let sum: f64 = token_logps.iter().map(|x| f64::from(*x)).sum();
        row.insert(format!("{prefix}logps"), sum.into());
        row.insert(format!("{prefix}tokens"), token_logps.len().into());
        if self.token_logps {
            row.insert(format!("{prefix}token_logps"), token_logps.into());
        }
    }
}
