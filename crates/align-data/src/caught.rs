//! Panics of libraries that are answered, not printed.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static ANSWERED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, a library's; where it panics, the panic's message is the error. polars and the tokenizers crate assert what a
/// damaged file breaks, and their words on the terminal would look like a fault of this program. Only panics of this thread
/// meanwhile stay unprinted: the hook that was there gets all others.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
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
    // Nothing that the work was changing outlives the panic.
    let result = catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(panic.as_ref()));
    ANSWERED.set(before);
    result
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
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
        assert_eq!(caught(|| 7), Ok(7));
        assert_eq!(caught(|| panic!("inside")), Err::<(), _>("inside".to_owned()));
        let number = 3;
        assert_eq!(caught(|| panic!("number {number}")), Err::<(), _>("number 3".to_owned()));
        assert_eq!(PRINTED.load(Ordering::Relaxed), 0);
        assert!(catch_unwind(|| panic!("outside")).is_err());
        assert_eq!(PRINTED.load(Ordering::Relaxed), 1);
        // The other tests' panics are to be seen.
        drop(take_hook());
    }
}
