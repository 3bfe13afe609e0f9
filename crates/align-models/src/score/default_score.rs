use super::{FORMS, Labels, ProblemType, Score};
use crate::{Error, Result};

/// The default score of a model: the only output, or minus the logit of the negative class if there are two labels and the first has the
/// name of a negative class.
///
/// Such names are `negative` and `neg` in any case, and `LABEL_0` together with `LABEL_1`, as in old sentiment models on the hub. For the
/// latter a warning is logged, since these names have no meaning.
///
/// # Errors
/// The model has other labels, so a score must be chosen. The message lists the labels.
pub fn default_score(labels: &Labels) -> Result<Score> {
    let ambiguous = || {
        Err(Error::Score(format!(
            "a score must be chosen, since the model has the labels {labels}: give one of {FORMS}"
        )))
    };
    match labels.names() {
        [_] => Ok(Score::Scalar),
        _ if labels.problem_type() == Some(ProblemType::Regression) => ambiguous(),
        [first, _] if is_negative(first) => Ok(Score::MinusLogit(labels.name_or_index(0))),
        [first, second] if first == "LABEL_0" && second == "LABEL_1" => {
            tracing::warn!(
                "the model's labels are LABEL_0 and LABEL_1, which have no meaning: LABEL_0 is assumed to be the negative class, and the \
                 score of a text is minus its logit; another score can be chosen"
            );
            Ok(Score::MinusLogit(first.clone()))
        }
        _ => ambiguous(),
    }
}

fn is_negative(name: &str) -> bool {
    ["negative", "neg"].iter().any(|negative| name.eq_ignore_ascii_case(negative))
}
