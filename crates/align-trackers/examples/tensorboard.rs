//! Writes the event file of a run that finds the minimum of a parabola. `tensorboard --logdir FOLDER` shows it.
//!
//! ```sh
//! cargo run -p align-trackers --example tensorboard -- runs/parabola
//! ```

use align_trackers::tensorboard::{EventFile, HyperParameter, Value, tag};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("runs/parabola"), PathBuf::from);
    let (learning_rate, mut points) = (0.05, [-3.0, -1.0, 2.0, 4.0_f64]);
    let mut events = EventFile::create(&folder, 0)?;
    let parameters = BTreeMap::from([("learning_rate".to_owned(), HyperParameter::Number(learning_rate))]);
    events.write_hyper_parameters(&parameters, &[tag("loss")])?;
    for step in 1..=100 {
        let loss = points.iter().map(|x| x * x).sum::<f64>() / points.len() as f64;
        let histogram = Value::histogram(tag("x"), &points);
        events.write(step, [Value::scalar(tag("loss"), loss)].into_iter().chain(histogram))?;
        points = points.map(|x| x - learning_rate * 2.0 * x);
    }
    events.finish()
}
