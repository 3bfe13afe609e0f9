use super::{FORMS, Labels, ProblemType, Score};
use crate::{Error, Result};

/// The score of a model for which none was asked: a single output as it is, or minus the logit of the negative class where there
/// are two labels and the first is the negative one by its name.
///
/// Negative by name are `negative` and `neg` in any case, and `LABEL_0` beside `LABEL_1`, as the hub's old sentiment models have
/// it; of the latter a warning is logged, since such names do not say what they mean.
///
/// # Errors
/// Any other labels: a score must be asked for. The message lists the labels.
pub fn default_score(labels: &Labels) -> Result<Score> {
    let ambiguous = || {
        Err(Error::Score(format!(
            "it must be said what the score is, since the model has the labels {labels}: give one of {FORMS}"
        )))
    };
    match labels.names() {
        [_] => Ok(Score::Scalar),
        _ if labels.problem_type() == Some(ProblemType::Regression) => ambiguous(),
        [first, _] if is_negative(first) => Ok(Score::MinusLogit(labels.name_or_index(0))),
        [first, second] if first == "LABEL_0" && second == "LABEL_1" => {
            tracing::warn!(
                "the model's labels are LABEL_0 and LABEL_1, which do not say what they mean: LABEL_0 is taken for the negative \
                 class, and a text's score is minus its logit; another score can be asked for"
            );
            Ok(Score::MinusLogit(first.clone()))
        }
        _ => ambiguous(),
    }
}

fn is_negative(name: &str) -> bool {
    ["negative", "neg"].iter().any(|negative| name.eq_ignore_ascii_case(negative))
}
