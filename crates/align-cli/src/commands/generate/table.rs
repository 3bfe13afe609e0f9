//! Writing a table of texts, with a journal beside it until all are generated.

use super::prompts::EncodedPrompts;
use crate::json_output::JsonOption;
use crate::shell_words::{quoted, this_command};
use crate::signals::{self, GracefulStop, Stopped};
use crate::{Failure, generation_record, output, output_paths};
use align_base::{Progress, counted, printable_path};
use align_distributed::ProcessGroup;
use align_inference::{GenerationJob, GenerationRecord, TextGenerator};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// A table to write.
pub struct Output<'a> {
    pub path: &'a Path,
    pub record: GenerationRecord,
    pub overwrite: bool,
    pub json: JsonOption,
}

/// Generates all texts with a journal beside the output, then writes the table and its record. Of several processes, rank 0 alone writes.
pub fn write(
    writer: &TextGenerator,
    prompts: &EncodedPrompts,
    output: &Output,
    group: &Arc<ProcessGroup>,
) -> Result<(), Failure> {
    group.on_rank_0(|| generation_record::check_destination(&output.record, output.path, output.overwrite))?;
    let resume = format!("continue with\n  {}", this_command());
    signals::set_message(format!("stopped at once; the texts of finished batches are saved: {resume}"));
    let graceful_stop = GracefulStop::begin("stopping after this batch");
    let stop = graceful_stop.stop_signal();
    let path = GenerationJob::journal_path(output.path);
    let (texts, overwrite) = (&prompts.texts, output.overwrite);
    let mut job = GenerationJob::open_in_group(group.clone(), writer, texts, &prompts.ids, &path, overwrite)?;
    let each = writer.generation.config().num_return_sequences;
    let (done, all) = (job.done(), prompts.ids.len());
    if group.any(group.rank() == 0 && output.path.exists() && !overwrite)? {
        return group.on_rank_0(|| finish_killed_run(output, job, prompts, each)).map(|_| ());
    }
    if done > 0 {
        output::note!("resuming after {} of {}", done * each, counted(all * each, "text"));
    }
    let mut progress = Progress::resume("generating", "texts", (done * each) as u64, (all * each) as u64);
    while !job.is_finished() {
        if group.any(stop.is_stopped())? {
            group.agree_on_result(job.sync())?;
            let saved = format!(
                "stopped after {} of {}, which are in {}",
                job.done() * each,
                counted(all * each, "text"),
                path.display()
            );
            return Err(Stopped(format!("{saved}: {resume}")).into());
        }
        if !job.next_batch()? {
            break;
        }
        progress.set_done((job.done() * each) as u64);
    }
    drop(progress);
    group.on_rank_0(|| finish(output, job, prompts, each)).map(|_| ())
}

/// Writes the table of a finished job.
fn finish(output: &Output, mut job: GenerationJob, prompts: &EncodedPrompts, each: usize) -> Result<(), Failure> {
    output.record.write(output.path, output.overwrite)?;
    let texts = prompts.write_table(&mut job, each, output.path, output.overwrite)?;
    job.remove_journal()?;
    output.json.print(&output.summary(texts), || {
        output::note!("{} written to {}", counted(texts, "text"), printable_path(output.path));
        if prompts.conversations.is_some() {
            return;
        }
        let format = output.path.extension().unwrap_or_default().to_string_lossy();
        let (input, scored) =
            (quoted(output.path), quoted(&output_paths::free_file_beside(output.path, "scored", &format)));
        output::next(&format!("align classify --input {input} --output {scored}"));
    })
}

/// Removes the journal of a run that was killed after it wrote its output.
fn finish_killed_run(
    output: &Output,
    mut job: GenerationJob,
    prompts: &EncodedPrompts,
    each: usize,
) -> Result<(), Failure> {
    let (path, all) = (output.path, prompts.ids.len());
    if job.is_finished() {
        let folder = tempfile::tempdir()?;
        let expected = folder.path().join(path.file_name().unwrap_or_default());
        let texts = prompts.write_table(&mut job, each, &expected, false)?;
        if std::fs::read(&expected)? == std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))? {
            output.record.write(path, false)?;
            job.remove_journal()?;
            return output.json.print(&output.summary(texts), || {
                output::note!("{} was written by an earlier run", align_base::printable_path(path));
            });
        }
    }
    Err(format!(
        "{} exists already, but was not written by the unfinished job in {} ({} of {all} prompts): move it away, or give --overwrite to \
         replace it",
        path.display(),
        GenerationJob::journal_path(path).display(),
        job.done()
    )
    .into())
}

impl Output<'_> {
    /// The document of --json.
    fn summary(&self, texts: usize) -> Value {
        let record = GenerationRecord::path(self.path);
        json!({ "output": self.path, "texts": texts, "record": record, "generation": self.record })
    }
}
