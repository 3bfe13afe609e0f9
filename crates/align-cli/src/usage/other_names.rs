//! Names that options and commands have in TRL, transformers, axolotl and other programs, and what they are called here.

use align_train::nearest_name;
use clap::Command;
use std::fmt;

/// What to type instead of an option.
enum Instead {
    /// The first of these options, with a value if there is one, that the command has.
    Use(&'static [&'static str]),
    /// There is no such option.
    Nothing(&'static str),
}
use Instead::{Nothing, Use};

/// Options by their names elsewhere.
const OPTIONS: &[(&[&str], Instead)] = &[
    (&["lr", "learningrate"], Use(&["--learning-rate"])),
    (
        &["batch-size", "train-batch-size", "micro-batch-size", "per-gpu-train-batch-size", "bs"],
        Use(&["--per-device-train-batch-size", "--batch-size"]),
    ),
    (&["eval-batch-size"], Use(&["--per-device-eval-batch-size"])),
    (&["epochs", "num-epochs", "n-epochs", "epoch"], Use(&["--num-train-epochs"])),
    (&["steps", "num-steps", "train-steps", "max-train-steps"], Use(&["--max-steps"])),
    (
        &["dataset", "datasets", "data", "data-path", "train-data", "train-dataset", "training-file"],
        Use(&["--train-file", "--input", "--prompts"]),
    ),
    (&["dataset-name", "dataset-path"], Use(&["--dataset-name", "--input", "--prompts"])),
    (&["dataset-split", "split", "train-split"], Use(&["--dataset-train-split"])),
    (&["eval-split", "test-split"], Use(&["--dataset-test-split"])),
    (
        &["eval-dataset", "eval-data", "validation-file", "val-file", "test-file", "test-datasets", "dev-file"],
        Use(&["--eval-file"]),
    ),
    (&["train-file", "input-file", "file", "in"], Use(&["--input", "--train-file", "--prompts"])),
    (&["input"], Use(&["--train-file", "--prompts"])),
    (&["prompts-file", "prompt-file"], Use(&["--prompts"])),
    (
        &["model-name-or-path", "model-name", "base-model", "model-path", "model-id", "pretrained-model-name-or-path"],
        Use(&["--model"]),
    ),
    (&["ref-model-name-or-path", "reference-model", "ref"], Use(&["--ref-model"])),
    (&["reward-model-path", "reward-model-name-or-path", "classifier"], Use(&["--reward-model", "--model"])),
    (&["tokenizer-name", "tokenizer-name-or-path", "tokeniser"], Use(&["--tokenizer"])),
    (&["adapter-path", "lora-path", "lora-model-dir", "adapter-name-or-path"], Use(&["--adapter"])),
    (&["output", "out", "out-dir", "save-dir", "output-path"], Use(&["--output-dir", "--output"])),
    (&["output-dir", "output-file", "out-file"], Use(&["--output", "--output-dir"])),
    (
        &["grad-accum", "grad-accum-steps", "gradient-accumulation", "accumulate-grad-batches"],
        Use(&["--gradient-accumulation-steps"]),
    ),
    (&["loss", "loss-fn", "rl", "objective"], Use(&["--loss-type", "--losses"])),
    (&["loss-type"], Use(&["--loss", "--losses"])),
    (&["betas"], Use(&["--beta"])),
    (&["beta", "dpo-beta", "orpo-alpha", "kl-coef"], Use(&["--beta", "--betas"])),
    (
        &["max-seq-length", "max-seq-len", "sequence-len", "cutoff-len", "block-size", "seq-length", "max-len"],
        Use(&["--max-length"]),
    ),
    (&["max-completion-length"], Use(&["--max-new-tokens"])),
    (
        &["max-completion-length"],
        Nothing("completions have no limit of their own; --max-length limits a prompt with its completion"),
    ),
    (&["max-tokens", "num-tokens", "max-new-token"], Use(&["--max-new-tokens", "--max-length"])),
    (&["generate-during-eval", "predict-with-generate"], Use(&["--sample-prompts"])),
    (&["lora-task-type", "task-type"], Nothing("the command decides the task; leave it out")),
    (&["use-dora", "lora-bias"], Nothing("the LoRA options include neither DoRA nor biases; leave it out")),
    (&["model-revision", "revision"], Nothing("a revision follows the name of the model: --model user/name@revision")),
    (&["dataset-text-field"], Nothing("--columns text=COLUMN names the column of the texts")),
    (&["dataset-num-proc", "dataset-batch-size"], Nothing("data are tokenised on all cores; leave it out")),
    (&["dataset-streaming", "streaming"], Nothing("data are read into memory before training; leave it out")),
    (&["remove-unused-columns"], Nothing("columns that a command does not know are not used; leave it out")),
    (&["chat-template-path", "chat-template"], Nothing("put chat_template.jinja into the model's folder")),
    (&["torch-compile"], Nothing("models are not compiled; leave it out")),
    (&["hub-token", "token"], Nothing("set the variable HF_TOKEN instead")),
    (&["disable-tqdm"], Use(&["--quiet"])),
    (&["bf16", "torch-dtype", "precision"], Use(&["--dtype bfloat16"])),
    (&["fp16", "half"], Use(&["--dtype bfloat16"])),
    (&["lora-rank", "lora-dim", "r", "rank"], Use(&["--lora-r"])),
    (&["lora", "peft", "use-lora"], Use(&["--use-peft"])),
    (&["target-modules", "lora-target"], Use(&["--lora-target-modules"])),
    (&["modules-to-save"], Use(&["--lora-modules-to-save"])),
    (&["warmup", "num-warmup-steps"], Use(&["--warmup-steps"])),
    (&["lr-scheduler", "scheduler", "lr-schedule"], Use(&["--lr-scheduler-type"])),
    (&["grad-clip", "max-gradient-norm", "clip-grad-norm"], Use(&["--max-grad-norm"])),
    (&["wd"], Use(&["--weight-decay"])),
    (&["evaluation-strategy", "do-eval"], Use(&["--eval-strategy"])),
    (&["group-by-length"], Use(&["--train-sampling-strategy group_by_length"])),
    (&["sample-packing"], Use(&["--packing"])),
    (&["resume-from-checkpoint", "auto-resume-from-checkpoints", "continue"], Use(&["--resume"])),
    (&["no-cuda", "use-cpu", "cpu"], Use(&["--device cpu"])),
    (&["cuda", "gpu"], Use(&["--device cuda"])),
    (&["tf32"], Use(&["--matmul-precision high"])),
    (&["label-smoothing-factor"], Use(&["--label-smoothing"])),
    (&["simpo-beta"], Use(&["--beta"])),
    (&["rpo-alpha"], Use(&["--loss-type sigmoid,sft"])),
    (&["reference-free"], Nothing("align cpo trains without a reference model")),
    (&["force-use-ref-model"], Use(&["--ref-model"])),
    (&["precompute-ref-log-prob", "precompute-ref-logps"], Use(&["--precompute-ref-log-probs"])),
    (&["hub-repo", "repo", "repo-id", "hub-repo-id"], Use(&["--hub-model-id"])),
    (&["private", "hub-private"], Use(&["--hub-private-repo"])),
    (&["sample", "sampling"], Use(&["--do-sample"])),
    (&["beams", "n-beams", "beam-size"], Use(&["--num-beams"])),
    (&["num-samples", "n", "num-generations", "samples"], Use(&["--texts-per-prompt", "--num-return-sequences"])),
    (&["stop", "stop-sequences"], Use(&["--stop-strings"])),
    (&["force", "f"], Use(&["--overwrite"])),
    (
        &["overwrite-output-dir", "overwrite", "force"],
        Nothing("a run never replaces another one: give another folder with --output-dir"),
    ),
    (&["max-prompt-length"], Nothing("prompts are not truncated; --max-length limits a prompt with its completion")),
    (&["optim", "optimizer", "optimiser"], Nothing("the optimiser is AdamW")),
    (&["tracker", "trackers", "log-with", "use-tensorboard"], Use(&["--report-to"])),
    (&["tensorboard-dir", "log-dir"], Use(&["--logging-dir"])),
    (&["wandb-run-name", "mlflow-run-name"], Use(&["--run-name"])),
    (&["mlflow-tracking-uri"], Nothing("set the variable MLFLOW_TRACKING_URI instead")),
    (&["mlflow-experiment-name"], Nothing("set the variable MLFLOW_EXPERIMENT_NAME instead")),
    (
        &["report-to", "run-name", "logging-dir", "watch", "wandb-project", "wandb"],
        Nothing(
            "training runs are tracked by --report-to tensorboard or mlflow, and write metrics.jsonl and report.html",
        ),
    ),
    (
        &["load-in-4bit", "load-in-8bit", "quantization", "use-qlora"],
        Nothing("models are not quantised; --use-peft and --dtype bfloat16 save memory"),
    ),
    (
        &["deepspeed", "fsdp", "num-processes", "ddp-backend", "local-rank"],
        Nothing("training runs in one process, on the processor or one GPU (--device)"),
    ),
    (
        &["attn-implementation", "flash-attention", "use-flash-attention-2"],
        Nothing("attention uses LibTorch's kernels"),
    ),
    (&["use-liger-kernel", "use-liger-loss", "liger"], Nothing("log-probabilities are computed in chunks already")),
    (&["trust-remote-code"], Nothing("code from the hub is never run")),
    (&["num-workers", "dataloader-num-workers"], Nothing("data are read before training; leave it out")),
    (&["num-threads", "threads"], Nothing("set the variable OMP_NUM_THREADS instead")),
    (&["verbose", "v"], Nothing("set the variable RUST_LOG=info for more messages")),
];

