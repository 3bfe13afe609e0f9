//! What is wrong with the options, before a row is read.

use super::options::Options;
use crate::usage::UsageError;
use crate::{Failure, output_paths};
use align_audit::{AuditOptions, Check, Error};

/// Rejects options that the audit could not use, and a report that could not be written.
pub fn check(options: &Options) -> Result<(), Failure> {
    if options.reference_margins == Some(0) || options.sample_rows == 0 {
        return Err(UsageError::new("--reference-margins and --sample-rows: expected at least 1 row").into());
    }
    for threshold in &options.fail_on {
        if let Some(why) = missing_option(threshold.check, options) {
            let error = Error::NotChecked { check: threshold.check, why: why.to_owned() };
            return Err(UsageError::new(format!("--fail-on {error}")).into());
        }
    }
    if let Some(report) = &options.report {
        output_paths::refuse_existing(report, options.overwrite)?;
        output_paths::refuse_inputs(report, options.files.iter().chain(&options.eval_file))?;
        output_paths::refuse_unwritable(report, options.overwrite)?;
    }
    Ok(())
}

/// What has to be given for a check.
fn missing_option(check: Check, options: &Options) -> Option<&'static str> {
    let has_enough_rows = options.sample_rows >= AuditOptions::FEWEST_SAMPLED;
    match check {
        Check::Leakage | Check::NearLeakage if options.eval_file.is_empty() => Some("give --eval-file"),
        Check::Cut | Check::NoRoom | Check::Refused if options.model.is_none() => {
            Some("give --model: its tokeniser counts the tokens")
        }
        Check::ReferenceMargins if options.reference_margins.is_none() => Some("give --reference-margins with --model"),
        Check::PositionBias if options.position_column.is_none() => {
            Some("give --position-column if a column says where the chosen text was shown")
        }
        Check::WordBias | Check::LabelNoise if !has_enough_rows => Some(align_audit::RAISE_SAMPLE),
        _ => None,
    }
}
