use crate::{Error, Result, check};
use tch::{Kind, Tensor};

/// The squared distance between the hidden states of two models at each token, divided by the hidden size and averaged over layers:
/// `1/|L| Σ_l ‖h_l - h_l^ref‖² / d`, `(tokens,)`.
///
/// As a penalty it keeps the policy's hidden states near those of a reference model. In distillation the same distance draws a student's hidden
/// states to those of its teacher (FitNets, eq. 3 of arXiv:1412.6550; TinyBERT, eq. 8 of arXiv:1909.10351). It is computed in float32, or
/// float64 for float64.
///
/// * `policy`: the hidden states of each layer, `(tokens, hidden_size)`; differentiable.
/// * `reference`: those of the reference model in the same layers, of the same shapes; constants.
///
/// ```
/// use {align_losses::hidden_distance, tch::Tensor};
/// let policy = [Tensor::from_slice2(&[[1.0f64, 2.0], [0.0, 1.0]]), Tensor::from_slice2(&[[3.0f64, 0.0], [0.0, 0.0]])];
/// let reference = policy.each_ref().map(Tensor::zeros_like);
/// let distance = hidden_distance(&policy, &reference)?;
/// assert_eq!(distance, Tensor::from_slice(&[(5.0f64 / 2.0 + 9.0 / 2.0) / 2.0, (1.0 / 2.0) / 2.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// No layers, layers that only one model has, or shapes or devices that differ.
pub fn hidden_distance(policy: &[Tensor], reference: &[Tensor]) -> Result<Tensor> {
    let both = policy.split_first().zip(reference.split_first());
    let Some(((first, policy), (first_reference, reference))) = both.filter(|_| policy.len() == reference.len()) else {
        return Err(Error::Layers { policy: policy.len(), reference: reference.len() });
    };
    let mut sum = layer_distance(first, first_reference)?;
    for (layer, reference) in policy.iter().zip(reference) {
        sum = sum.f_add(&layer_distance(layer, reference)?)?;
    }
    Ok(sum.f_div_scalar((policy.len() + 1) as f64)?)
}

/// The squared distance in one layer, divided by the hidden size.
fn layer_distance(policy: &Tensor, reference: &Tensor) -> Result<Tensor> {
    check::float("policy", policy)?;
    check::dimensions::<2>("policy", policy, "(tokens, hidden_size)")?;
    check::shape("reference", reference, &policy.size())?;
    check::same_device("reference", reference, policy)?;
    let kind: Kind = check::compute_kind(policy.kind());
    let difference = policy.f_to_kind(kind)?.f_sub(&reference.f_detach()?.f_to_kind(kind)?)?;
    Ok(difference.f_square()?.f_mean_dim([-1i64].as_slice(), false, kind)?)
}
