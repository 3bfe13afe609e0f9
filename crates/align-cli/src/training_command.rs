//! The end of every training subcommand: prepares the run, trains, prints a summary and uploads the model.

use crate::run_input::RunInput;
use crate::run_options::{Preparation, RunOptions};
use crate::shell_words::{generate_command, quoted};
use crate::signals::{self, GracefulStop, Stopped};
use crate::training_files::TrainingFiles;
use crate::training_log::TrainingLog;
use crate::{Failure, config_file, dry_run, models, output, processes, training_summary};
use align_base::printable_path;
use align_data::ConversationPrompt;
use align_data::tables::{Examples, is_table_file};
use align_models::CausalLm;
use align_models::hub::TransferProgress;
use align_train::run::{Run, RunObjective, Upload, flat_toml};
use align_train::{ResumeMode, RunFolder};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A training subcommand.
pub struct TrainingCommand<'a, F: RunInput = TrainingFiles> {
    /// Its name, such as `dpo`.
    pub name: &'static str,
    /// The options that all training commands share.
    pub run: &'a RunOptions<F>,
}

impl<F: RunInput> TrainingCommand<'_, F> {
    /// Trains a language model.
    pub fn train<O: RunObjective<Model: CausalLm>>(
        &self,
        run: Run<O>,
        preparation: &Preparation,
        all_options: &impl Serialize,
    ) -> Result<(), Failure> {
        let run = match &self.run.sample_prompts {
            Some(file) => {
                RunFolder::check_input(&self.run.output_dir, "--sample-prompts", file)?;
                with_sample_prompts(run, file)?
            }
            None => run,
        };
        let next = |model: &Path, is_adapter: bool| match is_adapter {
            true => self.merge_command(model),
            false => generate_command(model),
        };
        self.train_with_next_command(run, preparation, all_options, &next)
    }

    /// Trains a model. `next` gives the command to suggest at the end, from the model's folder and whether it holds an adapter.
    fn train_with_next_command<O: RunObjective>(
        &self,
        run: Run<O>,
        preparation: &Preparation,
        all_options: &impl Serialize,
        next: &dyn Fn(&Path, bool) -> String,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        for folder in
            [models::BUNDLED_POLICY, models::BUNDLED_REWARD_MODEL].into_iter().filter_map(models::bundled_folder)
        {
            RunFolder::check_input(&self.run.output_dir, "the default of --model", &folder)?;
        }
        let run = self.run.apply_to(run)?.observer(TrainingLog::default());
        let run = run.process_group(self.run.processes.connect()?);
        let mut recorded = serde_json::to_value(all_options)?;
        if let Some(recorded) = recorded.as_object_mut() {
            recorded.insert(config_file::COMMAND_KEY.to_owned(), self.name.into());
        }
        let mut run = run.recorded_options(recorded.clone()).resolver(models::resolver());
        if self.run.dry_run {
            return dry_run::print(&run.dry_run()?, self.run, preparation);
        }
        if self.run.resume || self.continues_after_restart(&recorded)? {
            if let Some(model) = self.finished_model(&recorded)? {
                output::note!("this run is finished; its model is in {}", printable_path(model));
                return Ok(());
            }
            let inexact = self.run.allow_inexact_resume;
            run = run.resume_with(if inexact { ResumeMode::Inexact } else { ResumeMode::Exact });
        }
        signals::set_message("stopped before the first step: run the same command again to start");
        let mut ready = run.prepare()?;
        preparation.print(&ready, &self.run.files);
        let upload = ready.take_upload();
        if let Some(checkpoint) = ready.checkpoint() {
            let (step, all) = (ready.trainer().step(), ready.trainer().total_steps());
            output::note!("resuming from {} at step {step} of {all}", printable_path(checkpoint));
        }
        let watch = self.run.trackers.watch(&self.run.output_dir, &ready)?;
        let resume = self.resume_command();
        signals::set_message(format!(
            "stopped at once; continue from the newest checkpoint, or from the start, with\n  {resume}"
        ));
        let steps_before = ready.trainer().step();
        let graceful_stop = GracefulStop::begin("stopping after this step or batch");
        let summary = ready.stop_signal(graceful_stop.stop_signal()).train().map_err(resumable)?;
        drop(watch);
        let Some(model) = &summary.model else {
            if summary.finished {
                // Rank 0 has written the model.
                return Ok(());
            }
            let (done, all) = (summary.steps, summary.total_steps);
            return Err(Stopped(format!("stopped after step {done} of {all}; continue with\n  {resume}")).into());
        };
        training_summary::print(&summary, steps_before, &self.run.output_dir, started.elapsed());
        output::next(&next(model, summary.adapter));
        match upload {
            Some(upload) => push(&upload, model, graceful_stop),
            None => Ok(()),
        }
    }

    /// Whether the launcher has started this command again after a failure, and the run had begun: then it goes on.
    fn continues_after_restart(&self, options: &serde_json::Value) -> Result<bool, Failure> {
        let has_begun = || self.run.output_dir.join(RunFolder::METRICS).exists();
        Ok(processes::is_restart() && has_begun() && self.is_run_with(options)?)
    }

    /// Whether the output folder has a run with these options.
    fn is_run_with(&self, options: &serde_json::Value) -> Result<bool, Failure> {
        let config = std::fs::read_to_string(self.run.output_dir.join(RunFolder::CONFIG)).unwrap_or_default();
        Ok(config == flat_toml(options)?)
    }

    /// The folder of the trained model, if a run with these options is finished. Other options are left to the checks of a resumed run.
    fn finished_model(&self, options: &serde_json::Value) -> Result<Option<PathBuf>, Failure> {
        match self.is_run_with(options)? {
            true => Ok(RunFolder::finished_model(&self.run.output_dir)?),
            false => Ok(None),
        }
    }

    /// The command that merges the trained adapter into its base model.
    fn merge_command(&self, adapter: &Path) -> String {
        let model = self.run.model.as_ref().map(|model| format!("--model {} ", quoted(Path::new(model))));
        let (adapter, merged) = (quoted(adapter), quoted(&self.run.output_dir.join("merged")));
        format!("align merge-adapter {}--adapter {adapter} --output-dir {merged}", model.unwrap_or_default())
    }

    /// The command that resumes the run.
    fn resume_command(&self) -> String {
        let processes = processes::started().map(|count| format!(" --nproc-per-node {count}")).unwrap_or_default();
        format!("align {} --output-dir {} --resume{processes}", self.name, quoted(&self.run.output_dir))
    }
}

