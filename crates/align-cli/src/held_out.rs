//! The prompts whose texts are evaluated and not trained on.

/// Whether the prompt at this place is held out of the pairs that a command makes: every fifth one is.
pub fn is_held_out(place: usize) -> bool {
    place % 5 == 4
}
