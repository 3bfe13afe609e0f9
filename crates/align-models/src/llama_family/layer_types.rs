use super::fields::Fields;

/// The sliding window of each block: by `layer_types` if the config has them, or else of the blocks that are `sliding`.
pub(super) fn windows(
    fields: &Fields,
    window: Option<i64>,
    sliding: impl Fn(i64) -> bool,
) -> Result<Vec<Option<i64>>, String> {
    if let Some(window) = window.filter(|window| *window < 1) {
        return Err(format!("sliding_window is {window}, expected at least 1"));
    }
    // The number of blocks is checked before memory is allocated for them.
    let blocks = super::validation::blocks(fields.num_hidden_layers)?;
    let Some(types) = &fields.layer_types else {
        return Ok((0..blocks).map(|block| window.filter(|_| sliding(block))).collect());
    };
    if types.len() as i64 != blocks {
        return Err(format!("layer_types has {} entries, but num_hidden_layers is {blocks}", types.len()));
    }
    let of_type = |(block, name): (usize, &String)| match (name.as_str(), window) {
        ("full_attention", _) => Ok(None),
        ("sliding_attention", Some(window)) => Ok(Some(window)),
        ("sliding_attention", None) => {
            Err(format!("layer_types[{block}] is \"sliding_attention\", but there is no sliding_window: set it"))
        }
        (other, _) => Err(format!(
            "layer_types[{block}] is \"{other}\"; supported are \"full_attention\" and \"sliding_attention\""
        )),
    };
    types.iter().enumerate().map(of_type).collect()
}