impl TrainingCommand<'_> {
    /// Trains a model that does not generate text.
    pub fn train_classifier<O: RunObjective>(
        &self,
        run: Run<O>,
        preparation: &Preparation,
        all_options: &impl Serialize,
    ) -> Result<(), Failure> {
        let input = quoted(self.run.files.file().unwrap_or_else(|| Path::new("texts.csv")));
        let next = |model: &Path, _: bool| {
            format!("align classify --model {} --input {input} --output scored.csv", quoted(model))
        };
        self.train_with_next_command(run, preparation, all_options, &next)
    }

    /// Trains a reward model.
    pub fn train_reward_model<O: RunObjective>(
        &self,
        run: Run<O>,
        preparation: &Preparation,
        all_options: &impl Serialize,
    ) -> Result<(), Failure> {
        let input = quoted(&self.run.files.eval_name().unwrap_or_else(|| self.run.files.train_name()));
        let next = |model: &Path, _: bool| {
            format!("align classify --pairs --model {} --input {input} --output out.csv", quoted(model))
        };
        self.train_with_next_command(run, preparation, all_options, &next)
    }
}

/// Says how to continue if another process has ended the run.
fn resumable(problem: align_train::Error) -> Failure {
    match problem {
        align_train::Error::Distributed(problem) if !problem.is_of_other_process() => {
            format!("{problem}{}", processes::RESUME_HINT).into()
        }
        other => other.into(),
    }
}

/// Adds the sample prompts of a file: conversations of a table, or the lines of a text file.
fn with_sample_prompts<O: RunObjective<Model: CausalLm>>(run: Run<O>, file: &Path) -> Result<Run<O>, Failure> {
    if !is_table_file(file) {
        return Ok(run.sample_prompts(align_data::read_lines(file)?.into_iter().filter(|line| !line.is_empty())));
    }
    let examples = Examples::<ConversationPrompt>::read(file)?;
    examples.notes().iter().for_each(|note| output::note!("--sample-prompts: {note}"));
    Ok(run.sample_conversations(examples.into_rows()))
}

fn push(upload: &Upload, model: &Path, graceful_stop: GracefulStop) -> Result<(), Failure> {
    let command = models::upload_command(model, upload.repo());
    if graceful_stop.stop_signal().is_stopped() {
        return Err(Stopped(format!("stopped before the upload; upload later with {command}")).into());
    }
    // From here on a signal ends the program at once.
    signals::set_message(format!("stopped during the upload; upload later with {command}"));
    drop(graceful_stop);
    let mut progress = TransferProgress::default();
    let url =
        upload.push(model, |event| progress.on(event)).map_err(|e| format!("{e}; upload later with {command}"))?;
    drop(progress);
    output::note!("uploaded: {url}");
    Ok(())
}
