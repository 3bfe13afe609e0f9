//! What pairs and single completions have in common on their way to token ids.

use crate::{EncodeOptions, EncodeReport, Result, Tokenizer};
use std::borrow::Cow;

/// A prompt and its `N` completions as token ids.
pub(crate) struct EncodedRow<const N: usize> {
    pub prompt_ids: Vec<i64>,
    pub completions: [Vec<i64>; N],
    /// The row of the input, counted from 0.
    pub row: usize,
}

/// Rows that the tokeniser sees at a time, so that its own records of each text do not pile up.
const CHUNK: usize = 512;

/// Tokenises each prompt, and each prompt with each of its completions, as one string, and splits them where they part.
pub(crate) fn encode_rows<T, const N: usize>(
    tokenizer: &Tokenizer,
    rows: &[T],
    parts: impl Fn(&T) -> (&str, [&str; N]),
    options: &EncodeOptions,
) -> Result<(Vec<EncodedRow<N>>, EncodeReport)> {
    options.validate()?;
    let (eos, bos) = (options.eos(tokenizer)?, options.bos(tokenizer)?);
    let mut report = EncodeReport { rows: rows.len(), ..EncodeReport::default() };
    let mut encoded = Vec::with_capacity(rows.len());
    for (chunk, part) in rows.chunks(CHUNK).enumerate() {
        let mut texts = Vec::with_capacity((N + 1) * part.len());
        for row in part {
            let (prompt, completions) = parts(row);
            let completions = stripped(prompt, completions, options.strip_prompt, &mut report);
            texts.push(Cow::Borrowed(prompt));
            texts.extend(completions.map(|completion| Cow::Owned(sequence(prompt, completion, eos))));
        }
        let mut ids = tokenizer.encode_batch(&texts, true, None)?;
        for (offset, group) in ids.chunks_exact_mut(N + 1).enumerate() {
            if let Some((prompt, sequences)) = group.split_first_mut() {
                tokenizer.without_end(prompt);
                sequences.iter_mut().for_each(|sequence| tokenizer.ended_once(sequence));
                let row = chunk * CHUNK + offset;
                encoded.extend(split(prompt, sequences, row, bos, options.max_length, &mut report));
            }
        }
    }
    if report.merged_boundaries > 0 {
        tracing::warn!(
            rows = report.merged_boundaries,
            "the end of the prompt merges with the completion; end prompts where a token ends"
        );
    }
    Ok((encoded, report))
}

/// The completions without the prompt, where all of them begin with it.
fn stripped<'a, const N: usize>(
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

/// Prompt, completion and EOS as one text; EOS only where the completion does not end with it.
pub(crate) fn sequence(prompt: &str, completion: &str, eos: &str) -> String {
    let eos = if completion.ends_with(eos) { "" } else { eos };
    [prompt, completion, eos].concat()
}

pub(crate) fn common_prefix(a: &[i64], b: &[i64]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

fn split<const N: usize>(
    prompt: &[i64],
    sequences: &[Vec<i64>],
    row: usize,
    bos: Option<i64>,
    max_length: Option<usize>,
    report: &mut EncodeReport,
) -> Option<EncodedRow<N>> {
    let shared = sequences.iter().map(|ids| common_prefix(prompt, ids)).min().unwrap_or(0);
    let head = bos.filter(|bos| shared == 0 || prompt.first() != Some(bos));
    let (before, limit) = (usize::from(head.is_some()), max_length.unwrap_or(usize::MAX));
    if shared + before >= limit {
        report.dropped_long_prompts.push(row);
        return None;
    }
    // A sequence's first token is never predicted, so without a prompt one token of completion is not enough.
    let least = (shared + 1).max(2 - before);
    if sequences.iter().any(|ids| ids.len() < least) {
        report.dropped_empty_completions.push(row);
        return None;
    }
    report.merged_boundaries += usize::from(shared < prompt.len());
    report.truncated_sequences += sequences.iter().filter(|ids| ids.len() + before > limit).count();
    let cut = |ids: &[i64]| ids.get(shared..ids.len().min(limit - before)).unwrap_or_default().to_vec();
    if let [chosen, rejected] = sequences {
        report.equal_pairs += usize::from(chosen == rejected);
        report.equal_when_cut += usize::from(chosen != rejected && cut(chosen) == cut(rejected));
    }
    let mut completions = sequences.iter().map(|ids| cut(ids));
    Some(EncodedRow {
        prompt_ids: head.into_iter().chain(prompt.iter().take(shared).copied()).collect(),
        completions: std::array::from_fn(|_| completions.next().unwrap_or_default()),
        row,
    })
}
