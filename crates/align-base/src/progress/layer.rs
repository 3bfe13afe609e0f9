use super::display::ProgressDisplay;
use super::shown_task::Task;
use super::task::TARGET;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The layer of a subscriber that shows tasks in a display.
#[derive(Debug)]
struct ProgressLayer {
    display: ProgressDisplay,
}

impl ProgressDisplay {
    /// The layer of a subscriber that shows tasks in this display.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        ProgressLayer { display: self.clone() }.with_filter(filter_fn(is_task))
    }
}

impl<S: Subscriber> Layer<S> for ProgressLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        if is_task(attributes.metadata()) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            self.display.begin(id.into_u64(), fields.task, fields.done.unwrap_or(0));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        self.display.update(id.into_u64(), fields.done, fields.message);
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.display.end(id.into_u64());
    }
}

/// Whether a span is a task.
fn is_task(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == TARGET
}

/// The fields of a span.
#[derive(Default)]
struct Fields {
    task: Task,
    done: Option<u64>,
    message: Option<String>,
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "total" => self.task.total = value,
            "done" => self.done = Some(value),
            _ => {}
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "logged" {
            self.task.logged = value;
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let value = crate::printable_line(value);
        match field.name() {
            "task" => self.task.name = value,
            "unit" => self.task.unit = value,
            "message" => self.message = Some(value),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