/// Commands by other names.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["train", "training", "fit"], "align dpo, align cpo, align kto or align sft"),
    (&["score", "predict", "rank"], "align classify"),
    (&["eval", "evaluation", "measure"], "align evaluate"),
    (&["finetune", "fine-tune", "pretrain", "lm"], "align sft"),
    (&["slic"], "align cpo --loss-type slic_hf"),
    (&["alphapo"], "align cpo --loss-type simpo --alpha NUMBER"),
    (&["rdpo"], "align dpo --length-alpha NUMBER"),
    (&["apo"], "align dpo --loss-type apo_zero"),
    (&["pairs", "make-pairs"], "align pair"),
    (&["gen", "sample", "infer", "inference", "complete"], "align generate"),
    (&["sweep", "grid", "pareto"], "align frontier"),
    (&["demo", "pipeline"], "align notebook"),
    (&["merge", "merge-lora"], "align merge-adapter"),
    (&["average", "merge-models", "mergekit", "model-soup"], "align soup"),
    (&["push", "upload"], "align push-to-hub"),
    (&["classifier"], "align train-classifier"),
    (&["reward-model", "train-reward-model", "rm", "bradley-terry"], "align reward"),
    (&["cast", "export"], "align convert"),
    (&["logprobs", "log-probs"], "align logps"),
    (&["completion", "complete-shell"], "align completions"),
    (&["loss", "list-losses"], "align losses"),
    (&["version"], "align --version"),
    (&["options", "usage"], "align help"),
];

