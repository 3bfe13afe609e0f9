//! Runs all readers on seeded mutations of the corpus.
//!
//! ```sh
//! cargo run --release -p align-fuzz -- --count 10000000
//! ```

// A program prints its results.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use align_fuzz::{Harness, Outcome, READERS, Reader, mutate, seeds};
use clap::Parser;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

/// Feeds mutated files to the readers.
#[derive(Parser)]
struct Options {
    /// Total number of inputs for our own readers. Readers of libraries get a hundredth of the others' share each.
    #[arg(long, default_value_t = 1_000_000)]
    count: u64,
    /// Run this reader only, with all inputs.
    #[arg(long)]
    reader: Option<String>,
    /// Number of the first mutation.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let chosen: Vec<Reader> =
        READERS.into_iter().filter(|reader| options.reader.as_ref().is_none_or(|name| name == reader.name)).collect();
    if chosen.is_empty() {
        eprintln!("error: no such reader; there are {}", READERS.map(|reader| reader.name).join(", "));
        return ExitCode::FAILURE;
    }
    let own = chosen.iter().filter(|reader| reader.own_parser).count().max(1) as u64;
    let mut passed = true;
    for reader in chosen {
        let share = options.count.div_ceil(own);
        let count = if reader.own_parser || options.reader.is_some() { share } else { share.div_ceil(100) };
        match run(reader, count, options.seed) {
            Ok(report) => println!("{report}"),
            Err(problem) => {
                println!("{}: {problem}", reader.name);
                passed = false;
            }
        }
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(reader: Reader, count: u64, first: u64) -> Result<String, String> {
    let seeds = seeds(&reader).map_err(|e| e.to_string())?;
    let harness = Harness::new(reader).map_err(|e| e.to_string())?;
    let (start, mut rejected) = (Instant::now(), 0_u64);
    for number in first..first.saturating_add(count) {
        let Some(seed) = seeds.get(number as usize % seeds.len().max(1)) else {
            return Err("the corpus has no file for it".to_owned());
        };
        let bytes = mutate(seed, number);
        let reproduce = format!("`--reader {} --seed {number} --count 1` reproduces it", reader.name);
        match catch_unwind(AssertUnwindSafe(|| harness.run(&bytes))) {
            Ok(Ok(Outcome::Read)) => {}
            Ok(Ok(Outcome::Rejected)) => rejected += 1,
            Ok(Ok(Outcome::Violation(how))) => return Err(format!("{how}; {reproduce}")),
            Ok(Err(problem)) => return Err(problem.to_string()),
            Err(_) => return Err(format!("panicked; {reproduce}")),
        }
    }
    let (name, seconds) = (reader.name, start.elapsed().as_secs_f64());
    Ok(format!("{name:<16} {count:>9} inputs, {rejected:>9} rejected, {seconds:>7.1} s"))
}
