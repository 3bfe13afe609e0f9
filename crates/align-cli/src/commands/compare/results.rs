//! The results: tables, a JSON document, and a folder with the report and the figures.

use super::options::Options;
use crate::signals::GracefulStop;
use crate::{Failure, models, output, terminal};
use align_base::{files, printable_path};
use align_frontier::{DistancesContext, PolicyDistances};
use align_report::{Configuration, Entry, FigureSize};
use align_train::report::versions;
use serde_json::{Value, json};
use std::path::Path;

/// Resolution of the PNG figures.
const DOTS_PER_INCH: u32 = 300;

/// What is found, and from what.
pub struct Results<'a> {
    pub options: &'a Options,
    pub found: &'a PolicyDistances,
    /// Number of input texts.
    pub texts: usize,
    /// Number of prompts from which the models generated texts.
    pub prompts: usize,
}

impl Results<'_> {
    /// The results with all digits.
    pub fn document(&self) -> Result<Value, Failure> {
        let mut document = serde_json::to_value(self.found)?;
        if let Some(fields) = document.as_object_mut() {
            fields.insert("statements".to_owned(), json!(self.found.statements()));
            fields.insert("input_texts".to_owned(), json!(self.texts));
            fields.insert("seed".to_owned(), json!(self.options.seed));
        }
        Ok(document)
    }

    /// Prints the tables and the findings.
    pub fn print(&self) {
        terminal::print_tables(&self.found.tables());
        self.found.statements().iter().for_each(|statement| terminal::print_paragraph("- ", "  ", statement));
        if let Some(folder) = &self.options.output_dir {
            output::note!("written to {}, with report.html", printable_path(folder));
        }
    }

    /// Writes the document, the report and the figures.
    pub fn write(&self, folder: &Path, document: &Value) -> Result<(), Failure> {
        let report = self.found.report(self.context())?.to_html()?;
        let figures = self.found.figures(self.options.tree)?;
        let text = serde_json::to_string_pretty(document)?;
        let _graceful_stop = GracefulStop::while_writing_files();
        let fail = |e: std::io::Error| Failure::from(format!("{}: {e}", folder.display()));
        files::rewrite_folder(folder, self.options.overwrite, fail, |scratch| {
            let write = |name: &str, bytes: &[u8]| std::fs::write(scratch.join(name), bytes).map_err(fail);
            write("distances.json", format!("{text}\n").as_bytes())?;
            write("report.html", report.as_bytes())?;
            for (name, figure) in &figures {
                let drawing = figure.figure.draw(FigureSize::default())?;
                write(&format!("{name}.svg"), drawing.svg().as_bytes())?;
                write(&format!("{name}.png"), &drawing.png(DOTS_PER_INCH)?)?;
            }
            Ok(())
        })
    }

    fn context(&self) -> DistancesContext {
        let options = self.options;
        let mut entries = vec![Entry::new(
            "models",
            options.models.iter().map(|name| models::display_name(Some(name), "")).collect::<Vec<_>>().join(", "),
        )];
        let mut add = |name: &str, value: Option<String>| entries.extend(value.map(|value| Entry::new(name, value)));
        let number = |value: usize| (value > 0).then(|| value.to_string());
        add("input", options.input.as_deref().map(models::file_name));
        add("input texts", number(self.texts));
        add("max_length", options.max_length.map(|length| length.to_string()));
        add("prompts", number(self.prompts));
        add("texts per prompt", number(self.prompts).and(Some(options.texts_per_prompt.unwrap_or(4).to_string())));
        add("embedder", options.embedder.as_ref().map(|name| models::display_name(Some(name), "")));
        for judge in &options.judges {
            add(&format!("judge {}", judge.name), Some(judge.source.display_name()));
        }
        add("seed", Some(options.seed.to_string()));
        let input = (self.texts > 0).then(|| format!("{} input texts", self.texts));
        let generated = (self.prompts > 0).then(|| format!("texts generated for {} prompts", self.prompts));
        DistancesContext {
            subtitle: [input, generated].into_iter().flatten().collect::<Vec<_>>().join(", "),
            tree: options.tree,
            configuration: vec![Configuration { title: String::new(), entries }],
            versions: versions(),
        }
    }
}
