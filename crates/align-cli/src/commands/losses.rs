//! Lists the losses.
//!
//! ```sh
//! align losses
//! align losses simpo
//! ```

use crate::json_output::JsonOption;
use crate::usage::{UsageError, option_of};
use crate::{Failure, output, terminal};
use align_losses::{LossInfo, LossOption, LossType};
use align_train::{CpoLossType, KtoLossType, nearest_name};
use clap::Args;
use serde_json::json;

/// Lists the losses of align dpo, cpo and kto, or explains those with a name: formula, paper and options.
#[derive(Args)]
pub struct Options {
    /// Loss to explain.
    name: Option<String>,
    #[command(flatten)]
    json: JsonOption,
}

/// The symbols in formulas.
const NOTATION: &str = "y⁺ is the chosen completion, y⁻ the rejected one, n the number of tokens of a completion. \
h = log π(y) − log π_ref(y) is the log-ratio of a completion, h_c and h_r are those of y⁺ and y⁻, m = h_c − h_r is the margin. \
β is --beta, ε is --label-smoothing, σ the logistic function.";

/// Options of align dpo that change every loss but sft.
const VARIANTS: [&str; 3] = ["--ld-alpha", "--use-weighting", "--beta-dpo-alpha"];

/// A loss of a command.
struct Loss {
    command: &'static str,
    name: &'static str,
    info: &'static LossInfo,
}

impl Loss {
    /// The options that only some losses of the command take.
    fn options(&self) -> Vec<String> {
        let options = self.info.options.iter();
        options.map(|option| format!("--{}", option.name().replace('_', "-"))).collect()
    }

    /// Whether the options in [`VARIANTS`] change this loss.
    fn takes_variants(&self) -> bool {
        self.command == "dpo" && self.name != LossType::Sft.name()
    }

    /// The options of this loss alone, and the smoothing of labels if the loss needs it.
    fn own_options(&self, all: &[Self]) -> Vec<String> {
        let takes = |option: &LossOption| {
            all.iter().filter(|other| other.command == self.command && other.info.options.contains(option)).count() == 1
        };
        let own = self.info.options.iter().filter(|option| takes(option));
        own.map(|option| format!("--{}", option.name().replace('_', "-"))).collect()
    }
}

fn losses() -> Vec<Loss> {
    let of = |command, losses: Vec<(&'static str, &'static LossInfo)>| {
        losses.into_iter().map(move |(name, info)| Loss { command, name, info })
    };
    of("dpo", LossType::names_and_info().collect())
        .chain(of("cpo", CpoLossType::names_and_info().collect()))
        .chain(of("kto", KtoLossType::names_and_info().collect()))
        .collect()
}

/// `program` is the program with its subcommands and their options.
pub fn run(options: &Options, program: &clap::Command) -> Result<(), Failure> {
    let all = losses();
    let wanted = options.name.as_ref().map(|name| name.replace('-', "_").to_lowercase());
    let chosen: Vec<&Loss> = all.iter().filter(|loss| wanted.as_ref().is_none_or(|name| loss.name == name)).collect();
    if let (true, Some(name)) = (chosen.is_empty(), &options.name) {
        return Err(unknown(name, &all, program).into());
    }
    let document: Vec<_> = chosen.iter().map(|loss| to_json(loss)).collect();
    options.json.print(&document, || match wanted {
        Some(_) => {
            chosen.iter().for_each(|loss| explain(loss));
            print_wrapped(NOTATION, "");
        }
        None => list(&all),
    })
}

/// The error for a name that no loss has.
fn unknown(name: &str, all: &[Loss], program: &clap::Command) -> UsageError {
    let option = option_of(name, program);
    let hint = option.unwrap_or_else(|| {
        let nearest = nearest_name(&name.replace('-', "_").to_lowercase(), all.iter().map(|loss| loss.name));
        nearest.map_or_else(|| "align losses lists them".to_owned(), |meant| format!("did you mean {meant}?"))
    });
    UsageError::new(format!("there is no loss {name}: {hint}"))
}

fn to_json(loss: &Loss) -> serde_json::Value {
    let info = loss.info;
    json!({
        "command": loss.command,
        "name": loss.name,
        "description": info.help,
        "method": info.method.name,
        "paper": info.method.paper,
        "formula": info.formula,
        "options": loss.options(),
    })
}

fn list(all: &[Loss]) {
    let width = all.iter().map(|loss| loss.name.len()).max().unwrap_or_default();
    for (command, purpose) in [
        ("dpo", "preference pairs, with a reference model"),
        ("cpo", "preference pairs, without a reference model"),
        ("kto", "completions labelled good or bad"),
    ] {
        output::println!("align {command} --loss-type NAME: {purpose}");
        for loss in all.iter().filter(|loss| loss.command == command) {
            let options = loss.own_options(all);
            let options = if options.is_empty() { String::new() } else { format!(" [{}]", options.join(", ")) };
            print_wrapped(&format!("{}{options}", loss.info.help), &format!("  {:width$}  ", loss.name));
        }
        output::println!();
    }
    output::println!("align losses NAME shows the formula, the paper and the options of a loss.");
}

fn explain(loss: &Loss) {
    output::println!("align {} --loss-type {}", loss.command, loss.name);
    let options = loss.options();
    let options = if options.is_empty() { "none of its own".to_owned() } else { options.join(", ") };
    print_wrapped(loss.info.help, "  ");
    print_wrapped(loss.info.formula, "  loss     ");
    print_wrapped(loss.info.method.paper, "  paper    ");
    print_wrapped(&options, "  options  ");
    if loss.takes_variants() {
        print_wrapped(&format!("{}, as with every loss but sft", VARIANTS.join(", ")), "  also     ");
    }
    output::println!();
}

/// Prints text after a label, with continued lines indented by the width of the label.
fn print_wrapped(text: &str, label: &str) {
    let indent = " ".repeat(label.chars().count());
    let options = textwrap::Options::new(terminal::width()).initial_indent(label).subsequent_indent(&indent);
    output::println!("{}", textwrap::fill(text, options.word_splitter(textwrap::WordSplitter::NoHyphenation)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use align_train::{DpoConfig, RunConfig};

    /// The variants are those that a run accepts.
    #[test]
    fn variants_combine_with_every_loss_but_sft() {
        for loss_type in LossType::ALL {
            // Of exo_pair, which needs smoothing.
            let label_smoothing = if loss_type == LossType::ExoPair { 0.1 } else { 0.0 };
            let plain = || DpoConfig { loss_type: vec![loss_type], label_smoothing, ..DpoConfig::default() };
            let loss = Loss { command: "dpo", name: loss_type.name(), info: loss_type.info() };
            assert!(plain().validate().is_ok(), "{loss_type}");
            for changed in [
                DpoConfig { ld_alpha: Some(0.5), ..plain() },
                DpoConfig { use_weighting: true, ..plain() },
                DpoConfig { beta_dpo_alpha: Some(0.6), ..plain() },
            ] {
                assert_eq!(changed.validate().is_ok(), loss.takes_variants(), "{loss_type}: {changed:?}");
            }
        }
    }
}
