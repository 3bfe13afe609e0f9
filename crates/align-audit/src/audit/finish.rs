//! The results, out of the sums.

use super::files::Files;
use super::{Audit, RAISE_SAMPLE};
use crate::Result;
use crate::check::Check;
use crate::near::NearIndex;
use crate::prediction::{FEWEST_ROWS, Predicted};
use crate::report::{
    AuditReport, Exactness, FileRows, Finding, FoundRow, LanguageRows, Lengths, NotChecked, Prediction, RowPlace,
};
use crate::sample::Sample;
use crate::tally::{Found, Tally};
use align_metrics::roc_auc;

/// How near-duplicates are found, for reports.
const MIN_HASH: &str = "MinHash with 128 values: the standard error of a similarity is 0.036, and a row with similarity 0.8 is compared \
                        with probability 0.998";

impl Audit {
    /// Compares what needs all rows, and returns the results.
    ///
    /// # Errors
    /// When temporary files cannot be read.
    pub fn finish(self) -> Result<AuditReport> {
        report(self)
    }
}

fn report(mut audit: Audit) -> Result<AuditReport> {
    let near = std::mem::replace(&mut audit.near, NearIndex::new()?);
    for (row, other) in near.similar_rows()? {
        audit.tally(Check::NearDuplicates, row, Some(other));
    }
    let languages = languages(&mut audit);
    let sample = std::mem::replace(&mut audit.sample, Sample::new(0, 0)).into_rows();
    let predicted = Predicted::of(&sample);
    let (sampled, mut not_checked) = (predicted.len(), Vec::new());
    let predictions = predictions(&audit, &predicted, &mut not_checked);
    let noise = predicted.is_enough().then(|| predicted.noise());
    let noise_error = noise.as_ref().map(|noise| noise.error);
    for row in noise.into_iter().flat_map(|noise| noise.rows) {
        audit.tally(Check::LabelNoise, row, None);
    }
    let findings = findings(&audit, sampled, noise_error, &mut not_checked);
    not_checked.extend(left_out(&audit, &predicted, &predictions, noise_error.is_some()));
    let lengths = audit.choices.mean_chars();
    Ok(AuditReport {
        files: file_rows(&audit.files),
        held_out_files: file_rows(&audit.held_out_files),
        unreadable_held_out: audit.unreadable_held_out.take(),
        rows: audit.rows + audit.tallies.get(&Check::Unreadable).map_or(0, |tally| tally.count),
        pairs: audit.choices.pairs,
        labelled: audit.choices.labelled,
        desirable: audit.choices.desirable,
        sampled,
        findings,
        predictions,
        not_checked,
        languages,
        lengths: lengths
            .map(|[mean_chosen_chars, mean_rejected_chars]| Lengths { mean_chosen_chars, mean_rejected_chars }),
        score_margins: audit.choices.margins(),
    })
}

/// How well single properties predict the choice.
fn predictions(audit: &Audit, predicted: &Predicted<'_>, not_checked: &mut Vec<NotChecked>) -> Vec<Prediction> {
    let found = [
        (Check::LengthBias, audit.choices.by_length()),
        (Check::WordBias, predicted.is_enough().then(|| by_words(predicted)).flatten()),
        (Check::PositionBias, audit.choices.by_position()),
    ];
    let mut predictions = Vec::new();
    for (name, found) in found {
        match found {
            Some(prediction) => predictions.push(prediction),
            None => not_checked.push(NotChecked { name, why: why_no_prediction(name, audit) }),
        }
    }
    let why = "give --reference-margins with --model".to_owned();
    not_checked.push(NotChecked { name: Check::ReferenceMargins, why });
    predictions
}

/// The results of the checks of rows that ran.
fn findings(audit: &Audit, sampled: usize, noise: Option<f64>, not_checked: &mut Vec<NotChecked>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in Check::ALL.iter().copied().filter(|check| !check.is_prediction()) {
        match why_not(name, audit, noise.is_some()) {
            Some(why) => not_checked.push(NotChecked { name, why: why.to_owned() }),
            None => findings.push(finding(name, audit, sampled, noise)),
        }
    }
    findings
}

fn file_rows(files: &Files) -> Vec<FileRows> {
    files.rows_by_name().into_iter().map(|(file, rows)| FileRows { file, rows }).collect()
}

