//! Text output of the comparison.

use super::PolicyComparison;
use align_report::format_number;
use std::fmt::{Display, Formatter, Result, from_fn};

/// Width of lines where none is given.
const WIDTH: usize = 80;

/// The notebook's table, each policy's differences from the reference, and the findings, in lines of 80 columns.
impl Display for PolicyComparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&self.to_text("", WIDTH))?;
        self.findings().iter().try_for_each(|finding| write!(f, "\n{}", textwrap::fill(finding, WIDTH)))
    }
}

impl PolicyComparison {
    /// The tables as text in lines of at most `width` columns. `unit` is the unit of rewards.
    #[must_use]
    pub fn to_text(&self, unit: &str, width: usize) -> String {
        self.tables(unit).iter().map(|table| table.to_text(width) + "\n").collect()
    }

    /// The first text of each policy for the first prompts, in lines of at most `width` columns.
    pub fn first_texts(&self, prompts: usize, width: usize) -> impl Display {
        let longest = self.all().map(|policy| policy.name.chars().count()).max().unwrap_or(0);
        from_fn(move |f| {
            let texts = self.reference.texts.iter().enumerate().step_by(self.texts_per_prompt.max(1));
            texts.take(prompts).try_for_each(|(row, first)| {
                writeln!(f, "\n{}", textwrap::fill(&first.prompt, width))?;
                self.all().filter_map(|policy| Some((&policy.name, policy.texts.get(row)?))).try_for_each(
                    |(name, text)| {
                        let label = format!("  {name:longest$} [{}] ", format_number(text.score, 2));
                        let indent = " ".repeat(label.chars().count());
                        let options = textwrap::Options::new(width).initial_indent(&label).subsequent_indent(&indent);
                        writeln!(f, "{}", textwrap::fill(&text.text.replace('\n', " "), options))
                    },
                )
            })
        })
    }
}
