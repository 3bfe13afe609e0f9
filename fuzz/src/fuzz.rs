//! Entry point of the libFuzzer targets.

use crate::{Harness, Outcome, READERS};
use std::cell::OnceCell;

/// Runs the named reader on `bytes`.
///
/// # Panics
/// When the reader violates a requirement, so that libFuzzer saves the input.
#[allow(clippy::panic)]
pub fn fuzz(name: &str, bytes: &[u8]) {
    thread_local! {
        static HARNESS: OnceCell<Harness> = const { OnceCell::new() };
    }
    HARNESS.with(|cell| {
        let harness = cell.get_or_init(|| {
            let reader = READERS.into_iter().find(|reader| reader.name == name);
            let made = reader.map(Harness::new);
            let Some(Ok(harness)) = made else { panic!("no harness for {name}: {made:?}") };
            harness
        });
        match harness.run(bytes) {
            Ok(Outcome::Read | Outcome::Rejected) => {}
            failure => panic!("{name}: {failure:?}"),
        }
    });
}
