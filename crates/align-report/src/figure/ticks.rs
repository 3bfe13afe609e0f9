use super::axis::{MIN_MAGNITUDE, Range, Scale};
use super::nice_step::NiceStep;
use crate::number::{format_number, magnitude, scientific};

/// A tick with its label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub value: f64,
    pub label: String,
}

/// About `most` ticks at round numbers within the range, in ascending order.
pub(crate) fn ticks(range: Range, most: usize) -> Vec<Tick> {
    let most = most.max(2);
    match range.scale {
        Scale::Linear => linear(range, most),
        Scale::Sqrt => sqrt(range, most),
        Scale::Log => log(range, most),
    }
}

fn linear(range: Range, most: usize) -> Vec<Tick> {
    let step = NiceStep::at_least((range.high - range.low) / most as f64);
    // Ends of the range that differ from a tick only by rounding become ticks.
    let first = (range.low / step.width() - 1e-9).ceil();
    let last = (range.high / step.width() + 1e-9).floor();
    let count = (last - first).clamp(0.0, most as f64) as usize;
    let values: Vec<f64> = (0..=count).map(|i| step.multiple(first + i as f64)).collect();
    let largest = range.low.abs().max(range.high.abs());
    let is_long = step.power() < -4 || largest >= 1e6;
    let label = |value: f64| {
        let digits = usize::try_from(magnitude(value) - step.power()).unwrap_or(0);
        if is_long { without_zeros(&scientific(value, digits)) } else { format_number(value, step.decimals()) }
    };
    values.into_iter().map(|value| Tick { value, label: label(value) }).collect()
}

/// Ticks at 0 and round numbers, with enough distance for all labels.
fn sqrt(range: Range, most: usize) -> Vec<Tick> {
    let mut found: Vec<Tick> = Vec::new();
    if (range.low..=range.high).contains(&0.0) {
        found.push(Tick { value: 0.0, label: "0".to_owned() });
    }
    while found.len() <= most {
        let least = found.last().map_or(range.low, |last| range.at(range.fraction(last.value) + 1.0 / most as f64));
        let value = NiceStep::at_least(least.max(MIN_MAGNITUDE)).width();
        if value > range.high * (1.0 + 1e-9) {
            break;
        }
        found.push(Tick { value, label: log_label(value) });
    }
    if found.len() < 2 { linear(Range { scale: Scale::Linear, ..range }, most) } else { found }
}

/// Shortens `1.0e6` to `1e6`.
fn without_zeros(label: &str) -> String {
    match label.split_once('e') {
        Some((digits, power)) if digits.contains('.') => {
            format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => label.to_owned(),
    }
}

fn log(range: Range, most: usize) -> Vec<Tick> {
    let (first, last) = (range.low.log10().floor() as i32, range.high.log10().ceil() as i32);
    let within = |value: &f64| (range.low * (1.0 - 1e-9)..=range.high * (1.0 + 1e-9)).contains(value);
    let of_digits = |digits: &[f64], stride: usize| -> Vec<f64> {
        let decades = (first..=last).filter(|power| power.rem_euclid(stride as i32) == 0);
        decades.flat_map(|power| digits.iter().map(move |digit| power_of_ten(*digit, power))).filter(within).collect()
    };
    // As fine as the space allows: 1, 2 and 5 of each decade, 1 and 3, whole decades, or every n-th decade.
    let finest = [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]].into_iter().map(|digits| of_digits(digits, 1));
    let coarser = (2..=last.abs_diff(first).max(2) as usize).map(|stride| of_digits(&[1.0], stride));
    let fitting = finest.chain(coarser).find(|values| values.len() <= most).unwrap_or_default();
    if fitting.len() < 2 {
        return linear(Range { scale: Scale::Linear, ..range }, most);
    }
    fitting.into_iter().map(|value| Tick { value, label: log_label(value) }).collect()
}

/// `digit` times a power of ten, rounded once.
fn power_of_ten(digit: f64, power: i32) -> f64 {
    if power < 0 { digit / 10f64.powi(-power) } else { digit * 10f64.powi(power) }
}

fn log_label(value: f64) -> String {
    match magnitude(value * (1.0 + 1e-9)) {
        power @ -4..6 => format_number(value, usize::try_from(-power).unwrap_or(0)),
        _ => scientific(value, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, low: f64, high: f64, most: usize) -> Vec<String> {
        ticks(Range { scale, low, high }, most).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_ticks_are_round_numbers() {
        assert_eq!(labels(Scale::Linear, -0.3, 1.04, 6), ["0.0", "0.5", "1.0"]);
        assert_eq!(labels(Scale::Linear, -1.0, 1.0, 4), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(Scale::Linear, 0.0, 200.0, 5), ["0", "50", "100", "150", "200"]);
        assert_eq!(labels(Scale::Linear, 0.0, 1e-5, 2), ["0", "5e−6", "1e−5"]);
        assert_eq!(labels(Scale::Linear, 0.0, 2e6, 4), ["0", "5e5", "1e6", "1.5e6", "2e6"]);
    }

    #[test]
    fn log_ticks_are_as_fine_as_the_space_allows() {
        assert_eq!(labels(Scale::Log, 0.01, 100.0, 6), ["0.01", "0.1", "1", "10", "100"]);
        assert_eq!(labels(Scale::Log, 0.05, 2.0, 6), ["0.05", "0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!(labels(Scale::Log, 1e-8, 1e8, 5), ["1e−6", "0.001", "1", "1000", "1e6"]);
        // Within less than a decade without two of 1, 2 and 5.
        assert_eq!(labels(Scale::Log, 2.2, 4.1, 5), ["2.5", "3.0", "3.5", "4.0"]);
    }

    #[test]
    fn sqrt_ticks_are_as_fine_as_the_space_allows() {
        assert_eq!(labels(Scale::Sqrt, 0.0, 8.0, 6), ["0", "0.5", "2", "5"]);
        assert_eq!(labels(Scale::Sqrt, -0.02, 1.0, 10), ["0", "0.02", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(labels(Scale::Sqrt, 0.4, 30.0, 5), ["0.5", "5", "20"]);
        // Without two round numbers, and below 0.
        assert_eq!(labels(Scale::Sqrt, 2.2, 4.1, 5), ["2.5", "3.0", "3.5", "4.0"]);
        assert_eq!(labels(Scale::Sqrt, -2.0, -1.0, 2), ["−2.0", "−1.5", "−1.0"]);
        for (low, high) in [(-1e100, 1e100), (0.0, 1e100), (0.0, 1e-99)] {
            assert!((2..=8).contains(&labels(Scale::Sqrt, low, high, 6).len()), "{low} to {high}");
        }
    }

    #[test]
    fn extreme_ranges_have_few_ticks() {
        for (low, high) in [(-1e100, 1e100), (1e100, 1.1e100), (1e16, 1.000_001e16), (0.0, 1e-99)] {
            let found = ticks(Range { scale: Scale::Linear, low, high }, 6);
            assert!((1..=7).contains(&found.len()), "{low} to {high}: {found:?}");
        }
        let found = ticks(Range { scale: Scale::Log, low: 1e-100, high: 1e100 }, 6);
        assert!((2..=7).contains(&found.len()), "{found:?}");
    }
}
