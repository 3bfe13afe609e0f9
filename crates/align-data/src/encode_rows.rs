//! Tokenisation of prompts with one or more completions.

use crate::{EncodeOptions, EncodeReport, Result, Tokenizer};
use align_base::Progress;
use std::borrow::Cow;

/// A tokenised prompt with `N` completions.
pub(crate) struct EncodedRow<const N: usize> {
    pub prompt_ids: Vec<i64>,
    pub completions: [Vec<i64>; N],
    /// Index of the input row, from 0.
    pub row: usize,
}

/// Rows that are tokenised at a time. This limits the memory for the tokeniser's intermediate results.
const CHUNK_SIZE: usize = 512;

/// Tokenises each prompt, and each prompt with each of its completions as one string, and splits the ids into prompt
/// and completion.
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
    let mut progress = Progress::begin("tokenising", "rows", rows.len());
    for (chunk, part) in rows.chunks(CHUNK_SIZE).enumerate() {
        let mut texts = Vec::with_capacity((N + 1) * part.len());
        for row in part {
            let (prompt, completions) = parts(row);
            let completions = remove_prompt(prompt, completions, options.strip_prompt, &mut report);
            texts.push(Cow::Borrowed(prompt));
            texts.extend(completions.map(|completion| Cow::Owned(full_text(prompt, completion, eos))));
        }
        let mut ids = tokenizer.encode_batch(&texts, true, None)?;
        for (offset, group) in ids.chunks_exact_mut(N + 1).enumerate() {
            if let Some((prompt, sequences)) = group.split_first_mut() {
                tokenizer.strip_suffix_tokens(prompt);
                sequences.iter_mut().for_each(|sequence| tokenizer.dedup_eos(sequence));
                let row = chunk * CHUNK_SIZE + offset;
                encoded.extend(split_prompt(prompt, sequences, row, bos, options.max_length, &mut report));
            }
        }
        progress.advance(part.len());
    }
    // Rows in which prompt and completion share a token are normal, unless a space at the end of the prompt is the reason.
    let spaced = rows.iter().filter(|row| parts(row).0.ends_with(char::is_whitespace)).count();
    if report.merged_boundaries > 0 && spaced > 0 {
        tracing::warn!(
            rows = spaced,
            "prompts end with a space, which forms one token with the completion's first word: remove the space"
        );
    }
    Ok((encoded, report))
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
pub(crate) fn full_text(prompt: &str, completion: &str, eos: &str) -> String {
    let eos = if completion.ends_with(eos) { "" } else { eos };
    [prompt, completion, eos].concat()
}

pub(crate) fn common_prefix(a: &[i64], b: &[i64]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

fn split_prompt<const N: usize>(
    prompt: &[i64],
    sequences: &[Vec<i64>],
    row: usize,
    bos: Option<i64>,
    max_length: Option<usize>,
    report: &mut EncodeReport,
) -> Option<EncodedRow<N>> {
    let shared = sequences.iter().map(|ids| common_prefix(prompt, ids)).min().unwrap_or(0);
    let bos = bos.filter(|bos| shared == 0 || prompt.first() != Some(bos));
    let (bos_len, limit) = (usize::from(bos.is_some()), max_length.unwrap_or(usize::MAX));
    if shared + bos_len >= limit {
        report.dropped_long_prompts.push(row);
        return None;
    }
    // A sequence's first token is never predicted, so without a prompt a completion needs two tokens.
    let min_len = (shared + 1).max(2 - bos_len);
    if sequences.iter().any(|ids| ids.len() < min_len) {
        report.dropped_empty_completions.push(row);
        return None;
    }
    report.merged_boundaries += usize::from(shared < prompt.len());
    report.truncated_sequences += sequences.iter().filter(|ids| ids.len() + bos_len > limit).count();
    let cut = |ids: &[i64]| ids.get(shared..ids.len().min(limit - bos_len)).unwrap_or_default().to_vec();
    if let [chosen, rejected] = sequences {
        report.equal_pairs += usize::from(chosen == rejected);
        report.equal_after_truncation += usize::from(chosen != rejected && cut(chosen) == cut(rejected));
    }
    let mut completions = sequences.iter().map(|ids| cut(ids));
    Some(EncodedRow {
        prompt_ids: bos.into_iter().chain(prompt.iter().take(shared).copied()).collect(),
        completions: std::array::from_fn(|_| completions.next().unwrap_or_default()),
        row,
    })
}
