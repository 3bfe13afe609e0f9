use align_choice::likes::Counts;

/// A text for a prompt, and how people reacted to it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LikedText {
    /// The prompt.
    pub prompt: String,
    /// The text.
    pub text: String,
    /// How many people liked it.
    pub likes: f64,
    /// How many people disliked it, if known.
    pub dislikes: Option<f64>,
    /// How often it was seen, if known.
    pub views: Option<f64>,
    /// When it was posted, in seconds since 1970, if known.
    pub time: Option<f64>,
    /// When its thread began. By default, that is when the first text of its prompt was posted.
    pub thread_time: Option<f64>,
}

impl LikedText {
    pub(super) fn counts(&self) -> Counts {
        Counts { likes: self.likes, dislikes: self.dislikes, views: self.views }
    }
}
