//! A sweep over losses and betas.

use super::configuration::{evaluation_configuration, training_entries, versions};
use super::failures::{resume_hint, with_memory_advice};
use super::options::Options;
use super::table;
use crate::signals::{self, GracefulStop, Stopped};
use crate::{Failure, models, output};
use align_base::{format_duration, printable_path};
use align_data::Tokenizer;
use align_frontier::{
    Findings, PolicyResult, ReportContext, SweepFolder, SweepModels, SweepOptions, SweepOutcome, SweepProgress,
    write_outputs,
};
use align_inference::{InferenceIdentity, RewardModel};
use align_models::CausalLm;
use align_models::score::Score;
use align_report::{Configuration, Entry};
use align_torch::Environment;
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

/// The models of a sweep.
struct Loaded {
    sft: Box<dyn CausalLm>,
    tokenizer: Tokenizer,
    reward_model: RewardModel,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let group = Arc::new(options.processes.connect_for_sweep()?);
    let sweep_options = group.agree_on_result(valid_options(options))?;
    let _precision = options.runtime.set_matmul_precision()?;
    let started = Instant::now();
    let Loaded { sft, tokenizer, reward_model } = group.agree_on_result(load(options))?;
    let rewards = |texts: &[&str]| reward_model.scores(texts).map_err(|e| e.to_string());
    let depends_on = json!({
        "model": InferenceIdentity::of(sft.as_ref(), &tokenizer)?,
        "reward_model": reward_model.identity()?,
        "score": reward_model.score(),
        "environment": Environment::current(options.runtime.device()?),
        "sweep": sweep_options,
    });
    let folder = SweepFolder::open_in_group(&options.output_dir, &depends_on, group.clone())?;
    let resume = resume_hint();
    signals::set_message(format!("stopped at once; finished points are saved: {resume}"));
    let graceful_stop = GracefulStop::begin("stopping after this step or batch");
    let run_models =
        SweepModels { sft: sft.as_ref(), tokenizer: &tokenizer, score: &rewards, batch_size: options.batch_size };
    let outcome = align_frontier::run_sweep(
        &run_models,
        &sweep_options,
        &folder,
        &graceful_stop.stop_signal(),
        &mut print_progress,
    )
    .map_err(with_memory_advice)?;
    let sweep = match outcome {
        SweepOutcome::Finished(sweep) => sweep,
        SweepOutcome::Stopped(done) => {
            let (all, dir) = (sweep_options.points.len(), options.output_dir.display());
            let saved =
                format!("stopped after {done} of {}, which are saved in {dir}", align_base::counted(all, "point"));
            return Err(Stopped(format!("{saved}: {resume}")).into());
        }
    };
    group.on_rank_0(|| {
        let findings = Findings::new(&sweep, &sweep_options.bootstrap)?;
        let report_context = context(options, &sweep_options, reward_model.score(), started);
        write_outputs(&folder, &sweep, &findings, report_context)?;
        options.json.print(&table::document(&sweep, &findings), || table::print(&sweep, &findings))
    })?;
    let (points, dir) = (align_base::counted(sweep.points.len(), "point"), printable_path(&options.output_dir));
    output::note!("{points} in {}; results are in {dir}, with report.html", format_duration(started.elapsed()));
    Ok(())
}

fn valid_options(options: &Options) -> Result<SweepOptions, Failure> {
    let sweep_options = options.sweep()?;
    sweep_options.validate()?;
    Ok(sweep_options)
}

fn load(options: &Options) -> Result<Loaded, Failure> {
    let model_dir = models::folder("--model", options.model.as_deref(), models::BUNDLED_POLICY)?;
    let reward_dir = models::folder("--reward-model", options.reward_model.as_deref(), models::BUNDLED_REWARD_MODEL)?;
    let sft = models::causal_lm(&model_dir, options.runtime.dtype, options.runtime.device()?)?;
    let tokenizer = models::tokenizer(&model_dir, sft.vocab_size())?;
    options.check_length(&tokenizer, sft.max_position_embeddings())?;
    let reward_model = options.score.load(&reward_dir, &options.runtime, options.batch_size)?;
    Ok(Loaded { sft: Box::new(sft), tokenizer, reward_model })
}

fn context(options: &Options, sweep: &SweepOptions, score: &Score, started: Instant) -> ReportContext {
    let model = models::display_name(options.model.as_deref(), models::BUNDLED_POLICY);
    let reward_model = models::display_name(options.reward_model.as_deref(), models::BUNDLED_REWARD_MODEL);
    let losses: Vec<String> =
        sweep.points.chunk_by(|a, b| a.loss == b.loss).filter_map(|run| Some(run.first()?.loss.to_string())).collect();
    let mut training = vec![Entry::new("losses", losses.join(", "))];
    training.extend(training_entries(sweep.pairs_per_prompt, &sweep.training_texts, &sweep.dpo.training));
    let mut evaluation = evaluation_configuration(&sweep.prompts, &sweep.held_out, &sweep.evaluation, &sweep.bootstrap);
    evaluation.entries.push(Entry::new("score", score.to_string()));
    ReportContext {
        subtitle: format!("{model}, rewarded by {reward_model}"),
        prompts: sweep.prompts.clone(),
        configuration: vec![Configuration { title: "Training".to_owned(), entries: training }, evaluation],
        versions: versions(started),
    }
}

fn print_progress(progress: &SweepProgress<'_>) {
    match progress {
        SweepProgress::TrainingTexts(count) => {
            output::note!("{} generated to make pairs from", align_base::counted(*count, "text"))
        }
        SweepProgress::Pairs(report) => output::note!("{report}"),
        SweepProgress::Sft(run) => output::note!("SFT: {}", metrics_line(run)),
        SweepProgress::PointStarted(point, number, all) => output::note!("[{number}/{all}] {point}"),
        SweepProgress::PointFinished(point, run) => {
            output::note!("  {point}: {} ({:.0} s)", metrics_line(run), run.seconds)
        }
        _ => {}
    }
}

fn metrics_line(run: &PolicyResult) -> String {
    let metrics = &run.evaluation;
    format!(
        "reward {:.3}, KL {:.2} nats, token entropy {:.3}",
        metrics.reward.value, metrics.policy_reference_kl.value, metrics.token_entropy.value
    )
}
