use crate::encode_rows::{EncodedRow, encode_rows};
use crate::{EncodeOptions, EncodeReport, Error, PromptedRow, Result, RowParts, Tokenizer};

/// A tokenised text for supervised fine-tuning: the sequence is `prompt_ids + completion_ids`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncodedText {
    /// The prompt's ids; empty if the whole text is trained on.
    pub prompt_ids: Vec<i64>,
    /// The completion's ids; never empty.
    pub completion_ids: Vec<i64>,
    /// Which tokens of the sequence the assistant said, if only these are trained on.
    pub assistant_mask: Option<Vec<bool>>,
    /// Index of the input row, from 0; for packed rows, the index of the packed row.
    pub row: usize,
}

impl EncodedText {
    /// Whether each token of the sequence is trained on: those of the completion if `completion_only`, and of these
    /// those that the assistant said, if the text has a mask for that.
    pub fn trained(&self, completion_only: bool) -> impl Iterator<Item = bool> + '_ {
        let length = self.prompt_ids.len() + self.completion_ids.len();
        let start = if completion_only { self.prompt_ids.len() } else { 0 };
        let said = |place: usize| self.assistant_mask.as_ref().is_none_or(|mask| mask.get(place) == Some(&true));
        (0..length).map(move |place| place >= start && said(place))
    }

    /// The labels of the sequence, as TRL's `SFTTrainer` has them: the ids, and -100 where a token is not trained on.
    pub fn labels(&self, completion_only: bool) -> Vec<i64> {
        let ids = self.prompt_ids.iter().chain(&self.completion_ids);
        ids.zip(self.trained(completion_only)).map(|(id, trained)| if trained { *id } else { IGNORED }).collect()
    }
}

/// The label of a token without loss.
const IGNORED: i64 = -100;

/// Tokenised texts in input order, and a report.
#[derive(Debug, Clone)]
pub struct EncodedTexts {
    /// The texts that were kept.
    pub rows: Vec<EncodedText>,
    /// What was changed or dropped.
    pub report: EncodeReport,
}

/// Tokenises rows of a prompt and a completion as TRL's `SFTTrainer` does, with the rules of
/// [`encode_pairs`](crate::encode_pairs). A text or conversation without a prompt has an empty prompt.
///
/// Rows whose prompt fills `max_length` are dropped, because no completion token is left; TRL keeps them.
///
/// # Errors
/// Those of [`encode_pairs`](crate::encode_pairs). With `assistant_only_loss` also rows of plain texts, and a chat template
/// without `{% generation %}`.
pub fn encode_texts<R: PromptedRow<1>>(
    tokenizer: &Tokenizer,
    rows: &[R],
    options: &EncodeOptions,
) -> Result<EncodedTexts> {
    if options.assistant_only_loss {
        check_generation_marks(tokenizer, rows)?;
    }
    let (encoded, report) = encode_rows(tokenizer, rows, options)?;
    let is_empty = |row: usize| match rows.get(row).map(PromptedRow::parts) {
        Some(RowParts::Plain { prompt, .. }) => prompt.is_empty(),
        Some(RowParts::Conversation { prompt, .. }) => prompt.is_empty(),
        None => false,
    };
    let rows =
        encoded.into_iter().map(|EncodedRow { prompt_ids, completions: [completion_ids], assistant_mask, row }| {
            // The tokeniser's BOS is no prompt.
            let (prompt_ids, completion_ids) = match is_empty(row) {
                true => (Vec::new(), [prompt_ids, completion_ids].concat()),
                false => (prompt_ids, completion_ids),
            };
            EncodedText { prompt_ids, completion_ids, assistant_mask, row }
        });
    Ok(EncodedTexts { rows: rows.collect(), report })
}

/// Checks that the chat template of each row marks what the assistant says.
fn check_generation_marks<R: PromptedRow<1>>(tokenizer: &Tokenizer, rows: &[R]) -> Result<()> {
    let error = |found: &str| Error::Option {
        option: "assistant_only_loss",
        expected: "conversations, and a chat template that marks the assistant's turns with {% generation %}"
            .to_owned(),
        found: found.to_owned(),
    };
    for row in rows {
        let RowParts::Conversation { inputs, .. } = row.parts() else { return Err(error("plain texts: leave it out")) };
        if !tokenizer.chat_template(None, inputs.tools.as_ref())?.marks_generation() {
            return Err(error(
                "a template without it: put {% generation %} and {% endgeneration %} around what the assistant says, or leave it out",
            ));
        }
    }
    Ok(())
}
