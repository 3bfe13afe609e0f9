use super::Failure;
use align_data::Tokenizer;
use align_models::DistilBert;

/// Class logits of texts, cut to what the model takes.
pub fn logits(
    model: &DistilBert,
    tokenizer: &Tokenizer,
    texts: &[&str],
    batch_size: usize,
) -> Result<Vec<Vec<f32>>, Failure> {
    let positions = model.config().max_position_embeddings as usize;
    let longest = tokenizer.model_max_length().map_or(positions, |most| most.min(positions));
    let ids = tokenizer.encode_batch(texts, true, Some(longest))?;
    Ok(model.classify(&ids, batch_size)?)
}

/// The notebook's reward: minus the logit of class 0, negative sentiment.
pub fn rewards(logits: &[Vec<f32>]) -> Vec<f64> {
    logits.iter().filter_map(|row| row.first()).map(|logit| -f64::from(*logit)).collect()
}
