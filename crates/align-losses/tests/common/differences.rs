const STEP: f64 = 1e-5;

/// A derivative, and how far rounding may have moved it.
#[derive(Debug, Clone, Copy)]
pub struct Slope {
    pub value: f64,
    pub noise: f64,
}

/// The derivative of the mean loss by every input, by central differences; `None` at a kink, where the two sides differ.
pub fn differences(
    inputs: &[Vec<f64>],
    losses: impl Fn(&[Vec<f64>]) -> Vec<f64>,
) -> impl Iterator<Item = (usize, usize, Option<Slope>)> {
    let places: Vec<_> = inputs.iter().enumerate().flat_map(|(i, x)| (0..x.len()).map(move |row| (i, row))).collect();
    let inputs = inputs.to_vec();
    places.into_iter().map(move |(input, row)| {
        let at = |step: f64| {
            let mut moved = inputs.clone();
            moved[input][row] += step;
            losses(&moved)
        };
        (input, row, slope(&at(-STEP), &at(0.0), &at(STEP)))
    })
}

fn slope(before: &[f64], here: &[f64], after: &[f64]) -> Option<Slope> {
    let count = here.len() as f64;
    // Differences of single losses, so that a large one in another row costs no digits.
    let mean = |from: &[f64], to: &[f64]| from.iter().zip(to).map(|(from, to)| to - from).sum::<f64>() / count;
    let (left, right) = (mean(before, here) / STEP, mean(here, after) / STEP);
    let moved = here.iter().zip(before).filter(|(here, before)| here != before);
    let noise = moved.map(|(here, _)| 1.0 + here.abs()).sum::<f64>() * 16.0 * f64::EPSILON / STEP / count;
    let smooth = (right - left).abs() <= 1e-2 * (left.abs() + right.abs()) + noise;
    smooth.then_some(Slope { value: (left + right) / 2.0, noise })
}
