//! Section headings, the table of contents, and table and figure numbers.

use maud::{Markup, html};

/// The next table and figure numbers.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    tables: usize,
    figures: usize,
}

impl Numbering {
    pub(super) fn next_table(&mut self) -> usize {
        self.tables += 1;
        self.tables
    }

    pub(super) fn next_figure(&mut self) -> usize {
        self.figures += 1;
        self.figures
    }
}

/// A section of the page.
pub(super) struct Section {
    /// Its id.
    pub id: &'static str,
    pub heading: &'static str,
    pub body: Markup,
}

impl Section {
    pub(super) fn html(&self) -> Markup {
        html! {
            section id=(self.id) {
                h2 { (self.heading) }
                (self.body)
            }
        }
    }
}

/// The table of contents.
pub(super) fn contents(sections: &[Section]) -> Markup {
    html! {
        nav class="contents" aria-label="Contents" {
            ol { @for section in sections { li { a href={ "#" (section.id) } { (section.heading) } } } }
        }
    }
}
