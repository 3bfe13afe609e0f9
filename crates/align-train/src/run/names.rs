/// What the card and messages call the models and rows of a run.
#[derive(Debug)]
pub(super) struct Names {
    pub base_model: String,
    /// Its repository on the hub, where it has one.
    pub base_model_id: Option<String>,
    pub ref_model: Option<String>,
    pub train_data: String,
    pub train_rows: usize,
    /// The held-out rows: what the card calls them, and what messages do.
    pub eval_data: Option<(String, String)>,
}

impl Names {
    pub fn new(base_model: String, base_model_id: Option<String>, ref_model: Option<String>, train_data: &str) -> Self {
        Self { base_model, base_model_id, ref_model, train_data: train_data.to_owned(), train_rows: 0, eval_data: None }
    }
}
