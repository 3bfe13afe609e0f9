//! Errors of the libraries name the fields of their configs: `max_steps`. On the command line these are options: --max-steps.

use crate::processes::is_of_other_process;
use crate::usage::UsageError;
use crate::{Failure, wrong_options};
use align_models::generation::GenerationError;

/// The options of a command.
#[derive(Default)]
pub struct Options {
    /// The names of the fields, and whether the option may be given without a value.
    known: Vec<(String, bool)>,
}

impl Options {
    /// The options of `command`.
    pub fn of(command: &clap::Command) -> Self {
        let known = command.get_arguments().map(|option| {
            let needs_value = option.get_action().takes_values()
                && option.get_num_args().is_none_or(|number| number.min_values() > 0);
            (option.get_id().to_string(), !needs_value)
        });
        Self { known: known.collect() }
    }

    /// Replaces the fields in an error about options by the options.
    pub fn name_in(&self, failure: Failure) -> Failure {
        // Other errors of models are about the fields of files.
        let is_about_options = match (failure.downcast_ref(), failure.downcast_ref()) {
            (Some(align_train::Error::Model(model)), _) | (_, Some(model)) => {
                matches!(model, align_models::Error::Generation(_) | align_models::Error::LoraOption { .. })
            }
            (Some(_), _) => true,
            _ => false,
        } || failure.is::<GenerationError>()
            || failure.is::<align_losses::Error>()
            || failure.is::<align_data::Error>()
            || failure.is::<align_inference::Error>()
            || failure.is::<align_frontier::Error>()
            || failure.is::<align_metrics::Error>();
        let begins_with_option = failure.is::<align_losses::Error>()
            || matches!(failure.downcast_ref(), Some(align_train::Error::Loss(_)))
            || matches!(failure.downcast_ref(), Some(align_metrics::Error::Option { .. }))
            || matches!(failure.downcast_ref(), Some(align_frontier::Error::Option { .. }));
        if !is_about_options || failure.source().is_some() || is_of_other_process(&failure) {
            return failure;
        }
        let text = match begins_with_option {
            // The message begins with the field.
            true => self.rewrite(&format!("option {failure}")).trim_start_matches("option ").to_owned(),
            false => self.rewrite(&self.name_overwrite(&failure.to_string())),
        };
        if wrong_options::is_cause(&failure) { UsageError::new(text).into() } else { text.into() }
    }

    /// Replaces "allow overwriting" by the option that does so.
    fn name_overwrite(&self, message: &str) -> String {
        let option = if self.find("overwrite").is_some() { " or give --overwrite" } else { "" };
        message.replace(" or allow overwriting", option)
    }

    /// The option of a field. The fields of a LoRA config lack the prefix of their options.
    fn find(&self, field: &str) -> Option<&(String, bool)> {
        let with_prefix = |known: &str| known.strip_prefix("lora_") == Some(field);
        let exact = self.known.iter().find(|(known, _)| known == field);
        exact.or_else(|| self.known.iter().find(|(known, _)| with_prefix(known)))
    }

    /// Rewrites each name that contains an underscore, is in backticks, or follows the word "option".
    fn rewrite(&self, message: &str) -> String {
        let mut rewritten = String::with_capacity(message.len());
        let mut rest = message;
        while let Some(start) = rest.find(is_name) {
            let (before, from_name) = rest.split_at(start);
            let (name, after) = from_name.split_at(from_name.find(|c| !is_name(c)).unwrap_or(from_name.len()));
            rewritten.push_str(before);
            let known = self.find(name).filter(|_| is_alone(&rewritten, after));
            let quoted = rewritten.ends_with('`') && after.starts_with('`');
            let named = rewritten.ends_with("option ");
            rest = after;
            match known {
                Some((known, is_flag)) if name.contains('_') || quoted || named => {
                    rest = if quoted { &after[1..] } else { after };
                    rewritten.truncate(rewritten.len() - usize::from(quoted));
                    if named {
                        rewritten.truncate(rewritten.len() - "option ".len());
                    }
                    if *is_flag && rewritten.ends_with("set ") {
                        rewritten.truncate(rewritten.len() - "set ".len());
                        rewritten.push_str("add ");
                    }
                    rewritten.push_str("--");
                    rewritten.push_str(&known.replace('_', "-"));
                }
                _ => rewritten.push_str(name),
            }
        }
        rewritten + rest
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a name is a word of its own, and not part of a path, a quoted text or a longer name.
fn is_alone(before: &str, after: &str) -> bool {
    let part_of_more = ['/', '\\', '.', '"', '\'', '-'];
    let follows =
        after.strip_prefix('.').map_or(after, |rest| if rest.is_empty() || rest.starts_with(' ') { "" } else { "." });
    !before.ends_with(part_of_more) && !follows.starts_with(part_of_more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, ArgAction, Command};

    #[test]
    fn fields_become_options_and_other_words_stay() {
        let options = Options::of(
            &Command::new("dpo")
                .arg(Arg::new("max_steps").long("max-steps"))
                .arg(Arg::new("loss_type").long("loss-type"))
                .arg(Arg::new("beta").long("beta"))
                .arg(Arg::new("do_sample").long("do-sample").action(ArgAction::SetTrue)),
        );
        for (message, expected) in [
            ("option max_steps is 0, expected 1", "--max-steps is 0, expected 1"),
            ("option beta is -1: beta is above 0", "--beta is -1: beta is above 0"),
            ("use loss_type dpop.", "use --loss-type dpop."),
            ("`beta` has no effect: set `do_sample`", "--beta has no effect: add --do-sample"),
            ("runs/max_steps/a.csv: no max_steps", "runs/max_steps/a.csv: no --max-steps"),
            ("column \"max_steps\", max_steps.csv", "column \"max_steps\", max_steps.csv"),
            ("other_name, β", "other_name, β"),
        ] {
            assert_eq!(options.rewrite(message), expected);
        }
    }
}
