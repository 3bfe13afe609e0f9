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
use align_data::Tokenizer;
use align_frontier::{
    JudgeFindings, JudgeSweep, JudgeSweepModels, JudgeSweepOptions, JudgeSweepProgress, JudgedPolicy, LossSetting,
    ReportContext, SweepFolder, hypervolume_table, judge_results_table, run_judge_sweep, write_judge_outputs,
};
use align_inference::{InferenceIdentity, Judge};
use align_models::CausalLm;
use align_report::{Configuration, Entry};
use align_torch::Environment;
use align_train::DpoConfig;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

/// The rules that are compared by default.
const DEFAULT_RULES: &str = "weighted-sum:zscore,borda,schulze,maximal-lotteries";
/// The default loss and beta of all policies.
const LOSS: &str = "sigmoid";
const BETA: f64 = 0.1;
/// The default weights of soups: thirds.
const SOUP_STEPS: u32 = 3;

/// The models of a sweep.
struct Loaded {
    sft: Box<dyn CausalLm>,
    tokenizer: Tokenizer,
    judges: Vec<Box<dyn Judge>>,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let group = Arc::new(options.processes.connect_for_sweep()?);
    let sweep_options = group.agree_on_result(sweep_options(options))?;
    let _precision = options.runtime.set_matmul_precision()?;
    let started = Instant::now();
    let Loaded { sft, tokenizer, judges } = group.agree_on_result(load(options))?;
    let named = &options.judges.judges;
    let depends_on = json!({
        "model": InferenceIdentity::of(sft.as_ref(), &tokenizer)?,
        "judges": judges.iter().map(|judge| judge.identity()).collect::<Result<Vec<Value>, _>>()?,
        "environment": Environment::current(options.runtime.device()?),
        "sweep": sweep_options,
    });
    let folder = SweepFolder::open_in_group(&options.output_dir, &depends_on, group.clone())?;
    let resume = resume_hint();
    signals::set_message(format!("stopped at once; finished policies are saved: {resume}"));
    let graceful_stop = GracefulStop::begin("stopping after this step or batch");
    let judge_refs: Vec<&dyn Judge> = judges.iter().map(Box::as_ref).collect();
    let (tokenizer, batch_size) = (&tokenizer, options.batch_size);
    let run_models = JudgeSweepModels { sft: sft.as_ref(), tokenizer, judges: &judge_refs, batch_size };
    let mut on = |progress: &JudgeSweepProgress<'_>| print_progress(progress, &sweep_options);
    let stop = graceful_stop.stop_signal();
    let swept = run_judge_sweep(&run_models, &sweep_options, &folder, &stop, &mut on).map_err(with_memory_advice)?;
    let Some(sweep) = swept else {
        let saved = format!("stopped; finished policies are saved in {}", options.output_dir.display());
        return Err(Stopped(format!("{saved}: {resume}")).into());
    };
    group.on_rank_0(|| {
        let findings = JudgeFindings::new(&sweep, &sweep_options)?;
        let scores = named.iter().zip(&judges).map(|(named, judge)| (named, judge.score_name()));
        let context = context(options, &sweep_options, scores.collect(), started);
        write_judge_outputs(&folder, &sweep, &findings, &sweep_options.bootstrap, context)?;
        print_results(options, &sweep, &findings)
    })?;
    let (policies, dir) = (sweep.policies.len(), printable_path(&options.output_dir));
    output::note!(
        "{policies} policies in {}; results are in {dir}, with report.html",
        format_duration(started.elapsed())
    );
    Ok(())
}

fn load(options: &Options) -> Result<Loaded, Failure> {
    let model_dir = models::folder("--model", options.model.as_deref(), models::BUNDLED_POLICY)?;
    let sft = models::causal_lm(&model_dir, options.runtime.dtype, options.runtime.device()?)?;
    let tokenizer = models::tokenizer(&model_dir, sft.vocab_size())?;
    options.check_length(&tokenizer, sft.max_position_embeddings())?;
    let judges = options.judges.judges.iter().map(|judge| judge.load(&options.runtime, options.batch_size));
    let judges = judges.collect::<Result<_, _>>()?;
    Ok(Loaded { sft: Box::new(sft), tokenizer, judges })
}

fn print_results(options: &Options, sweep: &JudgeSweep, findings: &JudgeFindings) -> Result<(), Failure> {
    let statements = findings.statements(sweep);
    let document = json!({
        "judges": sweep.judges, "policies": policies(&sweep.policies), "findings": findings, "statements": statements,
    });
    options.json.print(&document, || {
        output::println!();
        terminal::print_tables(&[judge_results_table(sweep, findings), hypervolume_table(findings)]);
        statements.iter().for_each(|line| terminal::print_paragraph("- ", "  ", line));
    })
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
    let sweep_options = JudgeSweepOptions {
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
    };
    sweep_options.validate()?;
    Ok(sweep_options)
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
