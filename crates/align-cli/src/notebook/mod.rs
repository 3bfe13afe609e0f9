//! The notebook's whole path: generate, score, pair, train with two losses, compare.

mod options;
mod page;
mod stage;

pub use options::NotebookOptions;

use crate::signals::Keeping;
use crate::{Failure, output, places};
use align_losses::LossType;
use align_models::{CausalLm, TrainableModel};
use align_train::DpoConfig;
use stage::Stage;
use std::time::Instant;

/// Runs the pipeline with one loss, and for comparison with the other, and prints the notebook's table.
pub fn run(options: &NotebookOptions, loss_type: LossType) -> Result<(), Failure> {
    let started = Instant::now();
    let losses = options.losses(loss_type);
    let config = options.training(loss_type)?;
    options.check()?;
    let _precision = options.runtime.precision()?;
    let stage = Stage::new(options)?;
    let sft = stage.policy()?;
    // Known before anything is generated or trained.
    stage.check_text_length(sft.max_position_embeddings())?;

    let (train, held_out) = stage.pairs(&sft)?;
    let mut trained = Vec::new();
    for loss in losses {
        let config = DpoConfig { loss_type: vec![loss], ..config.clone() };
        trained.push(stage.train(loss.name(), &train, &held_out, config)?);
    }
    let comparison = stage.compare(&sft, &trained)?;
    let seconds = started.elapsed().as_secs_f64();
    // What took minutes is saved before any of it is shown.
    let keeping = Keeping::files();
    if let (Some(dir), Some(own)) = (&options.output_dir, trained.first()) {
        places::write_model(dir, false, |folder| {
            own.model.save_pretrained(folder, false)?;
            stage.tokenizer.save(folder, false)?;
            Ok(own.card.write(folder, false)?)
        })?;
    }
    if let Some(file) = &options.report {
        page::page(&stage, &config, &comparison, &trained, seconds)?.write(file, options.overwrite)?;
    }
    drop(keeping);
    output::println!("\n{comparison}");
    output::write(format_args!("{}", comparison.first_texts(options.shown_prompts)));
    if let (Some(dir), Some(own)) = (&options.output_dir, trained.first()) {
        output::println!("\n{} model written to {}", own.name, align_base::printable_path(dir));
    }
    if let Some(file) = &options.report {
        output::println!("\nreport written to {}", align_base::printable_path(file));
    }
    output::println!("\n{seconds:.0} s in all");
    Ok(())
}
