//! What the page counts through: its sections, tables and figures.

use maud::{Markup, html};

/// The numbers that captions begin with.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    tables: usize,
    figures: usize,
}

impl Numbers {
    pub(super) fn next_table(&mut self) -> usize {
        self.tables += 1;
        self.tables
    }

    pub(super) fn next_figure(&mut self) -> usize {
        self.figures += 1;
        self.figures
    }
}

/// A section with its place on the page.
pub(super) struct Section {
    /// Its anchor.
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

/// Links to the sections.
pub(super) fn contents(sections: &[Section]) -> Markup {
    html! {
        nav class="contents" aria-label="Contents" {
            ol { @for section in sections { li { a href={ "#" (section.id) } { (section.heading) } } } }
        }
    }
}
