//! The notebook's pipeline: generate, score, pair, train with two losses, compare.

mod options;
mod pipeline;
mod report;

pub use options::NotebookOptions;

use crate::signals::GracefulStop;
use crate::{Failure, output, output_paths};
use align_losses::LossType;
use align_models::{CausalLm, TrainableModel};
use align_train::DpoConfig;
use pipeline::Pipeline;
use std::time::Instant;

/// Runs the pipeline with one loss, and with the other for comparison, and prints the notebook's table.
pub fn run(options: &NotebookOptions, loss_type: LossType) -> Result<(), Failure> {
    let started = Instant::now();
    let losses = options.losses(loss_type);
    let config = options.training(loss_type)?;
    options.check()?;
    let _precision = options.runtime.set_matmul_precision()?;
    let pipeline = Pipeline::new(options)?;
    let sft = pipeline.policy()?;
    // Checked before anything is generated or trained.
    pipeline.check_text_length(sft.max_position_embeddings())?;

    let (train, held_out) = pipeline.pairs(&sft)?;
    let mut trained = Vec::new();
    for loss in losses {
        let config = DpoConfig { loss_type: vec![loss], ..config.clone() };
        trained.push(pipeline.train(loss.name(), &train, &held_out, config)?);
    }
    let comparison = pipeline.compare(&sft, &trained)?;
    let seconds = started.elapsed().as_secs_f64();
    // Results are saved before they are printed.
    let graceful_stop = GracefulStop::while_writing_files();
    if let (Some(dir), Some(main)) = (&options.output_dir, trained.first()) {
        output_paths::write_model(dir, false, |folder| {
            main.model.save_pretrained(folder, false)?;
            pipeline.tokenizer.save(folder, false)?;
            Ok(main.card.write(folder, false)?)
        })?;
    }
    if let Some(file) = &options.report {
        report::report(&pipeline, &config, &comparison, &trained, seconds)?.write(file, options.overwrite)?;
    }
    drop(graceful_stop);
    output::println!("\n{comparison}");
    output::write(format_args!("{}", comparison.first_texts(options.num_shown_prompts)));
    if let (Some(dir), Some(main)) = (&options.output_dir, trained.first()) {
        output::println!("\n{} model written to {}", main.name, align_base::printable_path(dir));
    }
    if let Some(file) = &options.report {
        output::println!("\nreport written to {}", align_base::printable_path(file));
    }
    output::println!("\n{seconds:.0} s in total");
    Ok(())
}
