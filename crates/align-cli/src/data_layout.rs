//! Which data a file holds, by the names of its columns: a command that needs other data names the command for these.

/// Kinds of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    LabelledCompletions,
    Pairs,
    ScoredTexts,
    LikedTexts,
    LabelledTexts,
    Completions,
    Conversations,
    Texts,
}
use Layout::{Completions, Conversations, LabelledCompletions, LabelledTexts, LikedTexts, Pairs, ScoredTexts, Texts};

/// Columns of each kind. The first kind of which a file has all columns is that of the file.
const COLUMNS: [(Layout, &[&str]); 15] = [
    (Pairs, &["chosen", "rejected"]),
    (LabelledCompletions, &["completion", "label"]),
    (LabelledCompletions, &["messages", "label"]),
    (LabelledCompletions, &["conversations", "label"]),
    (LabelledCompletions, &["kto_tag"]),
    (ScoredTexts, &["text", "score"]),
    (LikedTexts, &["text", "likes"]),
    (LikedTexts, &["human_ref_A", "human_ref_B"]),
    (LikedTexts, &["body", "score"]),
    (LabelledTexts, &["text", "label"]),
    (Completions, &["prompt", "completion"]),
    (Completions, &["instruction", "output"]),
    (Conversations, &["messages"]),
    (Conversations, &["conversations"]),
    (Texts, &["text"]),
];

impl Layout {
    /// What a file with these columns holds, if that is known.
    pub fn of(columns: &[String]) -> Option<Self> {
        let has = |name: &&str| columns.iter().any(|column| column == name);
        COLUMNS.iter().find(|(_, names)| names.iter().all(&has)).map(|(layout, _)| *layout)
    }

    /// What to do with such a file, for a command that reads `others`: the command that reads it, or columns that make it fit.
    pub fn advice(self, others: &[Self], columns: &[String]) -> String {
        let uses = match self {
            LabelledCompletions => "labelled completions, which align kto trains on",
            Pairs => "preference pairs, which align dpo, align cpo, align kto and align reward train on",
            ScoredTexts => "scored texts, from which align pair makes preference pairs",
            LikedTexts => "texts with likes, from which align pair --likes makes preference pairs",
            LabelledTexts => "labelled texts, which align train-classifier trains on",
            Completions => "completions, which align sft trains on",
            Conversations => "conversations, which align sft trains on and align generate --messages answers",
            Texts => "texts, which align sft trains on and align classify scores",
        };
        let own = self.own_columns(others, columns);
        format!("the file seems to hold {uses}{}", own.map(|own| format!("; {own}")).unwrap_or_default())
    }

    /// How the command itself can read the file.
    fn own_columns(self, others: &[Self], columns: &[String]) -> Option<&'static str> {
        let has = |name: &str| columns.iter().any(|column| column == name);
        let has_prompt = has("prompt");
        // Prompt, text, and two columns that may be scores.
        let may_be_judged = has_prompt && has("text") && columns.len() >= 4;
        match self {
            Texts if others.contains(&ScoredTexts) && may_be_judged => Some(
                "if it has a column of scores for each of several judges, give --aggregate RULE --judges COLUMN,COLUMN",
            ),
            Pairs if others.contains(&Completions) && has_prompt => {
                Some("--columns completion=chosen takes the chosen sides as completions")
            }
            Pairs if others.contains(&Conversations) => Some(
                "--columns text=chosen takes the chosen sides as texts, --columns messages=chosen as conversations",
            ),
            Completions | LabelledCompletions if others.contains(&Texts) => {
                Some("--columns text=completion takes the completions as texts")
            }
            Conversations if others.contains(&Texts) => {
                Some("texts are expected here: write what the assistant says to a column text")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_decide_what_a_file_holds() {
        let of = |names: &[&str]| Layout::of(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["id", "prompt", "completion", "label"]), Some(LabelledCompletions));
        assert_eq!(of(&["prompt", "chosen", "rejected", "label"]), Some(Pairs));
        assert_eq!(of(&["text", "label"]), Some(LabelledTexts));
        assert_eq!(of(&["history", "human_ref_A", "human_ref_B", "labels"]), Some(LikedTexts));
        assert_eq!(of(&["messages"]), Some(Conversations));
        assert_eq!(of(&["question", "answer"]), None);
    }

    #[test]
    fn several_columns_of_scores_need_a_rule() {
        let advice = |names: &[&str]| {
            Texts.advice(&[ScoredTexts], &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert!(
            advice(&["prompt", "text", "helpful", "safe"]).ends_with("give --aggregate RULE --judges COLUMN,COLUMN")
        );
        assert!(advice(&["prompt", "text"]).ends_with("align classify scores"));
    }
}
