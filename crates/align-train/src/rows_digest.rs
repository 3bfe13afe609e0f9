use crate::objective::Row;
use align_base::files::Hasher;
use align_data::PairNumber;

/// Digest of all token ids, by row and by role (prompt, chosen, rejected and so on).
pub(crate) fn token_ids_digest<R: Row>(rows: &[R]) -> String {
    digest(rows, |_, _| ())
}

/// Digest of all that training uses of the rows: their token ids, and their masks, labels and numbers.
pub(crate) fn rows_digest<R: Row>(rows: &[R]) -> String {
    digest(rows, |hasher, row| {
        if let Some(mask) = row.loss_mask() {
            hasher.part(b"loss mask").part(&mask.iter().map(|trained| u8::from(*trained)).collect::<Vec<u8>>());
        }
        for number in PairNumber::ALL {
            if let Some(value) = row.numbers().get(number) {
                hasher.part(number.name().as_bytes()).bytes(&value.to_le_bytes());
            }
        }
        let other = row.other_bytes();
        if !other.is_empty() {
            hasher.part(b"other").part(&other);
        }
        if let Some(label) = row.label() {
            hasher.part(b"label").bytes(&label.to_le_bytes());
        }
    })
}

fn digest<R: Row>(rows: &[R], add: impl Fn(&mut Hasher, &R)) -> String {
    let mut hasher = Hasher::new("rows");
    let mut ids = Vec::new();
    for row in rows {
        let prompt = [("prompt", row.prompt_ids())];
        for (role, token_ids) in prompt.into_iter().chain(row.completions()) {
            ids.clear();
            ids.extend(token_ids.iter().flat_map(|id| id.to_le_bytes()));
            // The role distinguishes a desirable completion from an undesirable one.
            hasher.part(role.as_bytes()).part(&ids);
        }
        add(&mut hasher, row);
    }
    hasher.digest()
}
