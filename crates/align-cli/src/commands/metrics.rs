//! Lists the metrics that training logs.
//!
//! ```sh
//! align metrics
//! ```

use crate::json_output::JsonOption;
use crate::{Failure, output, terminal};
use align_train::{METRICS, MetricInfo};
use clap::Args;
use serde_json::json;

/// Lists the metrics that runs log, in metrics.jsonl and in the report. Evaluations log them with the prefix eval_.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    json: JsonOption,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let object = |metric: &MetricInfo| {
        json!({
            "names": metric.names,
            "meaning": metric.meaning,
            "mean_over": metric.mean_over,
            "reported_by": metric.reported_by,
        })
    };
    options.json.print(&METRICS.iter().map(object).collect::<Vec<_>>(), list)
}

fn list() {
    let width = terminal::width();
    let indented = textwrap::Options::new(width).initial_indent("    ").subsequent_indent("    ");
    for metric in METRICS {
        output::println!("{}", metric.names.join(", "));
        output::println!("{}", textwrap::fill(metric.meaning, indented.clone()));
        let scope = format!("mean over: {}; logged by: {}", metric.mean_over, metric.reported_by);
        output::println!("{}", textwrap::fill(&scope, indented.clone()));
    }
    output::println!();
    let note =
        "All of them are means. loss is logged by every run. Evaluations log the same names with the prefix eval_.";
    output::println!("{}", textwrap::fill(note, textwrap::Options::new(width)));
}
