//! `--judge`: a sweep over rules of social choice.

use super::configuration::{evaluation_configuration, training_entries, versions};
use super::failures::{resume_hint, with_memory_advice};
use super::options::Options;
use crate::judge_columns::Rules;
use crate::named_judge::{NamedJudge, check_names};
use crate::signals::{self, GracefulStop, Stopped};
use crate::usage::UsageError;
use crate::{Failure, models, output, terminal};
use align_base::{counted, format_duration, printable_path};
use align_frontier::{
    JudgeFindings, JudgeSweepModels, JudgeSweepOptions, JudgeSweepProgress, JudgedPolicy, LossSetting, ReportContext,
    SweepFolder, hypervolume_table, judge_results_table, run_judge_sweep, write_judge_outputs,
};
use align_inference::{InferenceIdentity, Judge};
use align_report::{Configuration, Entry};
use align_torch::Environment;
use align_train::DpoConfig;
use serde_json::{Value, json};
use std::time::Instant;

/// The rules that are compared by default.
const DEFAULT_RULES: &str = "weighted-sum:zscore,borda,schulze,maximal-lotteries";
/// The default loss and beta of all policies.
const LOSS: &str = "sigmoid";
const BETA: f64 = 0.1;
/// The default weights of soups: thirds.
const SOUP_STEPS: u32 = 3;

pub fn run(options: &Options) -> Result<(), Failure> {
    let sweep_options = sweep_options(options)?;
    sweep_options.validate()?;
    let _precision = options.runtime.set_matmul_precision()?;
    let started = Instant::now();
    let model_dir = models::folder("--model", options.model.as_deref(), models::BUNDLED_POLICY)?;
    let (kind, device) = (options.runtime.dtype, options.runtime.device()?);
    let sft = models::causal_lm(&model_dir, kind, device)?;
    let tokenizer = models::tokenizer(&model_dir, sft.vocab_size())?;
    options.check_length(&tokenizer, sft.max_position_embeddings())?;
    let named = &options.judges.judges;
    let judges: Vec<Box<dyn Judge>> =
        named.iter().map(|judge| judge.load(&options.runtime, options.batch_size)).collect::<Result<_, _>>()?;
    let depends_on = json!({
        "model": InferenceIdentity::of(&sft, &tokenizer)?,
        "judges": judges.iter().map(|judge| judge.identity()).collect::<Result<Vec<Value>, _>>()?,
        "environment": Environment::current(device),
        "sweep": sweep_options,
    });
    let folder = SweepFolder::open(&options.output_dir, &depends_on)?;
    let resume = resume_hint();
    signals::set_message(format!("stopped at once; finished policies are saved: {resume}"));
    let graceful_stop = GracefulStop::begin("stopping after this step or batch");
    let judge_refs: Vec<&dyn Judge> = judges.iter().map(Box::as_ref).collect();
    let run_models =
        JudgeSweepModels { sft: &sft, tokenizer: &tokenizer, judges: &judge_refs, batch_size: options.batch_size };
    let mut on = |progress: &JudgeSweepProgress<'_>| print_progress(progress, &sweep_options);
    let stop = graceful_stop.stop_signal();
    let swept = run_judge_sweep(&run_models, &sweep_options, &folder, &stop, &mut on).map_err(with_memory_advice)?;
    let Some(sweep) = swept else {
        let saved = format!("stopped; finished policies are saved in {}", options.output_dir.display());
        return Err(Stopped(format!("{saved}: {resume}")).into());
    };
    let findings = JudgeFindings::new(&sweep, &sweep_options)?;
    let scores = named.iter().zip(&judges).map(|(named, judge)| (named, judge.score_name()));
    let context = context(options, &sweep_options, scores.collect(), started);
    write_judge_outputs(&folder, &sweep, &findings, &sweep_options.bootstrap, context)?;
    options.json.print(
        &json!({ "judges": sweep.judges, "policies": policies(&sweep.policies), "findings": findings, "statements": findings.statements(&sweep) }),
        || {
            output::println!();
            terminal::print_tables(&[judge_results_table(&sweep, &findings), hypervolume_table(&findings)]);
            findings.statements(&sweep).iter().for_each(|line| terminal::print_paragraph("- ", "  ", line));
        },
    )?;
    let (policies, dir) = (sweep.policies.len(), printable_path(&options.output_dir));
    output::note!(
        "{policies} policies in {}; results are in {dir}, with report.html",
        format_duration(started.elapsed())
    );
    Ok(())
}

/// The policies without their texts.
fn policies(policies: &[JudgedPolicy]) -> Vec<Value> {
    let policy = |JudgedPolicy { kind, pairs, scores, against_sft, evaluation, seconds, .. }: &JudgedPolicy| {
        json!({
            "kind": kind, "pairs": pairs, "scores": scores, "against_sft": against_sft, "evaluation": evaluation, "seconds": seconds,
        })
    };
    policies.iter().map(policy).collect()
}

