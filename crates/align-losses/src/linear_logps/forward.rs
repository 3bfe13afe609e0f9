use super::chunk::{self, TokenStatistics};
use super::linear_head::LinearHead;
use super::options::{LinearLogpsOptions, chunks};
use super::saved::LinearLogps;
use crate::{Error, Result, check};
use tch::Tensor;

pub(super) fn forward(
    hidden: &Tensor,
    head: LinearHead,
    targets: &Tensor,
    options: &LinearLogpsOptions,
) -> Result<(LinearLogps, Option<TokenStatistics>)> {
    let weight = head.weight;
    let (n, vocab) = check_inputs(hidden, head, targets, options)?;
    let (kind, device) = (check::compute_kind(hidden.kind()), hidden.device());
    let bytes = i128::from(n) * i128::from(vocab) * kind.elt_size_in_bytes() as i128;
    let keep = bytes <= options.keep_logits_bytes as i128;
    let longest = n.min(options.chunk_rows);
    let buffer = |rows, kind| Tensor::f_empty([rows, vocab], (kind, device));
    let logits = buffer(if keep { n } else { longest }, kind)?;
    let exponentials = (keep || options.statistics).then(|| buffer(longest, kind)).transpose()?;
    let narrow = (hidden.kind() != kind).then(|| buffer(longest, hidden.kind())).transpose()?;

    let column_targets = targets.f_unsqueeze(-1)?;
    let (mut logps, mut log_normaliser, mut largest) = (Vec::new(), Vec::new(), Vec::new());
    let (mut entropy, mut correct, mut mean_logit) = (Vec::new(), Vec::new(), Vec::new());
    let mut log_sum_sq_probs = Vec::new();
    for (start, len) in chunks(n, options.chunk_rows) {
        let part = |x: &Tensor| x.f_narrow(0, start, len);
        let mut scores = logits.f_narrow(0, if keep { start } else { 0 }, len)?;
        chunk::logits_into(&mut scores, narrow.as_ref(), &part(hidden)?, head)?;
        // Logits that are not needed again can be overwritten by their exponentials.
        let mut exponentials = exponentials.as_ref().unwrap_or(&logits).f_narrow(0, 0, len)?;
        let found = chunk::logps_of(&mut scores, &mut exponentials, &part(&column_targets)?, options)?;
        logps.push(found.logps);
        log_normaliser.push(if keep { found.log_total } else { found.log_total.f_add(&found.largest)? });
        largest.push(found.largest);
        if let Some(statistics) = found.statistics {
            entropy.push(statistics.entropy);
            correct.push(statistics.correct);
            mean_logit.push(statistics.mean_logit);
            log_sum_sq_probs.extend(statistics.log_sum_sq_probs);
        }
    }
    let concat = |columns: &[Tensor]| chunk::concat(columns, kind, device);
    let column = |columns: &[Tensor]| Result::Ok(concat(columns)?.f_unsqueeze(-1)?);
    let statistics = match options.statistics {
        false => None,
        true => Some(TokenStatistics {
            entropy: concat(&entropy)?,
            correct: concat(&correct)?,
            mean_logit: concat(&mean_logit)?,
            log_sum_sq_probs: options.log_sum_sq_probs.then(|| concat(&log_sum_sq_probs)).transpose()?,
        }),
    };
    let linear = LinearLogps {
        hidden: hidden.shallow_clone(),
        weight: weight.shallow_clone(),
        softcap: head.softcap,
        largest: (head.softcap.is_some() && keep).then(|| column(&largest)).transpose()?,
        targets: targets.shallow_clone(),
        logps: concat(&logps)?,
        log_normaliser: column(&log_normaliser)?,
        kept: keep.then_some(logits),
        chunk_rows: options.chunk_rows,
    };
    Ok((linear, statistics))
}

/// Checks the inputs, and returns the number of tokens and the size of the vocabulary.
fn check_inputs(
    hidden: &Tensor,
    LinearHead { weight, softcap }: LinearHead,
    targets: &Tensor,
    options: &LinearLogpsOptions,
) -> Result<(i64, i64)> {
    check::float("hidden", hidden)?;
    let [n, d] = check::dimensions("hidden", hidden, "(n, d)")?;
    let [vocab, _] = check::dimensions("weight", weight, "(vocab, d)")?;
    check::shape("weight", weight, &[vocab, d])?;
    check::kind("weight", weight, hidden.kind())?;
    check::same_device("weight", weight, hidden)?;
    check::shape("targets", targets, &[n])?;
    check::same_device("targets", targets, hidden)?;
    check::token_ids("targets", targets, vocab)?;
    if let Some(found) = softcap.filter(|cap| !(*cap > 0.0 && cap.is_finite())) {
        return Err(Error::Hyperparameter { name: "softcap", expected: "a positive number", found });
    }
    if options.chunk_rows < 1 {
        let found = options.chunk_rows as f64;
        return Err(Error::Hyperparameter { name: "chunk_rows", expected: "at least 1", found });
    }
    if options.log_sum_sq_probs && !options.statistics {
        return Err(Error::StatisticsDisabled);
    }
    Ok((n, vocab))
}
