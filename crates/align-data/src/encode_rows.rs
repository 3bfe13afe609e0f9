//! Tokenisation of prompts with one or more completions.

use crate::render_row::{RenderedRow, render_row};
use crate::{EncodeOptions, EncodeReport, PromptedRow, Result, RowParts, Tokenizer, TruncationMode};
use align_base::Progress;
use std::borrow::Cow;

/// A tokenised prompt with `N` completions.
pub(crate) struct EncodedRow<const N: usize> {
    pub prompt_ids: Vec<i64>,
    pub completions: [Vec<i64>; N],
    /// Which tokens of the sequence the assistant said, if the options ask for it.
    pub assistant_mask: Option<Vec<bool>>,
    /// Index of the input row, from 0.
    pub row: usize,
}

/// Rows that are tokenised at a time. This limits the memory for the tokeniser's intermediate results.
pub(crate) const CHUNK_SIZE: usize = 512;

/// Tokenises each prompt, and each prompt with each of its completions as one string, and splits the ids into prompt
/// and completion. Conversations are rendered first; no special tokens are added to them.
pub(crate) fn encode_rows<R: PromptedRow<N>, const N: usize>(
    tokenizer: &Tokenizer,
    rows: &[R],
    options: &EncodeOptions,
) -> Result<(Vec<EncodedRow<N>>, EncodeReport)> {
    options.validate()?;
    let mut encoder = RowEncoder::new(tokenizer, rows, options)?;
    let mut encoded = Vec::with_capacity(rows.len());
    // The caller that passes one chunk after the other shows its own progress.
    let mut progress = (rows.len() > CHUNK_SIZE).then(|| Progress::begin("tokenising", "rows", rows.len()));
    for (chunk, part) in rows.chunks(CHUNK_SIZE).enumerate() {
        for (row, ids) in encoder.tokenise(chunk * CHUNK_SIZE, part)? {
            encoded.extend(encoder.split_prompt(ids, row));
        }
        if let Some(progress) = &mut progress {
            progress.advance(part.len());
        }
    }
    let mut report = encoder.report;
    // Rows in which prompt and completion share a token are normal, unless a space at the end of the prompt is the reason.
    let ends_with_space = |row: &&R| match row.parts() {
        RowParts::Plain { prompt, .. } => prompt.ends_with(char::is_whitespace),
        RowParts::Conversation { .. } => false,
    };
    report.prompts_ending_in_space = rows.iter().filter(ends_with_space).count();
    options.invalid_rows.check(&report)?;
    Ok((encoded, report))
}

/// The ids of a row: of its prompt, and of the prompt with each completion.
pub(crate) struct RowIds {
    pub prompt: Vec<i64>,
    pub sequences: Vec<Vec<i64>>,
    assistant_mask: Option<Vec<bool>>,
    is_conversation: bool,
}

/// Tokenises rows, and reports what it drops.
pub(crate) struct RowEncoder<'a> {
    tokenizer: &'a Tokenizer,
    options: &'a EncodeOptions,
    eos: &'a str,
    bos: Option<i64>,
    pub report: EncodeReport,
}

impl<'a> RowEncoder<'a> {
    pub fn new<R: PromptedRow<N>, const N: usize>(
        tokenizer: &'a Tokenizer,
        rows: &[R],
        options: &'a EncodeOptions,
    ) -> Result<Self> {
        // A conversation ends as its template ends it, and begins as its template begins it.
        let has_texts = rows.is_empty() || rows.iter().any(|row| matches!(row.parts(), RowParts::Plain { .. }));
        let eos = if has_texts { options.eos(tokenizer)? } else { "" };
        let bos = if has_texts { options.bos(tokenizer)? } else { None };
        let report = EncodeReport { rows: rows.len(), ..EncodeReport::default() };
        Ok(Self { tokenizer, options, eos, bos, report })
    }

    /// The ids of these rows, of which the first is number `first`. Rows that the template refuses are left out.
    pub fn tokenise<R: PromptedRow<N>, const N: usize>(
        &mut self,
        first: usize,
        rows: &[R],
    ) -> Result<Vec<(usize, RowIds)>> {
        let (mut plain, mut plain_rows, mut all) = (Vec::new(), Vec::new(), Vec::new());
        let (mut rendered, mut rendered_rows) = (Vec::new(), Vec::new());
        for (row, parts) in rows.iter().enumerate().map(|(place, row)| (first + place, row.parts())) {
            match parts {
                RowParts::Plain { prompt, completions } => {
                    let completions = remove_prompt(prompt, completions, self.options.strip_prompt, &mut self.report);
                    plain.push(Cow::Borrowed(prompt));
                    plain.extend(completions.map(|completion| Cow::Owned(full_text(prompt, completion, self.eos))));
                    plain_rows.push(row);
                }
                RowParts::Conversation { prompt, completions, inputs } => {
                    match render_row(self.tokenizer, prompt, completions, inputs)? {
                        Err(reason) => self.report.refuse(row, reason),
                        Ok(chats) if self.options.assistant_only_loss => all.push((row, self.with_mask(chats)?)),
                        Ok(RenderedRow { prompt, sequences }) => {
                            rendered.push(prompt);
                            rendered.extend(sequences.map(|chat| chat.text));
                            rendered_rows.push(row);
                        }
                    }
                }
            }
        }
        let ids = self.tokenizer.encode_batch(&plain, true, None)?;
        all.extend(plain_rows.into_iter().zip(ids.chunks_exact(N + 1).filter_map(|ids| self.plain_ids(ids))));
        let ids = self.tokenizer.encode_batch(&rendered, false, None)?;
        all.extend(rendered_rows.into_iter().zip(ids.chunks_exact(N + 1).filter_map(chat_ids)));
        all.sort_by_key(|(row, _)| *row);
        Ok(all)
    }

