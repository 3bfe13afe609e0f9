/// The tag of a logged value, as transformers' `TensorBoardCallback` forms it: `eval_loss` is `eval/loss`, and `loss` is `train/loss`.
///
/// ```
/// use align_trackers::tensorboard::tag;
///
/// assert_eq!(tag("rewards/margins"), "train/rewards/margins");
/// assert_eq!(tag("eval_rewards/margins"), "eval/rewards/margins");
/// ```
#[must_use]
pub fn tag(name: &str) -> String {
    for split in ["eval", "test"] {
        if let Some(rest) = name.strip_prefix(split).and_then(|rest| rest.strip_prefix('_')) {
            return format!("{split}/{rest}");
        }
    }
    format!("train/{name}")
}
