//! Event files, as the plain reader reads them.

use crate::plain_reader::{Fields, read};
use align_trackers::tensorboard::{EventFile, HyperParameter, Value, has_event_files, tag};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// The values of all summaries: step, tag and message.
fn values(events: &[Fields]) -> Vec<(u64, String, Fields)> {
    let summaries = events.iter().filter_map(|event| Some((event.varint(2), event.message(5)?)));
    summaries.flat_map(|(step, summary)| summary.messages(1).into_iter().map(move |v| (step, v.text(1), v))).collect()
}

#[test]
fn a_second_reader_reads_all_values() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = EventFile::create(folder.path(), 0).unwrap();
    let rewards = [0.5, -0.25, 2.0, f64::NAN];
    let scalars = [Value::scalar(tag("loss"), 0.1 + 0.2), Value::scalar(tag("eval_loss"), f64::INFINITY)];
    file.write(7, scalars.into_iter().chain(Value::histogram(tag("rewards/chosen"), &rewards))).unwrap();
    file.write(8, [Value::text("samples/1", "ein **Satz**\nmit ü")]).unwrap();
    file.write(9, []).unwrap();
    let events = read(file.path());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    assert_eq!((events.len(), events[0].text(3).as_str()), (4, "brain.Event:2"));
    assert!(events.iter().all(|event| (now - event.double(1)).abs() < 60.0));
    assert_eq!((events[1].varint(2), events[1].message(7).unwrap().varint(1)), (0, 1), "the start of a session");
    let values = values(&events);
    let tags: Vec<(u64, &str)> = values.iter().map(|(step, tag, _)| (*step, tag.as_str())).collect();
    let expected = [(7, "train/loss"), (7, "eval/loss"), (7, "train/rewards/chosen"), (8, "samples/1/text_summary")];
    assert_eq!(tags, expected);
    assert_eq!(values[0].2.float(2), Some(0.3_f32));
    assert_eq!(values[1].2.float(2), Some(f32::INFINITY));
    let histogram = values[2].2.message(5).unwrap();
    let numbers: Vec<f64> = (1..=5).map(|field| histogram.double(field)).collect();
    assert_eq!(numbers, [-0.25, 2.0, 3.0, 2.25, 4.3125]);
    let (limits, counts) = (histogram.doubles(6), histogram.doubles(7));
    // 30 buckets of width 0.075 from -0.25: 0.5 is at the beginning of the eleventh.
    let filled: Vec<usize> = counts.iter().enumerate().filter(|(_, count)| **count > 0.0).map(|(i, _)| i).collect();
    assert_eq!((limits.len(), filled), (30, vec![0, 10, 29]));
    assert!((limits[0] + 0.175).abs() < 1e-12 && limits[29] == 2.0);
    let text = &values[3].2;
    let plugin = text.message(9).unwrap().message(1).unwrap().text(1);
    let tensor = text.message(8).unwrap();
    assert_eq!((plugin.as_str(), tensor.varint(1), tensor.text(8).as_str()), ("text", 7, "ein **Satz**\nmit ü"));
}

#[test]
fn hyper_parameters_are_those_of_the_plugin() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = EventFile::create(folder.path(), 0).unwrap();
    let parameters = [
        ("beta", HyperParameter::Number(0.1)),
        ("loss_type", HyperParameter::Text("hinge".to_owned())),
        ("use_peft", HyperParameter::Bool(true)),
    ];
    let parameters: BTreeMap<String, HyperParameter> = parameters.map(|(name, value)| (name.to_owned(), value)).into();
    file.write_hyper_parameters(&parameters, &[tag("loss")]).unwrap();
    let path = file.path().to_owned();
    file.finish().unwrap();
    let found = values(&read(&path));
    let data = |index: usize| {
        let plugin = found[index].2.message(9).unwrap().message(1).unwrap();
        assert_eq!(plugin.text(1), "hparams");
        plugin.message(2).unwrap()
    };
    let tags: Vec<&str> = found.iter().map(|(_, tag, _)| tag.as_str()).collect();
    assert_eq!(tags, ["_hparams_/experiment", "_hparams_/session_start_info", "_hparams_/session_end_info"]);
    let experiment = data(0).message(2).unwrap();
    let infos: Vec<(String, u64)> = experiment.messages(4).iter().map(|info| (info.text(1), info.varint(4))).collect();
    assert_eq!(infos, [("beta".to_owned(), 3), ("loss_type".to_owned(), 1), ("use_peft".to_owned(), 2)]);
    assert_eq!(experiment.message(5).unwrap().message(1).unwrap().text(2), "train/loss");
    let start = data(1).message(3).unwrap().messages(1);
    assert_eq!((start[0].text(1).as_str(), start[0].message(2).unwrap().double(2)), ("beta", 0.1));
    assert_eq!((start[1].message(2).unwrap().text(3).as_str(), start[2].message(2).unwrap().varint(4)), ("hinge", 1));
    assert_eq!(data(2).message(4).unwrap().varint(1), 1, "success");
}

#[test]
fn files_of_a_folder_are_in_order_and_none_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    assert!(!has_event_files(&inner).unwrap());
    let paths: Vec<_> = [0, 5, 9].map(|step| EventFile::create(&inner, step).unwrap().path().to_owned()).into();
    assert!(has_event_files(&inner).unwrap());
    assert!(paths.is_sorted() && paths[0] != paths[1] && paths[1] != paths[2], "{paths:?}");
    let starts: Vec<u64> = paths.iter().map(|path| read(path)[1].varint(2)).collect();
    assert_eq!(starts, [0, 5, 9]);
}

#[test]
fn a_file_that_is_cut_off_is_read_to_the_last_whole_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = EventFile::create(folder.path(), 0).unwrap();
    for step in 1..=5 {
        file.write(step, [Value::scalar(tag("loss"), step as f64)]).unwrap();
    }
    let path = file.path().to_owned();
    let whole = std::fs::read(&path).unwrap();
    for cut in [1, 10, 20] {
        std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        assert_eq!(values(&read(&path)).len(), 4, "{cut} bytes are missing");
    }
}
