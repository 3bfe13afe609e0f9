/// The names of a run's models and rows, for the model card and for messages.
#[derive(Debug)]
pub(super) struct RunNames {
    pub base_model: String,
    /// The repository of the base model on the hub, if it has one.
    pub base_model_id: Option<String>,
    /// The repository on the hub to which the trained model is uploaded.
    pub hub_model_id: Option<String>,
    pub ref_model: Option<String>,
    pub train_data: String,
    pub train_rows: usize,
    /// The names of the held-out rows on the model card and in messages.
    pub eval_data: Option<(String, String)>,
}

impl RunNames {
    pub fn new(base_model: String, base_model_id: Option<String>, ref_model: Option<String>, train_data: &str) -> Self {
        let train_data = train_data.to_owned();
        Self { base_model, base_model_id, hub_model_id: None, ref_model, train_data, train_rows: 0, eval_data: None }
    }
}