/// Commands of other programs for which there is none here, and what there is.
const ABSENT_COMMANDS: &[(&[&str], &str)] = &[
    (
        &["ppo", "xpo", "nash-md", "gkd"],
        "use align online-dpo, align grpo or align rloo to train a model on what it generates",
    ),
    (
        &["vllm-serve", "serve", "server"],
        "models are not served; align chat talks with one, and align convert writes GGUF files for servers",
    ),
];

/// Where an unknown name leads.
pub enum Pointer {
    /// To an option of the same command, with a value if there is one: `--dtype bfloat16`.
    Option(&'static str),
    /// To other commands, which have an option with this name.
    Commands(String),
    /// To no option. The text says why.
    Explanation(&'static str),
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(option) => write!(f, "use {option}"),
            Self::Commands(commands) => write!(f, "it is an option of {commands}"),
            Self::Explanation(text) => f.write_str(text),
        }
    }
}

/// What to use instead of an option that `command` does not have. `name` has no leading dashes.
pub fn pointer(name: &str, command: &Command, program: &Command) -> Option<Pointer> {
    let name = name.replace('_', "-").to_lowercase();
    let has = |command: &Command, option: &str| {
        let long = option.split(' ').next().and_then(|option| option.strip_prefix("--"));
        command.get_arguments().any(|known| known.get_long() == long)
    };
    let entries = || OPTIONS.iter().filter(|(names, _)| names.contains(&name.as_str()));
    let own = entries().find_map(|(_, instead)| match instead {
        Use(options) => options.iter().find(|option| has(command, option)).map(|option| Pointer::Option(option)),
        Nothing(_) => None,
    });
    let option = format!("--{name}");
    let others = program.get_subcommands().filter(|other| has(other, &option));
    let others: Vec<String> = others.map(|other| format!("align {}", other.get_name())).collect();
    let elsewhere = (!others.is_empty()).then(|| Pointer::Commands(listed(&others)));
    own.or(elsewhere).or_else(|| {
        entries().find_map(|(_, instead)| match instead {
            Nothing(why) => Some(Pointer::Explanation(why)),
            Use(_) => None,
        })
    })
}

