use super::chunk;
use super::linear_head::LinearHead;
use super::options::chunks;
use super::saved::{LinearLogps, LogpsGradient};
use crate::{Result, check};
use tch::Tensor;

/// Computes the gradient of the hidden states, and adds that of the projection to `weight_gradient`. Overwrites kept logits.
pub(super) fn backward(
    saved: &LinearLogps,
    gradient: &Tensor,
    mut weight_gradient: Option<&mut Tensor>,
) -> Result<LogpsGradient> {
    let [n] = check::dimensions("logps", &saved.logps, "(n,)")?;
    check::shape("gradient", gradient, &[n])?;
    check::kind("gradient", gradient, saved.logps.kind())?;
    check::same_device("gradient", gradient, &saved.logps)?;
    let rows = gradient.f_nonzero()?.f_view([-1])?;
    let count = rows.size1()?;
    let all = count == n;
    let pick = |x: &Tensor| {
        if all { Ok(x.shallow_clone()) } else { x.f_index_select(0, &rows) }
    };
    let (hidden, targets) = (pick(&saved.hidden)?, pick(&saved.targets)?.f_unsqueeze(-1)?);
    let (gradient, log_normaliser) = (pick(gradient)?.f_unsqueeze(-1)?, pick(&saved.log_normaliser)?);

    let (vocab, kind, device) = (saved.weight.size2()?.0, saved.logps.kind(), saved.logps.device());
    let longest = count.min(saved.chunk_rows);
    let buffer = |rows, kind| Tensor::f_empty([rows, vocab], (kind, device));
    let narrow = (hidden.kind() != kind).then(|| buffer(longest, hidden.kind())).transpose()?;
    let scratch = buffer(if saved.kept.is_some() { 0 } else { longest }, kind)?;
    let hidden_gradient = hidden.f_empty_like()?;
    let head = LinearHead { weight: &saved.weight, softcap: saved.softcap };
    let largest = saved.largest.as_ref().map(pick).transpose()?;
    for (start, len) in chunks(count, saved.chunk_rows) {
        let part = |x: &Tensor| x.f_narrow(0, start, len);
        let states = part(&hidden)?;
        let mut logits = match &saved.kept {
            Some(kept) if all => part(kept)?,
            Some(kept) => kept.f_index_select(0, &part(&rows)?)?,
            None => {
                let mut logits = scratch.f_narrow(0, 0, len)?;
                chunk::logits_into(&mut logits, narrow.as_ref(), &states, head)?;
                logits
            }
        };
        let largest = largest.as_ref().map(part).transpose()?;
        let by_cap = saved.softcap.map(|cap| chunk::softcap_derivative(&logits, largest.as_ref(), cap)).transpose()?;
        chunk::logits_gradient(&mut logits, &part(&log_normaliser)?, &part(&targets)?, &part(&gradient)?)?;
        if let Some(by_cap) = by_cap {
            let _ = logits.f_mul_(&by_cap)?;
        }
        let logits_gradient = match &narrow {
            None => logits,
            Some(narrow) => {
                let mut narrow = narrow.f_narrow(0, 0, len)?;
                narrow.f_copy_(&logits)?;
                narrow
            }
        };
        let _ = logits_gradient.f_mm_out(&part(&hidden_gradient)?, &saved.weight)?;
        if let Some(weight_gradient) = weight_gradient.as_deref_mut() {
            add_product(weight_gradient, &logits_gradient.f_tr()?, &states)?;
        }
    }
    if all {
        return Ok(LogpsGradient { hidden: hidden_gradient });
    }
    Ok(LogpsGradient { hidden: saved.hidden.f_zeros_like()?.f_index_copy(0, &rows, &hidden_gradient)? })
}

/// `sum += left · right`, in the dtype of the sum.
fn add_product(sum: &mut Tensor, left: &Tensor, right: &Tensor) -> Result<()> {
    let _ = if sum.kind() == right.kind() { sum.f_addmm_(left, right)? } else { sum.f_add_(&left.f_mm(right)?)? };
    Ok(())
}
