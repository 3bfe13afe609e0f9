use crate::objective::Row;
use align_base::files::Hasher;

/// Digest of all token ids and their places.
pub(crate) fn rows_digest<R: Row>(rows: &[R]) -> String {
    let mut hasher = Hasher::new("rows");
    let mut ids = Vec::new();
    for row in rows {
        let prompt = [("prompt", row.prompt_ids())];
        for (side, of_side) in prompt.into_iter().chain(row.completions()) {
            ids.clear();
            ids.extend(of_side.iter().flat_map(|id| id.to_le_bytes()));
            // What a completion is called tells a liked one from one that was not.
            hasher.part(side.as_bytes()).part(&ids);
        }
        if let Some(label) = row.label() {
            hasher.part(b"label").bytes(&label.to_le_bytes());
        }
    }
    hasher.digest()
}
