//! Panics of polars that are answered, not printed.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static ANSWERED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `decode`; `None` if it panics. polars asserts what damage in a Parquet footer breaks, and its words on the terminal
/// would look like a fault of this program. Only panics of this thread meanwhile stay unprinted: the hook that was there
/// gets all others.
pub(super) fn caught<T>(decode: impl FnOnce() -> T) -> Option<T> {
    static WRAPPED: Once = Once::new();
    WRAPPED.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |panic| {
            if !ANSWERED.get() {
                hook(panic);
            }
        }));
    });
    let before = ANSWERED.replace(true);
    // Nothing of the reader outlives the panic.
    let result = catch_unwind(AssertUnwindSafe(decode)).ok();
    ANSWERED.set(before);
    result
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static PRINTED: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn only_panics_inside_are_kept_from_the_hook() {
        set_hook(Box::new(|_| {
            PRINTED.fetch_add(1, Ordering::Relaxed);
        }));
        assert_eq!(caught(|| 7), Some(7));
        assert_eq!(caught(|| panic!("inside")), None::<()>);
        assert_eq!(PRINTED.load(Ordering::Relaxed), 0);
        assert!(catch_unwind(|| panic!("outside")).is_err());
        assert_eq!(PRINTED.load(Ordering::Relaxed), 1);
        // The other tests' panics are to be seen.
        drop(take_hook());
    }
}
