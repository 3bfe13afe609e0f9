use super::LikedText;
use std::collections::HashMap;

/// The rows of each prompt. Prompts are in the order of their first row.
pub(super) fn rows_by_prompt(texts: &[LikedText]) -> Vec<Vec<usize>> {
    let mut index_by_prompt: HashMap<&str, usize> = HashMap::new();
    let mut prompts: Vec<Vec<usize>> = Vec::new();
    for (row, text) in texts.iter().enumerate() {
        let index = *index_by_prompt.entry(&text.prompt).or_insert_with(|| {
            prompts.push(Vec::new());
            prompts.len() - 1
        });
        if let Some(rows) = prompts.get_mut(index) {
            rows.push(row);
        }
    }
    prompts
}