fn sweep_options(options: &Options) -> Result<JudgeSweepOptions, Failure> {
    let arguments = &options.judges;
    if arguments.judges.len() < 2 {
        let problem = "--judge is given once, but a frontier between judges needs at least two: give --judge for each, or use --reward-model";
        return Err(UsageError::new(problem.to_owned()).into());
    }
    check_names(&arguments.judges, &[])?;
    let judges: Vec<String> = arguments.judges.iter().map(|judge| judge.name.clone()).collect();
    let weights = match &arguments.judge_weights {
        Some(weights) => weights.of(&judges)?,
        None => vec![1.0; judges.len()],
    };
    let default_rules = || DEFAULT_RULES.parse::<Rules>().map_err(Failure::from);
    let rules = arguments.rules.clone().map_or_else(default_rules, Ok)?;
    let shared = options.shared()?;
    let (loss, beta) = loss_and_beta(options)?;
    Ok(JudgeSweepOptions {
        judges,
        weights,
        rules: rules.distinct()?.to_vec(),
        soup_steps: arguments.soup_steps.unwrap_or(SOUP_STEPS),
        prompts: shared.prompts,
        held_out: shared.held_out,
        training_texts: shared.training_texts,
        pairs_per_prompt: shared.pairs_per_prompt,
        evaluation: shared.evaluation,
        dpo: loss.config(beta, &shared.dpo)?,
        bootstrap: shared.bootstrap,
    })
}

/// The loss and the beta of all policies.
fn loss_and_beta(options: &Options) -> Result<(LossSetting, f64), Failure> {
    let one = |option: &str, found: usize| {
        UsageError::new(format!("{option} has {found} values, but with --judge all policies have one: give one value"))
    };
    let loss = match options.losses.as_deref() {
        None => LOSS.parse()?,
        Some([loss]) => *loss,
        Some(losses) => return Err(one("--losses", losses.len()).into()),
    };
    match options.betas.as_deref() {
        None => Ok((loss, BETA)),
        Some([beta]) => Ok((loss, *beta)),
        Some(betas) => Err(one("--betas", betas.len()).into()),
    }
}

fn context(
    options: &Options,
    sweep: &JudgeSweepOptions,
    judges: Vec<(&NamedJudge, String)>,
    started: Instant,
) -> ReportContext {
    let model = models::display_name(options.model.as_deref(), models::BUNDLED_POLICY);
    let DpoConfig { loss_type, beta, .. } = &sweep.dpo;
    let rules: Vec<String> = sweep.rules.iter().map(ToString::to_string).collect();
    let losses: Vec<String> = loss_type.iter().map(ToString::to_string).collect();
    let of_judge = |((judge, score), weight): ((&NamedJudge, String), &f64)| {
        Entry::new(&judge.name, format!("{} ({score}), weight {weight}", judge.source.display_name()))
    };
    let mut choice: Vec<Entry> = judges.into_iter().zip(&sweep.weights).map(of_judge).collect();
    choice.extend([Entry::new("rules", rules.join(", ")), Entry::new("soup steps", sweep.soup_steps.to_string())]);
    let mut training = vec![Entry::new("loss", losses.join(", ")), Entry::new("beta", beta.to_string())];
    training.extend(training_entries(sweep.pairs_per_prompt, &sweep.training_texts, &sweep.dpo.training));
    let configuration = [("Judges and rules", choice), ("Training", training)];
    let configuration = configuration.map(|(title, entries)| Configuration { title: title.to_owned(), entries });
    let evaluation = evaluation_configuration(&sweep.prompts, &sweep.held_out, &sweep.evaluation, &sweep.bootstrap);
    ReportContext {
        subtitle: format!("{model}, judged by {}", sweep.judges.join(", ")),
        prompts: sweep.prompts.clone(),
        configuration: configuration.into_iter().chain([evaluation]).collect(),
        versions: versions(started),
    }
}

fn print_progress(progress: &JudgeSweepProgress<'_>, options: &JudgeSweepOptions) {
    match progress {
        JudgeSweepProgress::TrainingTexts(count) => {
            output::note!("{} generated and judged to make pairs from", counted(*count, "text"))
        }
        JudgeSweepProgress::PolicyStarted(kind, number, all) => {
            output::note!("[{number}/{all}] {}", kind.name(&options.judges))
        }
        JudgeSweepProgress::PolicyFinished(policy) => {
            let scores = options.judges.iter().zip(&policy.scores);
            let scores: Vec<String> = scores.map(|(judge, score)| format!("{judge} {:.3}", score.value)).collect();
            let (name, kl) = (policy.kind.name(&options.judges), policy.evaluation.policy_reference_kl.value);
            output::note!("  {name}: {}, KL {kl:.2} nats ({:.0} s)", scores.join(", "), policy.seconds)
        }
        _ => {}
    }
}
