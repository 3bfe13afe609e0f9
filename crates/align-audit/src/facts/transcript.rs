//! Conversations that are written as one text.

/// The names of speakers that begin a paragraph, and their roles.
const SPEAKERS: [(&str, &str); 4] =
    [("Human:", "user"), ("User:", "user"), ("Assistant:", "assistant"), ("AI:", "assistant")];

/// The roles of the paragraphs that begin with a speaker's name.
pub(crate) fn speakers(text: &str) -> Vec<&'static str> {
    let role = |paragraph: &str| SPEAKERS.iter().find(|(name, _)| paragraph.starts_with(name)).map(|(_, role)| *role);
    text.split("\n\n").filter_map(role).collect()
}
