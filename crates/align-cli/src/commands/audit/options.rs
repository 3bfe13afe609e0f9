use crate::RuntimeOptions;
use crate::column_option::ColumnOption;
use crate::json_output::JsonOption;
use align_audit::Threshold;
use clap::Args;
use std::path::PathBuf;

/// Says what is wrong with preference data: duplicates, leakage, contradictions, biases, label noise, encodings, templates.
#[derive(Args, Clone)]
pub struct Options {
    /// Files to audit, with pairs, labelled completions, scored texts or completions, of texts or conversations: CSV, Parquet, JSONL or
    /// JSON. May be a list separated by commas, or a quoted pattern such as 'data/*.jsonl'.
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Held-out file, whose prompts must not be in the audited ones. May be given several times, as a list separated by commas, or as a
    /// quoted pattern.
    #[arg(long)]
    pub(super) eval_file: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) columns: ColumnOption,
    /// Column that says where the chosen text of a pair was shown: A or B, first or second, left or right, 0 or 1.
    #[arg(long, value_name = "COLUMN")]
    pub(super) position_column: Option<String>,
    /// Language model whose tokeniser and chat template count tokens: a folder, a GGUF file, or user/name[@revision] on the hub.
    #[arg(long)]
    pub(super) model: Option<String>,
    /// Maximum number of tokens in a prompt and its completion together, as in training [default: the model's limit].
    #[arg(long, requires = "model")]
    pub(super) max_length: Option<usize>,
    /// Compute with --model how many chosen texts it prefers already, on this many pairs.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "200", requires = "model")]
    pub(super) reference_margins: Option<usize>,
    /// Number of rows from which models of words and of labels are trained.
    #[arg(long, default_value_t = align_audit::AuditOptions::default().sample)]
    pub(super) sample_rows: usize,
    /// Most row numbers that are listed for each finding in the report and with --json.
    #[arg(long, value_name = "N", default_value_t = align_audit::AuditOptions::default().listed)]
    pub(super) list_rows: usize,
    /// Seed of the samples of rows.
    #[arg(long, default_value_t = align_audit::AuditOptions::default().seed)]
    pub(super) seed: u64,
    /// End with exit code 65 if a finding exceeds a share of rows or of right predictions: leakage,equal=0.01,duplicates=1%,length-bias=0.7.
    /// A prediction counts only if its interval lies above 0.5.
    #[arg(long, value_name = "NAME[=SHARE],..", value_delimiter = ',')]
    pub(super) fail_on: Vec<Threshold>,
    /// Write an HTML report.
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// Replace the report if it exists.
    #[arg(long, requires = "report")]
    pub(super) overwrite: bool,
    #[command(flatten)]
    pub(super) json: JsonOption,
    #[command(flatten)]
    pub(super) runtime: RuntimeOptions,
}
