#![doc = include_str!("../README.md")]

mod audit;
mod check;
mod check_name;
mod error;
mod facts;
mod held_out;
mod minhash;
mod near;
mod prediction;
mod report;
mod row;
mod sample;
mod tally;
mod text_hash;

pub use audit::{Audit, AuditOptions, RAISE_SAMPLE};
pub use check::{Check, Faults, Group};
pub use error::{Error, Result};
pub use report::{
    AuditReport, Exactness, Exceeded, FileRows, Finding, FoundRow, LanguageRows, Lengths, Margins, NotChecked,
    Prediction, Quantiles, RowPlace, Threshold, UnreadableRows,
};
pub use row::{Answers, NumberedRow, Row, TokenCounts, Turn};
