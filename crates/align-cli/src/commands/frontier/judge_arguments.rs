//! The options of `align frontier` for several judges.

use crate::judge_columns::Rules;
use crate::named_judge::NamedJudge;
use crate::usage::UsageError;
use align_data::judges::JudgeWeights;
use clap::Args;

/// The options for several judges.
#[derive(Args)]
pub struct JudgeArguments {
    /// A judge with its name, in place of --reward-model; give it at least twice. See align classify --judge for its forms. A policy is
    /// trained on the preferences of each judge alone and on those of each rule, with one loss and one beta.
    #[arg(id = "judge", long, value_name = "NAME=MODEL[:SCORE]", conflicts_with_all = ["reward_model", "score", "betas_for"])]
    pub judges: Vec<NamedJudge>,
    /// With --judge: the weights of the judges, in their order, such as 1,2,1, or by name, such as safe=2 [default: 1 each].
    #[arg(long, value_name = "WEIGHT,..")]
    pub judge_weights: Option<JudgeWeights>,
    /// With --judge: the rules that make preferences of the judges' scores (docs/judges.md has all rules) [default:
    /// weighted-sum:zscore,borda,schulze,maximal-lotteries].
    #[arg(long, value_name = "RULE,..")]
    pub rules: Option<Rules>,
    /// With --judge: average the weights of the judges' policies with multiples of one over this number (rewarded soups); 0 for no
    /// soups [default: 3].
    #[arg(long, value_name = "NUMBER")]
    pub soup_steps: Option<u32>,
}

impl JudgeArguments {
    /// Whether judges are given.
    pub fn are_given(&self) -> bool {
        !self.judges.is_empty()
    }

    /// Refuses options that have no effect without judges.
    pub fn refuse_without_judges(&self) -> Result<(), UsageError> {
        let options = [
            ("--judge-weights", self.judge_weights.is_some()),
            ("--rules", self.rules.is_some()),
            ("--soup-steps", self.soup_steps.is_some()),
        ];
        match options.iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => {
                let problem = format!(
                    "{option} has no effect without --judge: give --judge for each judge, or leave {option} out"
                );
                Err(UsageError::new(problem))
            }
            None => Ok(()),
        }
    }
}
