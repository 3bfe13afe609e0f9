//! Adds up what the checks find, block by block.

mod choices;
mod files;
mod finish;
mod options;

pub use options::{AuditOptions, RAISE_SAMPLE};

use crate::Result;
use crate::check::Check;
use crate::facts::special_tokens::SpecialTokens;
use crate::facts::{PromptFacts, RowFacts};
use crate::held_out::{HeldOut, Shared};
use crate::near::NearIndex;
use crate::prediction::Labelled;
use crate::report::{RowPlace, UnreadableRows};
use crate::row::NumberedRow;
use crate::sample::Sample;
use crate::tally::Tally;
use choices::Choices;
use files::Files;
use std::collections::{BTreeMap, HashMap};

/// An audit of preference data. Rows are given in blocks and not kept: of each row, about 90 bytes stay in memory and 350 in temporary
/// files.
///
/// ```
/// use align_audit::{Audit, AuditOptions, Check, NumberedRow, Row};
///
/// let mut audit = Audit::new(AuditOptions::default())?;
/// audit.begin_held_out_file("test");
/// audit.add_held_out(&[NumberedRow { number: 1, row: Row::pair("Was it fun?", "Yes!", "No.") }])?;
/// audit.begin_file("train");
/// audit.add(&[
///     NumberedRow { number: 1, row: Row::pair("Was it fun?", "It was.", "It was not.") },
///     NumberedRow { number: 2, row: Row::pair("Who was there?", "Everyone.", "Everyone.") },
/// ])?;
/// let report = audit.finish()?;
/// assert_eq!(report.finding(Check::Leakage).map(|finding| finding.count), Some(1));
/// assert_eq!(report.finding(Check::Equal).map(|finding| finding.first_rows[0].place.row), Some(2));
/// # Ok::<(), align_audit::Error>(())
/// ```
pub struct Audit {
    options: AuditOptions,
    tokens: SpecialTokens,
    files: Files,
    held_out_files: Files,
    held_out: HeldOut,
    unreadable_held_out: Option<UnreadableRows>,
    tallies: HashMap<Check, Tally>,
    /// Rows that could be read.
    rows: u64,
    /// Rows whose tokens are known.
    tokenised: u64,
    /// The first row with each hash.
    first_rows: HashMap<u64, u32>,
    near: NearIndex,
    languages: BTreeMap<&'static str, Tally>,
    choices: Choices,
    sample: Sample<Labelled>,
    problem: Option<String>,
}

impl Audit {
    /// Begins an audit.
    ///
    /// # Errors
    /// When temporary files cannot be created.
    pub fn new(options: AuditOptions) -> Result<Self> {
        Ok(Self {
            tokens: SpecialTokens::new(&options.special_tokens, options.has_tokenizer)?,
            files: Files::default(),
            held_out_files: Files::default(),
            held_out: HeldOut::default(),
            unreadable_held_out: None,
            tallies: HashMap::new(),
            rows: 0,
            tokenised: 0,
            first_rows: HashMap::new(),
            near: NearIndex::new()?,
            languages: BTreeMap::new(),
            choices: Choices::new(options.sample, options.seed),
            sample: Sample::new(options.sample, options.seed),
            problem: None,
            options,
        })
    }

    /// Begins a file of held-out rows. All of them come before the rows that are audited.
    pub fn begin_held_out_file(&mut self, name: &str) {
        self.held_out_files.begin(name);
    }

    /// Adds held-out rows. Only their prompts are used; of rows without a prompt, their texts.
    ///
    /// # Errors
    /// When there are more rows than an audit counts.
    pub fn add_held_out(&mut self, rows: &[NumberedRow]) -> Result<()> {
        for NumberedRow { number, row } in rows {
            let index = self.held_out_files.index(*number)?;
            self.held_out.add(index, &PromptFacts::of(row));
        }
        Ok(())
    }

