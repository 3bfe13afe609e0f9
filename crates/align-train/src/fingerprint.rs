//! Short digests by which a resumed run knows its data and its reference again.

use crate::Result;
use align_data::EncodedPair;
use align_models::Parameters;

/// FNV-1a over all token ids and their places.
pub(crate) fn of_pairs(pairs: &[EncodedPair]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut eat = |value: i64| {
        for byte in value.to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for pair in pairs {
        for ids in [&pair.prompt_ids, &pair.chosen_ids, &pair.rejected_ids] {
            eat(ids.len() as i64);
            ids.iter().for_each(|id| eat(*id));
        }
    }
    format!("{hash:016x}")
}

/// The sum of the weights' norms: enough to tell one checkpoint from another, and cheap.
pub(crate) fn of_weights(parameters: &Parameters) -> Result<f64> {
    parameters
        .iter()
        .try_fold(0.0, |sum, (_, tensor)| Ok(sum + tensor.f_to_kind(tch::Kind::Double)?.f_norm()?.f_double_value(&[])?))
}