/// The languages by their number of rows. All rows but those in the first are in another language.
fn languages(audit: &mut Audit) -> Vec<LanguageRows> {
    let mut all: Vec<(&'static str, Tally)> = std::mem::take(&mut audit.languages).into_iter().collect();
    all.sort_by(|(a, first), (b, second)| second.count.cmp(&first.count).then_with(|| a.cmp(b)));
    let others = audit.tallies.entry(Check::OtherLanguage).or_default();
    all.iter().skip(1).for_each(|(_, tally)| others.join(tally, audit.options.listed));
    let known: u64 = all.iter().map(|(_, tally)| tally.count).sum();
    let named = all.iter().map(|(name, tally)| LanguageRows { language: Some(name), rows: tally.count });
    let unknown = LanguageRows { language: None, rows: audit.rows - known };
    named.chain((unknown.rows > 0).then_some(unknown)).collect()
}

/// How well words alone predict the choice.
fn by_words(predicted: &Predicted<'_>) -> Option<Prediction> {
    let scored = predicted.by_words();
    let rule = "a linear model of words, trained on other rows, is right";
    if predicted.are_pairs {
        let half = |score: f64| if score == 0.0 { 0.5 } else { f64::from(u8::from(score > 0.0)) };
        let right = scored.iter().map(|(score, _)| half(*score)).sum();
        return Some(Prediction::of_share(Check::WordBias, right, scored.len() as u64, rule));
    }
    let (scores, labels): (Vec<f64>, Vec<bool>) = scored.into_iter().unzip();
    let positive = labels.iter().filter(|label| **label).count();
    let counts = [(labels.len() - positive) as f64, positive as f64];
    let auc = roc_auc(&scores, &labels).ok()?;
    let rule = "a linear model of words, trained on other rows, ranks a desirable text above an undesirable one";
    Prediction::of_auc(Check::WordBias, auc, counts, rule)
}

/// The rows that predictions leave out where there are both pairs and labelled rows: they have no number in common.
fn left_out(audit: &Audit, predicted: &Predicted<'_>, predictions: &[Prediction], has_noise: bool) -> Vec<NotChecked> {
    let why = |pairs: bool| {
        let rows = if pairs { "pairs" } else { "labelled rows" };
        format!("for the {rows}: audit them in a run of their own")
    };
    let ran = |check: Check| predictions.iter().any(|prediction| prediction.name == check);
    let both = audit.choices.pairs > 0 && audit.choices.labelled > 0;
    let all = [
        (Check::LengthBias, both && ran(Check::LengthBias), why(false)),
        (Check::WordBias, predicted.has_others && ran(Check::WordBias), why(!predicted.are_pairs)),
        (Check::LabelNoise, predicted.has_others && has_noise, why(!predicted.are_pairs)),
    ];
    let left_out = all.into_iter().filter(|(_, is_left_out, _)| *is_left_out);
    left_out.map(|(name, _, why)| NotChecked { name, why }).collect()
}

fn why_no_prediction(check: Check, audit: &Audit) -> String {
    let (choices, sample) = (&audit.choices, audit.options.sample);
    match check {
        Check::PositionBias if choices.pairs > 0 => {
            "give --position-column if a column says where the chosen text was shown".to_owned()
        }
        Check::PositionBias => "only pairs have a position".to_owned(),
        Check::WordBias if sample < FEWEST_ROWS => RAISE_SAMPLE.to_owned(),
        Check::WordBias if choices.pairs + choices.labelled > 0 => {
            format!("it takes at least {FEWEST_ROWS} rows that differ, of both labels")
        }
        _ => "the rows have no labels".to_owned(),
    }
}

/// Why a check of rows did not run.
fn why_not(check: Check, audit: &Audit, has_noise: bool) -> Option<&'static str> {
    let choices = &audit.choices;
    let has_rows = audit.rows > 0;
    match check {
        Check::Cut | Check::NoRoom | Check::Refused if !audit.options.has_tokenizer => {
            Some("give --model: its tokeniser counts the tokens")
        }
        Check::Leakage | Check::NearLeakage if audit.held_out.rows == 0 => Some("give --eval-file"),
        Check::Equal | Check::MixedLanguages if has_rows && choices.pairs == 0 => Some("the rows are no pairs"),
        Check::Contradictions if has_rows && choices.pairs + choices.labelled == 0 => Some("the rows have no labels"),
        Check::ScoreOrder | Check::ScoreTies if choices.scored_pairs == 0 => Some("the pairs have no scores"),
        Check::LabelNoise if !has_noise && audit.options.sample < FEWEST_ROWS => Some(RAISE_SAMPLE),
        Check::LabelNoise if !has_noise => Some("it takes at least 100 rows that differ, of both labels"),
        _ => None,
    }
}

fn finding(check: Check, audit: &Audit, sampled: usize, noise_error: Option<f64>) -> Finding {
    let none = Tally::default();
    let tally = audit.tallies.get(&check).unwrap_or(&none);
    let choices = &audit.choices;
    let of = match check {
        Check::Unreadable => audit.rows + tally.count,
        Check::Equal | Check::MixedLanguages => choices.pairs,
        Check::Contradictions => choices.pairs + choices.labelled,
        Check::ScoreOrder | Check::ScoreTies => choices.scored_pairs,
        Check::Cut | Check::NoRoom => audit.tokenised,
        Check::LabelNoise => sampled as u64,
        _ => audit.rows,
    };
    let exactness = match check {
        Check::NearDuplicates | Check::NearLeakage => {
            Exactness::Estimate { standard_error: None, method: MIN_HASH.to_owned() }
        }
        Check::LabelNoise => Exactness::Estimate {
            standard_error: noise_error,
            method: format!("a linear model in five-fold cross-validation on {sampled} rows"),
        },
        Check::MixedLanguages | Check::OtherLanguage => Exactness::Estimate {
            standard_error: None,
            method: "frequencies of three letters (whatlang); texts of fewer than 60 letters by their script"
                .to_owned(),
        },
        _ => Exactness::Exact,
    };
    Finding {
        name: check,
        count: tally.count,
        of,
        share: if of == 0 { 0.0 } else { tally.count as f64 / of as f64 },
        exactness,
        first_rows: tally.first.iter().map(|found| found_row(check, *found, audit)).collect(),
        problem: audit.problem.clone().filter(|_| check == Check::Unreadable),
        finds: check.finds(),
        advice: check.advice(),
    }
}

fn found_row(check: Check, found: Found, audit: &Audit) -> FoundRow {
    let place = |files: &Files, row: u32| {
        let (file, row) = files.place(row);
        RowPlace { file, row }
    };
    let others = match check {
        Check::Leakage | Check::NearLeakage => &audit.held_out_files,
        _ => &audit.files,
    };
    FoundRow { place: place(&audit.files, found.row), other: found.other.map(|row| place(others, row)) }
}
