//! The notebook's pipeline: generate, score, pair, train with two losses, compare.

mod options;
mod pipeline;
mod report;

pub use options::NotebookOptions;

use crate::shell_words::generate_command;
use crate::signals::{self, GracefulStop, Stopped};
use crate::terminal::{self, Verdict};
use crate::{Failure, output, output_paths};
use align_base::{format_duration, printable_path};
use align_frontier::PolicyComparison;
use align_losses::LossType;
use align_models::{CausalLm, TrainableModel};
use align_train::DpoConfig;
use pipeline::{Pipeline, TrainedModel};
use serde_json::json;
use std::time::Instant;

/// Runs the pipeline with one loss, and with the other for comparison, and prints the notebook's table.
pub fn run(options: &NotebookOptions, loss_type: LossType) -> Result<(), Failure> {
    options.json.begin();
    let started = Instant::now();
    let losses = options.losses(loss_type);
    let config = options.training(loss_type)?;
    options.check()?;
    let _precision = options.runtime.set_matmul_precision()?;
    signals::set_message("stopped before a model was trained: nothing was written");
    let pipeline = Pipeline::new(options)?;
    let sft = pipeline.policy()?;
    // Checked before anything is generated or trained.
    pipeline.check_text_length(sft.max_position_embeddings())?;

    let (train, held_out) = pipeline.pairs(&sft)?;
    let mut trained = Vec::new();
    for loss in losses {
        let config = DpoConfig { loss_type: vec![loss], ..config.clone() };
        trained.push(pipeline.train(loss.name(), &train, &held_out, config)?);
        if let [only] = &trained[..] {
            // Saved before the comparison, so that stopping it does not lose the model.
            save_model(options, &pipeline, only)?;
        }
    }
    let comparison = pipeline.compare(&sft, &trained)?;
    let seconds = started.elapsed().as_secs_f64();
    // Results are saved before they are printed.
    let graceful_stop = GracefulStop::while_writing_files();
    if let Some(file) = &options.report {
        report::report(&pipeline, &config, &comparison, &trained, seconds)?.write(file, options.overwrite)?;
    }
    drop(graceful_stop);
    options.json.print(&json!({ "comparison": comparison, "seconds": seconds }), || {
        print_comparison(&comparison, pipeline.reward_model.score().unit(), options.num_shown_prompts);
    })?;
    if let Some(file) = &options.report {
        output::note!("report written to {}", align_base::printable_path(file));
    }
    output::note!("{} in total", format_duration(started.elapsed()));
    if let Some(dir) = &options.output_dir {
        output::next(&generate_command(dir));
    }
    Ok(())
}

/// Writes the model of the chosen loss to --output-dir, if it is given.
fn save_model(options: &NotebookOptions, pipeline: &Pipeline, trained: &TrainedModel) -> Result<(), Failure> {
    let Some(dir) = &options.output_dir else {
        signals::set_message("stopped before the end: no model was kept, since --output-dir is not given");
        return Ok(());
    };
    let graceful_stop = GracefulStop::while_writing_files();
    output_paths::write_model(dir, false, |folder| {
        trained.model.save_pretrained(folder, false)?;
        pipeline.tokenizer.save(folder, false)?;
        Ok(trained.card.write(folder, false)?)
    })?;
    let path = printable_path(dir);
    let saved = format!(
        "stopped before the end of the comparison, which is lost; the {} model is in {path}. Generate with it:\n  {}",
        trained.name,
        generate_command(dir)
    );
    if graceful_stop.stop_signal().is_stopped() {
        return Err(Stopped(saved).into());
    }
    signals::set_message(saved);
    output::note!("{} model written to {path}", trained.name);
    Ok(())
}

/// Prints the tables, what they say about each trained model, and the first texts.
fn print_comparison(comparison: &PolicyComparison, unit: &str, num_shown_prompts: usize) {
    let width = terminal::width();
    output::write(format_args!("\n{}", comparison.to_text(unit, width)));
    // The findings are about pairs of trained policies, then about each policy and the reference.
    let pairs = comparison.pairs.iter().map(|pair| match pair.rewards.is_significant() {
        true => Verdict::Better,
        false => Verdict::Unclear,
    });
    let policies = comparison.policies.iter().map(|trained| Verdict::of(trained.rewards.mean_difference.interval));
    for (verdict, finding) in pairs.chain(policies).zip(comparison.findings()) {
        output::println!("{}", verdict.paint(textwrap::fill(&finding, width)));
    }
    output::write(format_args!("{}", comparison.first_texts(num_shown_prompts, width)));
}
