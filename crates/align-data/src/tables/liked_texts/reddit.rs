//! Reddit's comments (`body`, `score`, `parent_id`) and submissions (`title`, `selftext`, `score`), as its API and dumps have them.

use super::super::column_context::ColumnContext;
use super::super::columns::{Column, ColumnKind};
use super::super::raw_table::RawTable;
use super::super::value::Value;
use super::layout_texts::LayoutTexts;
use super::reddit_counts::{Votes, set_counts};
use super::time::take_times;
use crate::likes::LikedText;
use crate::{Error, Result};
use std::collections::HashMap;

/// Comments need `body` and `parent_id` or `title`; submissions need `title` and `selftext`.
pub(super) const COLUMNS: &[Column] = &[
    Column::any("body"),
    Column::number("score"),
    Column::any("ups"),
    Column::any("downs"),
    Column::any("upvote_ratio"),
    Column::any("created_utc"),
    Column::any("title"),
    Column::any("selftext"),
    Column::any("id"),
    Column::any("name"),
    Column::any("parent_id"),
    Column::any("link_id"),
];

/// What Reddit puts in place of a text that is gone.
const REMOVED: [&str; 3] = ["", "[deleted]", "[removed]"];

/// A row of the file.
struct Post {
    body: Option<String>,
    title: Option<String>,
    selftext: Option<String>,
    /// The full name: `t1_` and the id of a comment, `t3_` and that of a submission.
    name: Option<String>,
    /// The full name of what a comment answers.
    parent: Option<String>,
    time: Option<f64>,
    votes: Votes,
}

/// The comments with what they answer as the prompt, or the submissions with their title, if there are no comments.
pub(super) fn texts(raw: &mut RawTable) -> Result<LayoutTexts> {
    raw.check_columns(COLUMNS)?;
    let posts = posts(raw)?;
    let has_comments = posts.iter().any(|post| post.body.is_some());
    let by_name: HashMap<&str, &Post> = posts.iter().filter_map(|post| Some((post.name.as_deref()?, post))).collect();
    let mut found = LayoutTexts::default();
    let mut votes = Vec::new();
    for (row, post) in posts.iter().enumerate().filter(|(_, post)| post.body.is_some() == has_comments) {
        let Some(text) = post.body.as_ref().or(post.selftext.as_ref()).filter(|text| is_there(text)) else {
            found.source.removed += 1;
            continue;
        };
        let parent = post.parent.as_deref().and_then(|parent| by_name.get(parent));
        let prompt = match parent {
            Some(parent) => parent.as_prompt(),
            None => post.own_prompt(),
        };
        let Some(prompt) = prompt else {
            found.source.without_parent += 1;
            continue;
        };
        let thread_time = parent.and_then(|parent| parent.time);
        let (text, time) = (text.clone(), post.time);
        found.push(row, LikedText { prompt, text, time, thread_time, ..LikedText::default() });
        votes.push(post.votes);
    }
    if found.rows.is_empty() && found.source.without_parent > 0 {
        return Err(Error::NoParents { origin: raw.origin().to_owned() });
    }
    set_counts(&mut found.rows, &votes, &mut found.source);
    // Times are used only if every text has one.
    if found.rows.iter().any(|text| text.time.is_none()) {
        found.rows.iter_mut().for_each(|text| (text.time, text.thread_time) = (None, None));
    }
    Ok(found)
}

fn posts(raw: &mut RawTable) -> Result<Vec<Post>> {
    let scores = raw.numbers("score")?;
    let mut bodies = each(raw.optional_nullable_texts("body")?);
    let mut titles = each(raw.optional_nullable_texts("title")?);
    let mut selftexts = each(raw.optional_nullable_texts("selftext")?);
    let mut ids = each(raw.optional_nullable_texts("id")?);
    let mut names = each(raw.optional_nullable_texts("name")?);
    let mut parents = each(raw.optional_nullable_texts("parent_id")?);
    let mut links = each(raw.optional_nullable_texts("link_id")?);
    let mut times = each(take_times(raw, "created_utc", true)?);
    let mut ups = each(take_numbers(raw, "ups")?);
    let mut downs = each(take_numbers(raw, "downs")?);
    let mut ratios = each(take_numbers(raw, "upvote_ratio")?);
    let post = |score| {
        let body = bodies.next().flatten();
        let kind = if body.is_some() { "t1" } else { "t3" };
        let id = ids.next().flatten().map(|id| if id.contains('_') { id } else { format!("{kind}_{id}") });
        let (parent, link) = (parents.next().flatten(), links.next().flatten());
        Post {
            body,
            title: titles.next().flatten(),
            selftext: selftexts.next().flatten(),
            name: names.next().flatten().or(id),
            parent: parent.or(link),
            time: times.next().flatten(),
            votes: Votes {
                score,
                ups: ups.next().flatten(),
                downs: downs.next().flatten(),
                upvote_ratio: ratios.next().flatten(),
            },
        }
    };
    Ok(scores.into_iter().map(post).collect())
}

/// The cells of a column, or none if it does not exist.
fn each<T>(column: Option<Vec<Option<T>>>) -> std::vec::IntoIter<Option<T>> {
    column.unwrap_or_default().into_iter()
}

/// Takes a column of numbers, if it exists. A number may be null.
fn take_numbers(raw: &mut RawTable, name: &str) -> Result<Option<Vec<Option<f64>>>> {
    raw.take(name, ColumnKind::Any, |column: &ColumnContext<'_>, values: &[Value<'_>], _| {
        let number = |(row, value): (usize, &Value<'_>)| {
            let number = match value {
                Value::Null => return Ok(None),
                Value::Text(text) => text.trim().parse().ok(),
                value => value.number(),
            };
            let found = || value.to_text().map_or_else(String::new, |text| format!("{text:?}"));
            let number = number.filter(|number: &f64| number.is_finite());
            number.map(Some).ok_or_else(|| column.cell_error(row, "a finite number or null", found()))
        };
        values.iter().enumerate().map(number).collect()
    })
}

fn is_there(text: &str) -> bool {
    !REMOVED.contains(&text.trim())
}

impl Post {
    /// The prompt of the comments on this post, unless it is gone.
    fn as_prompt(&self) -> Option<String> {
        let own = self.body.as_ref().or(self.selftext.as_ref()).filter(|text| is_there(text));
        match (&self.title, own) {
            (Some(title), Some(text)) if self.body.is_none() => Some(format!("{title}\n\n{text}")),
            (Some(title), _) if self.body.is_none() => Some(title.clone()),
            (_, own) => own.cloned(),
        }
    }

    /// The prompt of a post that answers nothing in the file: its title. A comment has the title of its submission in joined tables.
    fn own_prompt(&self) -> Option<String> {
        let answers_comment = self.parent.as_deref().is_some_and(|parent| parent.starts_with("t1_"));
        let title = self.title.as_ref().filter(|_| !answers_comment)?;
        match self.selftext.as_ref().filter(|text| self.body.is_some() && is_there(text)) {
            Some(text) => Some(format!("{title}\n\n{text}")),
            None => Some(title.clone()),
        }
    }
}
