//! TensorBoard reads the event files.

use crate::python::run;
use align_trackers::tensorboard::{EventFile, HyperParameter, Value, tag};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Everything that TensorBoard's accumulator finds in a folder, and the hyper-parameters as its plugin decodes them.
const READ: &str = r"
import json, sys
from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util import tensor_util
events = plugin_event_accumulator.EventAccumulator(sys.argv[1], tensor_size_guidance={'scalars': 0, 'text': 0, 'histograms': 0})
events.Reload()
plugins = ['scalars', 'text', 'histograms']
found = {}
for plugin in [plugin for plugin in plugins if plugin in events.ActivePlugins()]:
    for tag in events.PluginTagToContent(plugin):
        values = [(event.step, tensor_util.make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]
        decode = lambda x: x.decode() if isinstance(x, bytes) else x
        found[tag] = [plugin, [[step, decode(x.tolist()[0]) if plugin == 'text' else x.tolist()] for step, x in values]]
hparams = events.PluginTagToContent('hparams') if 'hparams' in events.ActivePlugins() else {}
if metadata.SESSION_START_INFO_TAG in hparams:
    start = metadata.parse_session_start_info_plugin_data(hparams[metadata.SESSION_START_INFO_TAG])
    value = lambda v: getattr(v, v.WhichOneof('kind'))
    found['hparams'] = {name: value(v) for name, v in start.hparams.items()}
if metadata.SESSION_END_INFO_TAG in hparams:
    found['status'] = metadata.parse_session_end_info_plugin_data(hparams[metadata.SESSION_END_INFO_TAG]).status
print(json.dumps(found))
";

fn read(folder: &std::path::Path) -> Option<Json> {
    Some(serde_json::from_str(&run("tensorboard", READ, &[folder.to_str().unwrap()])?).unwrap())
}

#[test]
fn tensorboard_reads_equal_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = EventFile::create(folder.path(), 0).unwrap();
    let parameters = BTreeMap::from([
        ("beta".to_owned(), HyperParameter::Number(0.1)),
        ("loss_type".to_owned(), HyperParameter::Text("hinge".to_owned())),
    ]);
    file.write_hyper_parameters(&parameters, &[tag("loss")]).unwrap();
    let loss = |step: u64| 0.7 / step as f64;
    for step in 1..=300 {
        file.write(step, [Value::scalar(tag("loss"), loss(step))]).unwrap();
    }
    file.write(300, [Value::text("args", "    {}")]).unwrap();
    file.write(300, Value::histogram(tag("rewards/chosen"), &[0.0, 1.0, 1.0, 3.0])).unwrap();
    file.finish().unwrap();
    let Some(found) = read(folder.path()) else { return };
    // Event files have 32-bit floats.
    let expected: Vec<Json> = (1..=300).map(|step| json!([step, f64::from(loss(step) as f32)])).collect();
    assert_eq!(found["train/loss"], json!(["scalars", expected]));
    assert_eq!(found["args/text_summary"], json!(["text", [[300, "    {}"]]]));
    let histogram = &found["train/rewards/chosen"];
    assert_eq!((&histogram[0], &histogram[1][0][0]), (&json!("histograms"), &json!(300)));
    let buckets: Vec<[f64; 3]> = serde_json::from_value(histogram[1][0][1].clone()).unwrap();
    let filled: Vec<f64> = buckets.iter().filter(|[_, _, count]| *count > 0.0).map(|[_, _, count]| *count).collect();
    assert_eq!((buckets.len(), filled), (30, vec![1.0, 2.0, 1.0]));
    assert_eq!((buckets[0][0], buckets[29][1]), (0.0, 3.0));
    assert_eq!(found["hparams"], json!({ "beta": 0.1, "loss_type": "hinge" }));
    assert_eq!(found["status"], 1);
}

#[test]
fn a_resumed_run_has_each_step_once() {
    let folder = tempfile::tempdir().unwrap();
    let write = |first: u64, steps: std::ops::RangeInclusive<u64>, value: f64| {
        let mut file = EventFile::create(folder.path(), first).unwrap();
        for step in steps {
            file.write(step, [Value::scalar(tag("loss"), value)]).unwrap();
        }
        file.path().to_owned()
    };
    // Killed at step 9, in the middle of a record; resumed from a checkpoint at step 6; and the same again at step 8.
    let killed = write(0, 1..=9, 1.0);
    let bytes = std::fs::read(&killed).unwrap();
    std::fs::write(&killed, &bytes[..bytes.len() - 3]).unwrap();
    write(7, 7..=10, 2.0);
    write(9, 9..=12, 3.0);
    let Some(found) = read(folder.path()) else { return };
    let value = |step: u64| {
        if step <= 6 {
            1.0
        } else if step <= 8 {
            2.0
        } else {
            3.0
        }
    };
    let expected: Vec<Json> = (1..=12).map(|step| json!([step, value(step)])).collect();
    assert_eq!(found["train/loss"], json!(["scalars", expected]));
}
