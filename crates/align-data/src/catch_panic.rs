//! Converts panics of libraries to errors without printing them.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` and converts a panic to an error with the panic's message. polars and the tokenizers crate panic on some
/// damaged files, and the default panic message would look like a bug in this program. Only panics in `work` are not
/// printed; all others go to the previous hook.
pub(crate) fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK_INSTALLED: Once = Once::new();
    HOOK_INSTALLED.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |panic| {
            if !CATCHING.get() {
                hook(panic);
            }
        }));
    });
    let before = CATCHING.replace(true);
    // The state that `work` was changing is dropped with the panic.
    let result = catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(panic.as_ref()));
    CATCHING.set(before);
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
    fn only_panics_inside_bypass_the_hook() {
        set_hook(Box::new(|_| {
            PRINTED.fetch_add(1, Ordering::Relaxed);
        }));
        assert_eq!(catch_panic(|| 7), Ok(7));
        assert_eq!(catch_panic(|| panic!("inside")), Err::<(), _>("inside".to_owned()));
        let number = 3;
        assert_eq!(catch_panic(|| panic!("number {number}")), Err::<(), _>("number 3".to_owned()));
        assert_eq!(PRINTED.load(Ordering::Relaxed), 0);
        assert!(catch_unwind(|| panic!("outside")).is_err());
        assert_eq!(PRINTED.load(Ordering::Relaxed), 1);
        // Panics of other tests must be printed again.
        drop(take_hook());
    }
}
