//! `--columns`: tables whose columns have other names.

use crate::Failure;
use crate::data_layout::Layout;
use crate::shell_words::quoted_list;
use crate::usage::UsageError;
use align_data::Error;
use align_data::tables::ColumnNames;
use std::borrow::Cow;

/// The names of a file's columns.
#[derive(Debug, Clone, Default, clap::Args, serde::Serialize)]
pub struct ColumnOption {
    /// Names of the file's columns if they differ from those that the command expects, such as
    /// prompt=question,chosen=good,rejected=bad.
    #[arg(long, value_name = "NAME=COLUMN,..")]
    columns: Option<ColumnNames>,
}

/// Common names of columns in published data sets, without spaces, dashes and underscores.
const SYNONYMS: &[(&str, &[&str])] = &[
    ("prompt", &["question", "instruction", "input", "query", "context", "prompts"]),
    ("chosen", &["good", "better", "best", "preferred", "winner", "positive", "accepted", "chosenresponse"]),
    ("rejected", &["bad", "worse", "worst", "dispreferred", "loser", "negative", "rejectedresponse"]),
    ("completion", &["response", "output", "answer", "reply", "target"]),
    ("text", &["review", "sentence", "content", "document", "texts"]),
    ("score", &["reward", "rating", "scores"]),
    ("likes", &["upvotes", "ups", "thumbsup", "favorites", "favourites", "hearts", "stars"]),
    ("label", &["class", "category", "sentiment", "feedback", "labels"]),
];

/// Columns of pairs with another meaning, which are not misspelt names of their numbers.
const COLUMNS_OF_PAIRS: [&str; 5] = ["prompt", "chosen", "rejected", "chosen_score", "rejected_score"];

impl ColumnOption {
    /// Whether names are given.
    pub fn is_given(&self) -> bool {
        self.columns.is_some()
    }

    /// The names; those that the command expects if none are given.
    pub fn names(&self) -> Cow<'_, ColumnNames> {
        self.columns.as_ref().map_or_else(|| Cow::Owned(ColumnNames::default()), Cow::Borrowed)
    }

    /// The option with its value, for a command that reads the same file, and a space before it. Empty if it is not given.
    pub fn repeated(&self) -> String {
        let argument = |names: &ColumnNames| format!(" --columns {}", quoted_list(&names.to_string()));
        self.columns.as_ref().map(argument).unwrap_or_default()
    }

    /// Calls a reader of these `layouts` with the names. Its errors mention the option, or the command that reads the file.
    pub fn read<T>(
        &self,
        layouts: &[Layout],
        read: impl FnOnce(&ColumnNames) -> align_data::Result<T>,
    ) -> Result<T, Failure> {
        read(&self.names()).map_err(|error| match error {
            Error::ColumnNames { problem } => UsageError::new(format!("--columns {problem}")).into(),
            Error::MissingPosition { .. } => format!("--position-column: {error}").into(),
            Error::MissingPairNumber { number, ref found, .. } => {
                let option = number.option().replace('_', "-");
                let message = error.to_string().replace(&format!("option {}", number.option()), &format!("--{option}"));
                let others: Vec<&str> =
                    found.iter().map(String::as_str).filter(|name| !COLUMNS_OF_PAIRS.contains(name)).collect();
                let column = guess(number.name(), &others).unwrap_or("COLUMN");
                format!("{message}; if it has another name, give --columns {}={column}", number.name()).into()
            }
            Error::MissingColumns { ref found, .. } if let Some(advice) = advice(layouts, found) => {
                format!("{error}; {advice}").into()
            }
            Error::MissingColumns { ref missing, ref found, .. } => match suggestion(missing, found) {
                Some(columns) => {
                    let is_one = missing.iter().all(|form| form.len() == 1);
                    let they = if is_one { "it has another name" } else { "they have other names" };
                    format!("{error}; if {they}, give --columns {columns}").into()
                }
                None => error.into(),
            },
            error => error.into(),
        })
    }
}

/// What to do with a file that is meant for another command.
fn advice(layouts: &[Layout], found: &[String]) -> Option<String> {
    let layout = Layout::of(found).filter(|layout| !layouts.contains(layout))?;
    Some(layout.advice(layouts, found))
}

/// The value of --columns that would help, if the file has other columns. `missing` lists the missing columns of each form that the file
/// may have.
fn suggestion(missing: &[Vec<String>], found: &[String]) -> Option<String> {
    let all: Vec<&String> = missing.iter().flatten().collect();
    let others: Vec<&str> =
        found.iter().map(String::as_str).filter(|name| !all.iter().any(|own| own == name)).collect();
    let forms = missing.iter().filter(|form| form.len() <= others.len());
    let guesses = forms.map(|form| form.iter().map(|own| (own.as_str(), guess(own, &others))).collect::<Vec<_>>());
    let known = |form: &Vec<(&str, Option<&str>)>| form.iter().filter(|(_, column)| column.is_some()).count();
    // The first of the forms with the most columns that can be guessed.
    let best = guesses.reduce(|best, form| if known(&form) > known(&best) { form } else { best })?;
    let name = |(own, column): &(&str, Option<&str>)| format!("{own}={}", column.unwrap_or("COLUMN"));
    Some(best.iter().map(name).collect::<Vec<_>>().join(","))
}

/// The column of the file that is probably meant, by its name.
fn guess<'a>(own: &str, others: &[&'a str]) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace([' ', '-', '_'], "");
    let synonyms = SYNONYMS.iter().find(|(name, _)| *name == own).map_or(&[][..], |(_, synonyms)| synonyms);
    let is_synonym = |name: &&&str| plain(name) == own || synonyms.contains(&plain(name).as_str());
    // A misspelt name begins with the right letter, and is not that of another column.
    let similar = others.iter().copied().filter(|name| plain(name).chars().next() == own.chars().next());
    let similar = similar.filter(|name| !SYNONYMS.iter().any(|(known, _)| known == name));
    let misspelt = || align_train::nearest_name(own, similar);
    others.iter().find(is_synonym).copied().or_else(misspelt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(missing: &[&[&str]], found: &[&str]) -> Option<String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        suggestion(&missing.iter().map(|form| owned(form)).collect::<Vec<_>>(), &owned(found))
    }

    #[test]
    fn the_columns_that_are_probably_meant_are_suggested() {
        let (pairs, texts) = (&["prompt", "chosen", "rejected"][..], &["prompt", "text", "score"][..]);
        let columns = suggested(&[pairs, texts], &["id", "question", "good", "bad"]);
        assert_eq!(columns.as_deref(), Some("prompt=question,chosen=good,rejected=bad"));
        let columns = suggested(&[pairs, texts], &["Question", "review", "Rating"]);
        assert_eq!(columns.as_deref(), Some("prompt=Question,text=review,score=Rating"));
        assert_eq!(suggested(&[&["prompt"]], &["promt", "text"]).as_deref(), Some("prompt=promt"));
        assert_eq!(suggested(&[&["score"]], &["prompt", "text", "x"]).as_deref(), Some("score=COLUMN"));
        assert_eq!(
            suggested(&[&["text", "score"]], &["chosen", "rejected"]).as_deref(),
            Some("text=COLUMN,score=COLUMN")
        );
        assert_eq!(suggested(&[&["prompt", "score"]], &["x"]), None);
    }
}
