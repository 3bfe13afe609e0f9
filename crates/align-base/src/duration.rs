use std::time::Duration;

/// A duration as text with at most two units.
///
/// ```
/// use align_base::format_duration;
/// use std::time::Duration;
///
/// let text = |seconds| format_duration(Duration::from_secs_f64(seconds));
/// assert_eq!(text(0.42), "0.4 s");
/// assert_eq!(text(59.4), "59 s");
/// assert_eq!(text(200.0), "3 min 20 s");
/// assert_eq!(text(7_500.0), "2 h 5 min");
/// ```
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}
