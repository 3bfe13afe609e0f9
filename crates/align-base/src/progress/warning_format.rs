use console::{Style, style};
use std::fmt;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes an event as `warning: MESSAGE`, like other command-line programs. Events below warnings begin with their module, too.
pub struct WarningFormat;

impl<S, N> FormatEvent<S, N> for WarningFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        let (label, colours) = match *metadata.level() {
            Level::ERROR => ("error", Style::new().for_stderr().red().bold()),
            Level::WARN => ("warning", Style::new().for_stderr().yellow().bold()),
            Level::INFO => ("info", Style::new()),
            Level::DEBUG => ("debug", Style::new()),
            Level::TRACE => ("trace", Style::new()),
        };
        write!(line, "{} ", colours.apply_to(format_args!("{label}:")))?;
        if *metadata.level() > Level::WARN {
            write!(line, "{} ", style(metadata.target()).for_stderr().dim())?;
        }
        context.field_format().format_fields(line.by_ref(), event)?;
        writeln!(line)
    }
}