    /// Removes what the tokeniser added after the prompt, and the EOS that it added to a text that had one.
    fn plain_ids(&self, ids: &[Vec<i64>]) -> Option<RowIds> {
        let (prompt, sequences) = ids.split_first()?;
        let (mut prompt, mut sequences) = (prompt.clone(), sequences.to_vec());
        self.tokenizer.strip_suffix_tokens(&mut prompt);
        sequences.iter_mut().for_each(|sequence| self.tokenizer.dedup_eos(sequence));
        Some(RowIds { prompt, sequences, assistant_mask: None, is_conversation: false })
    }

    fn with_mask<const N: usize>(&self, row: RenderedRow<N>) -> Result<RowIds> {
        let prompt = self.tokenizer.encode(&row.prompt, false)?;
        let chats = row.sequences.iter().map(|chat| self.tokenizer.encode_chat(chat)).collect::<Result<Vec<_>>>()?;
        let mut assistant_mask = None;
        let sequences = chats.into_iter().map(|chat| {
            assistant_mask = Some(chat.assistant_mask);
            chat.ids
        });
        Ok(RowIds { prompt, sequences: sequences.collect(), assistant_mask, is_conversation: true })
    }

    fn split_prompt<const N: usize>(&mut self, ids: RowIds, row: usize) -> Option<EncodedRow<N>> {
        let RowIds { prompt, sequences, assistant_mask, is_conversation } = ids;
        let report = &mut self.report;
        let shared = sequences.iter().map(|ids| common_prefix(&prompt, ids)).min().unwrap_or(0);
        let bos = self.bos.filter(|bos| !is_conversation && (shared == 0 || prompt.first() != Some(bos)));
        let (bos_len, limit) = (usize::from(bos.is_some()), self.options.max_length.unwrap_or(usize::MAX));
        let kept = |ids: &[i64]| self.options.truncation_mode.kept(ids.len(), limit - bos_len);
        if shared + bos_len >= limit && self.options.truncation_mode == TruncationMode::KeepStart {
            report.dropped_long_prompts.push(row);
            return None;
        }
        // A sequence's first token is never predicted, so without a prompt a completion needs two tokens.
        let min_len = (shared + 1).max(2 - bos_len);
        if sequences.iter().any(|ids| ids.len() < min_len) {
            report.dropped_empty_completions.push(row);
            return None;
        }
        if let [chosen, rejected] = sequences.as_slice()
            && chosen == rejected
        {
            if self.options.drops_equal_pairs() {
                report.dropped_equal_pairs.push(row);
                return None;
            }
            report.equal_pairs.push(row);
        }
        let assistant_mask = assistant_mask.map(|mask| {
            let kept = kept(sequences.first().map_or(&[], Vec::as_slice));
            mask.get(kept).unwrap_or_default().to_vec()
        });
        if assistant_mask.as_ref().is_some_and(|mask| !mask.iter().skip(1).any(|said| *said)) {
            report.dropped_without_assistant.push(row);
            return None;
        }
        report.merged_boundaries += usize::from(shared < prompt.len());
        report.truncated_sequences += sequences.iter().filter(|ids| ids.len() + bos_len > limit).count();
        let cut = |ids: &[i64]| {
            let kept = kept(ids);
            ids.get(shared.max(kept.start)..kept.end).unwrap_or_default().to_vec()
        };
        if let [chosen, rejected] = sequences.as_slice() {
            report.equal_after_truncation += usize::from(chosen != rejected && cut(chosen) == cut(rejected));
        }
        let prompt_start = sequences.first().map_or(0, |ids| kept(ids).start).min(shared);
        let prompt_ids = prompt.get(prompt_start..shared).unwrap_or_default();
        let mut completions = sequences.iter().map(|ids| cut(ids));
        Some(EncodedRow {
            prompt_ids: bos.into_iter().chain(prompt_ids.iter().copied()).collect(),
            completions: std::array::from_fn(|_| completions.next().unwrap_or_default()),
            assistant_mask,
            row,
        })
    }
}

fn chat_ids(ids: &[Vec<i64>]) -> Option<RowIds> {
    let (prompt, sequences) = ids.split_first()?;
    Some(RowIds { prompt: prompt.clone(), sequences: sequences.to_vec(), assistant_mask: None, is_conversation: true })
}

/// Removes the prompt from the completions if all of them begin with it.
fn remove_prompt<'a, const N: usize>(
    prompt: &str,
    completions: [&'a str; N],
    strip_prompt: bool,
    report: &mut EncodeReport,
) -> [&'a str; N] {
    if !strip_prompt || prompt.is_empty() || !completions.iter().all(|completion| completion.starts_with(prompt)) {
        return completions;
    }
    report.prompt_stripped += 1;
    completions.map(|completion| completion.strip_prefix(prompt).unwrap_or(completion))
}

/// Concatenates prompt, completion and EOS. EOS is not added if the completion already ends with it.
fn full_text(prompt: &str, completion: &str, eos: &str) -> String {
    let eos = if completion.ends_with(eos) { "" } else { eos };
    [prompt, completion, eos].concat()
}

pub(crate) fn common_prefix(a: &[i64], b: &[i64]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}