    /// Counts a held-out row that cannot be read, with what is wrong with it.
    ///
    /// # Errors
    /// When there are more rows than an audit counts.
    pub fn add_unreadable_held_out(&mut self, number: usize, problem: &str) -> Result<()> {
        let index = self.held_out_files.index(number)?;
        let (file, row) = self.held_out_files.place(index);
        let problem = || UnreadableRows { rows: 0, first: RowPlace { file, row }, problem: problem.to_owned() };
        self.unreadable_held_out.get_or_insert_with(problem).rows += 1;
        Ok(())
    }

    /// Begins a file.
    pub fn begin_file(&mut self, name: &str) {
        self.files.begin(name);
    }

    /// Counts a row that cannot be read, with what is wrong with it.
    ///
    /// # Errors
    /// When there are more rows than an audit counts.
    pub fn add_unreadable(&mut self, number: usize, problem: &str) -> Result<()> {
        let index = self.files.index(number)?;
        self.tally(Check::Unreadable, index, None);
        self.problem.get_or_insert_with(|| problem.to_owned());
        Ok(())
    }

    /// Adds rows, which are looked at in parallel.
    ///
    /// # Errors
    /// When temporary files cannot be written, or there are more rows than an audit counts.
    pub fn add(&mut self, rows: &[NumberedRow]) -> Result<()> {
        let indices = rows.iter().map(|row| self.files.index(row.number)).collect::<Result<Vec<u32>>>()?;
        let numbered: Vec<(u32, &NumberedRow)> = indices.into_iter().zip(rows).collect();
        for (index, row, facts, shared) in self.look_at(&numbered) {
            self.add_row(index, row, facts, shared)?;
        }
        Ok(())
    }

    /// The facts of rows, in their order.
    fn look_at<'a>(&self, rows: &[(u32, &'a NumberedRow)]) -> Vec<(u32, &'a NumberedRow, RowFacts, Option<Shared>)> {
        let part = |rows: &[(u32, &'a NumberedRow)]| -> Vec<_> {
            let look = |&(index, row): &(u32, &'a NumberedRow)| {
                let facts = RowFacts::of(&row.row, &self.tokens, self.sample.takes(index));
                let shared = self.held_out.find(&facts.prompt);
                (index, row, facts, shared)
            };
            rows.iter().map(look).collect()
        };
        let size = rows.len().div_ceil(self.options.threads().max(1)).max(64);
        if rows.len() <= size {
            return part(rows);
        }
        std::thread::scope(|scope| {
            let parts: Vec<_> = rows.chunks(size).map(|rows| scope.spawn(move || part(rows))).collect();
            let joined =
                parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            joined.flatten().collect()
        })
    }

    fn add_row(&mut self, index: u32, row: &NumberedRow, facts: RowFacts, shared: Option<Shared>) -> Result<()> {
        self.rows += 1;
        self.tokenised += u64::from(row.row.tokens.is_some());
        facts.faults.checks().for_each(|check| self.tally(check, index, None));
        match shared {
            Some(Shared::Exactly(other)) => self.tally(Check::Leakage, index, Some(other)),
            Some(Shared::Nearly(other)) => self.tally(Check::NearLeakage, index, Some(other)),
            None => {}
        }
        if let Some(other) = facts.opposite.and_then(|opposite| self.first_rows.get(&opposite).copied()) {
            self.tally(Check::Contradictions, index, Some(other));
        }
        match self.first_rows.get(&facts.hash).copied() {
            Some(other) => self.tally(Check::Duplicates, index, Some(other)),
            None => {
                self.first_rows.insert(facts.hash, index);
                if let Some(signature) = &facts.signature {
                    self.near.add(index, signature)?;
                }
            }
        }
        if let Some(language) = facts.language {
            self.languages.entry(language).or_default().add(index, None, self.options.listed);
        }
        self.choices.add(index, &facts.choice);
        if let Some(features) = facts.features {
            self.sample.push(index, Labelled { prompt: facts.prompt.hash, features });
        }
        Ok(())
    }

    fn tally(&mut self, check: Check, row: u32, other: Option<u32>) {
        self.tallies.entry(check).or_default().add(row, other, self.options.listed);
    }
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").field("rows", &self.rows).field("options", &self.options).finish_non_exhaustive()
    }
}
