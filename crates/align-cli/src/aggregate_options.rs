//! The options of `align pair --aggregate`.

use crate::Failure;
use crate::judge_columns::{JudgesArguments, rule};
use crate::usage::UsageError;
use align_choice::Rule;
use align_data::judges::JudgedPairOptions;
use align_data::pairing::{PairOptions, PairStrategy};
use clap::Args;

/// The options for texts with scores by several judges.
#[derive(Debug, Args)]
pub struct AggregateArguments {
    /// Pair texts by the ranking that a voting rule makes of the scores of several judges, such as schulze, borda, weighted-sum:zscore or
    /// "threshold:safe>=0" (docs/judges.md has all rules). The output has columns chosen_probability and agreement.
    #[arg(long, value_name = "RULE", value_parser = rule)]
    aggregate: Option<Rule>,
    #[command(flatten)]
    pub judges: JudgesArguments,
    /// With --aggregate: keep pairs with which at least this share of the judges agrees, by weight [default: 0].
    #[arg(long)]
    min_agreement: Option<f64>,
    /// With --aggregate: how many judges on each side the prior of chosen_probability counts as: 0.5 (Jeffreys), 1 (Laplace), or 0 for the share
    /// of the judges that agree [default: 0.5].
    #[arg(long)]
    smoothing: Option<f64>,
}

impl AggregateArguments {
    /// The rule, if the input has the scores of several judges.
    pub fn rule(&self) -> Option<&Rule> {
        self.aggregate.as_ref()
    }

    /// Refuses options that have no effect together. `likes` is whether --likes is given.
    pub fn check(&self, likes: bool) -> Result<(), Failure> {
        let [judges, weights] = self.judges.given();
        let own = [
            judges,
            weights,
            ("--min-agreement", self.min_agreement.is_some()),
            ("--smoothing", self.smoothing.is_some()),
        ];
        let first = own.iter().find(|(_, given)| *given).map(|(name, _)| *name);
        let problem = match (&self.aggregate, first) {
            (Some(_), _) if likes => {
                "--aggregate and --likes exclude each other: pairs are made of the scores of judges or of likes"
                    .to_owned()
            }
            (Some(_), _) if !judges.1 => {
                "--aggregate needs the columns with the scores of the judges: give --judges COLUMN,COLUMN".to_owned()
            }
            (None, Some(name)) => {
                format!("{name} has no effect without --aggregate: add --aggregate RULE, or remove {name}")
            }
            _ => return Ok(()),
        };
        Err(UsageError::new(problem).into())
    }

    /// The options of the pairs by a rule. The arguments are the options of `pair` for all kinds of pairs.
    pub fn pairs(
        &self,
        rule: &Rule,
        strategy: PairStrategy,
        pairs_per_prompt: Option<usize>,
        seed: Option<u64>,
    ) -> Result<JudgedPairOptions, Failure> {
        let default = JudgedPairOptions::new(rule.clone());
        let is_drawn = match strategy {
            PairStrategy::Random => true,
            PairStrategy::BestWorst => false,
            PairStrategy::MarginAbove { .. } => pairs_per_prompt.is_some(),
        };
        if seed.is_some() && !is_drawn {
            let problem = "--seed has no effect: no pairs are drawn at random; leave it out, or limit the pairs by --pairs-per-prompt";
            return Err(UsageError::new(problem).into());
        }
        let options = JudgedPairOptions {
            pairing: PairOptions { strategy, pairs_per_prompt, seed: seed.unwrap_or_default() },
            min_agreement: self.min_agreement.unwrap_or(default.min_agreement),
            smoothing: self.smoothing.unwrap_or(default.smoothing),
            ..default
        };
        options.validate()?;
        Ok(options)
    }
}
