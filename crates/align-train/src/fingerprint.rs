//! Short digests by which a resumed run knows its data and its reference again.

use crate::Result;
use crate::objective::Row;
use align_models::Parameters;

/// FNV-1a over all token ids and their places.
pub(crate) fn of_rows<R: Row>(rows: &[R]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut eat = |value: i64| {
        for byte in value.to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for row in rows {
        let prompt = [("prompt", row.prompt_ids())];
        for (side, ids) in prompt.into_iter().chain(row.completions()) {
            // What a completion is called tells a liked one from one that was not.
            side.bytes().for_each(|byte| eat(i64::from(byte)));
            eat(ids.len() as i64);
            ids.iter().for_each(|id| eat(*id));
        }
        row.label().into_iter().for_each(&mut eat);
    }
    format!("{hash:016x}")
}

/// The sum of the weights' norms: enough to tell one checkpoint from another, and cheap.
pub(crate) fn of_weights(parameters: &Parameters) -> Result<f64> {
    parameters
        .iter()
        .try_fold(0.0, |sum, (_, tensor)| Ok(sum + tensor.f_to_kind(tch::Kind::Double)?.f_norm()?.f_double_value(&[])?))
}
