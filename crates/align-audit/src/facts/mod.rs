//! What the checks need to know about a row. It is a function of the row alone, so that rows are looked at in parallel.

mod encoding;
pub(crate) mod features;
mod language;
pub(crate) mod special_tokens;
mod template;
mod transcript;

use crate::check::{Check, Faults};
use crate::minhash::{BandKeys, Bins, Dense, Signature};
use crate::row::{Answers, Row, Turn, is_blank};
use crate::text_hash::{of_hashes, of_turns};
use features::Features;
use language::Spoken;
use special_tokens::SpecialTokens;

/// The seeds of the MinHash of each part of a row.
const PROMPT: u64 = 1;
const FIRST_ANSWER: u64 = 2;
const SECOND_ANSWER: u64 = 3;

/// The similarity of a row to others.
pub(crate) struct RowSignature {
    /// The keys of the whole row.
    pub keys: BandKeys,
    pub prompt: Option<Signature>,
    pub answers: Option<Signature>,
}

/// What a row says about its answers.
pub(crate) enum Choice {
    Pair { chosen_chars: usize, rejected_chars: usize, margin: Option<f64>, chosen_was_first: Option<bool> },
    Labelled { chars: usize, label: bool },
    Text,
}

/// A row as the audit adds it up.
pub(crate) struct RowFacts {
    pub faults: Faults,
    /// The hash of all texts of the row.
    pub hash: u64,
    /// The hash that the opposite row would have.
    pub opposite: Option<u64>,
    pub signature: Option<RowSignature>,
    pub prompt: PromptFacts,
    pub language: Option<&'static str>,
    pub choice: Choice,
    /// Set if the row may be part of the sample.
    pub features: Option<Features>,
}

/// What is compared with the held-out rows: the prompt of a row, or all its texts if it has none.
pub(crate) struct PromptFacts {
    pub hash: u64,
    /// Whether there is no text to compare.
    pub is_blank: bool,
    pub dense: Option<Dense>,
}

impl PromptFacts {
    /// Looks at a row.
    pub fn of(row: &Row) -> Self {
        if !is_blank(&row.prompt) {
            let dense = bins(&row.prompt, PROMPT).densified();
            return Self { hash: of_turns(&row.prompt), is_blank: false, dense };
        }
        Self::of_answers(row, answer_bins(row).densified())
    }

    /// The texts of a row without a prompt.
    fn of_answers(row: &Row, dense: Option<Dense>) -> Self {
        let sides = row.sides();
        let is_blank = sides.into_iter().flatten().all(is_blank);
        Self { hash: of_hashes(&sides.map(|side| side.map_or(0, of_turns))), is_blank, dense }
    }
}

/// The MinHash of the answers of a row.
fn answer_bins(row: &Row) -> Bins {
    let [first, second] = row.sides().map(Option::unwrap_or_default);
    bins(first, FIRST_ANSWER).union(&bins(second, SECOND_ANSWER))
}

/// The MinHash of the texts of turns.
fn bins(turns: &[Turn], seed: u64) -> Bins {
    let mut bins = Bins::default();
    turns.iter().for_each(|turn| bins.add_text(&turn.text, seed));
    bins
}

impl RowFacts {
    /// Looks at a row. `with_features` is set for rows that may be part of the sample.
    pub fn of(row: &Row, tokens: &SpecialTokens, with_features: bool) -> Self {
        let mut faults = row.noted;
        row.turns().for_each(|turn| faults.join(encoding::faults(&turn.text)));
        faults.join(template::faults(row, tokens));
        faults.join(token_faults(row));
        let [first, second] = row.sides();
        faults.set(Check::Empty, [first, second].into_iter().flatten().any(is_blank));
        let last_is_blank = row.prompt.last().is_some_and(|turn| turn.text.trim().is_empty());
        faults.set(Check::EmptyPrompt, last_is_blank);
        let spoken = first.and_then(Spoken::of);
        let other = second.and_then(Spoken::of);
        faults.set(Check::MixedLanguages, spoken.zip(other).is_some_and(|(a, b)| a.differs(b)));
        let prompt_hash = of_turns(&row.prompt);
        let sides = [first, second].map(|side| side.map_or(0, of_turns));
        faults.set(Check::Equal, second.is_some() && sides.first() == sides.last());
        let (hash, opposite) = hashes(row, prompt_hash, sides);
        faults.join(score_faults(row));
        let (signature, prompt) = signatures(row, prompt_hash);
        Self {
            faults,
            hash,
            opposite: opposite.filter(|opposite| *opposite != hash),
            signature,
            prompt,
            language: spoken.and_then(Spoken::name),
            choice: choice(row),
            features: with_features.then(|| Features::of(row)),
        }
    }
}

/// The hash of a row and that of the row that contradicts it.
fn hashes(row: &Row, prompt: u64, [first, second]: [u64; 2]) -> (u64, Option<u64>) {
    match &row.answers {
        Answers::Pair { .. } => (of_hashes(&[prompt, first, second]), Some(of_hashes(&[prompt, second, first]))),
        Answers::Labelled { label, .. } => {
            let of = |label: bool| of_hashes(&[prompt, first, u64::from(label) + 2]);
            (of(*label), Some(of(!label)))
        }
        Answers::Text { .. } => (of_hashes(&[prompt, first, 1]), None),
    }
}

fn signatures(row: &Row, prompt_hash: u64) -> (Option<RowSignature>, PromptFacts) {
    let prompt = bins(&row.prompt, PROMPT);
    let answers = answer_bins(row);
    let (dense, dense_answers) = (prompt.densified(), answers.densified());
    let signature = prompt.union(&answers).densified().map(|whole| RowSignature {
        keys: whole.band_keys(),
        prompt: dense.as_ref().map(|dense| dense.signature()),
        answers: dense_answers.as_ref().map(|answers| answers.signature()),
    });
    let facts = match is_blank(&row.prompt) {
        true => PromptFacts::of_answers(row, dense_answers),
        false => PromptFacts { hash: prompt_hash, is_blank: false, dense },
    };
    (signature, facts)
}

fn token_faults(row: &Row) -> Faults {
    let mut faults = Faults::default();
    if let Some(tokens) = row.tokens {
        let no_room = tokens.prompt >= tokens.limit;
        faults.set(Check::NoRoom, no_room);
        faults.set(Check::Cut, !no_room && tokens.longest > tokens.limit);
        faults.set(Check::DoubledBos, tokens.doubled_bos);
    }
    faults
}

fn score_faults(row: &Row) -> Faults {
    let mut faults = Faults::default();
    if let Answers::Pair { scores: Some([chosen, rejected]), .. } = &row.answers {
        faults.set(Check::ScoreOrder, chosen < rejected);
        faults.set(Check::ScoreTies, chosen == rejected);
    }
    faults
}

fn chars(turns: &[Turn]) -> usize {
    turns.iter().map(|turn| turn.text.trim().chars().count()).sum()
}

fn choice(row: &Row) -> Choice {
    match &row.answers {
        Answers::Pair { chosen, rejected, scores, chosen_was_first } => Choice::Pair {
            chosen_chars: chars(chosen),
            rejected_chars: chars(rejected),
            margin: scores.map(|[chosen, rejected]| chosen - rejected),
            chosen_was_first: *chosen_was_first,
        },
        Answers::Labelled { completion, label } => Choice::Labelled { chars: chars(completion), label: *label },
        Answers::Text { .. } => Choice::Text,
    }
}