/// What is meant by a name that no command has: another name, a loss, an option, or a misspelt name.
pub fn command(name: &str, program: &Command) -> Option<String> {
    let name = name.replace('_', "-").to_lowercase();
    if let Some((_, instead)) = ABSENT_COMMANDS.iter().find(|(names, _)| names.contains(&name.as_str())) {
        return Some((*instead).to_owned());
    }
    let known = program.get_subcommands().map(Command::get_name);
    let others = COMMANDS.iter().flat_map(|(names, _)| names.iter().copied());
    if !others.clone().any(|other| other == name) {
        let exact = command_of_loss(&name, program).map(|command| format!("use {command}"));
        if let Some(exact) = exact.or_else(|| option_of(&name, program)) {
            return Some(exact);
        }
    }
    let meant = others.clone().find(|other| *other == name).or_else(|| nearest_name(&name, known.chain(others)))?;
    let other = COMMANDS.iter().find(|(names, _)| names.contains(&meant));
    Some(other.map_or_else(|| format!("did you mean align {meant}?"), |(_, command)| format!("use {command}")))
}

/// The command of a loss, `align cpo --loss-type simpo`.
pub fn command_of_loss(name: &str, program: &Command) -> Option<String> {
    let name = name.replace('-', "_").to_lowercase();
    let takes = |command: &&Command| {
        let options = command.get_arguments().filter(|option| option.get_long() == Some("loss-type"));
        options.flat_map(clap::Arg::get_possible_values).any(|loss| loss.get_name() == name)
    };
    let command = program.get_subcommands().find(takes)?;
    Some(format!("align {} --loss-type {name}", command.get_name()))
}

/// Which commands have an option of this name, if any: `--ld-alpha is an option of align dpo, which align dpo --help explains`.
pub fn option_of(name: &str, program: &Command) -> Option<String> {
    let name = name.trim_start_matches('-').replace('_', "-").to_lowercase();
    let has = |command: &&Command| command.get_arguments().any(|option| option.get_long() == Some(&name));
    let commands: Vec<String> =
        program.get_subcommands().filter(has).map(|command| format!("align {}", command.get_name())).collect();
    let (first, several) = (commands.first()?, "several commands, such as align ");
    let all = match commands.len() {
        1..=3 => listed(&commands),
        _ => format!("{several}{}", first.trim_start_matches("align ")),
    };
    Some(format!("--{name} is an option of {all}; {first} --help explains it"))
}

/// `a`, `a and b`, or `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_line;

    /// Every pointer names an option that some command has, and no name is listed for two commands.
    #[test]
    fn pointers_lead_to_options_that_exist() {
        let program = command_line::command();
        let arguments = program.get_subcommands().flat_map(|c| c.get_arguments()).chain(program.get_arguments());
        let options: Vec<&str> = arguments.filter_map(|o| o.get_long()).collect();
        for (names, instead) in OPTIONS {
            let Use(targets) = instead else { continue };
            for target in *targets {
                let long = target.trim_start_matches("--").split(' ').next().unwrap_or_default();
                assert!(options.contains(&long), "{names:?} leads to {target}, which no command has");
            }
        }
        for (names, target) in COMMANDS {
            for name in *names {
                assert!(program.find_subcommand(name).is_none(), "{name} is a command");
            }
            let target = target.split(' ').nth(1).unwrap_or_default().trim_end_matches(',');
            assert!(
                target.starts_with("--") || target == "help" || program.find_subcommand(target).is_some(),
                "{target}"
            );
        }
    }
}
