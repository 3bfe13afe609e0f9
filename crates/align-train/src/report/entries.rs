use align_report::Entry;
use serde_json::Value;

/// Report entries for options. Nested groups are flattened, and options that are not set are omitted.
#[must_use]
pub fn option_entries(options: &Value) -> Vec<Entry> {
    let mut found = Vec::new();
    add_entries(options, &mut found);
    found
}

fn add_entries(options: &Value, found: &mut Vec<Entry>) {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), String::from);
    let Value::Object(options) = options else { return };
    for (name, value) in options {
        match value {
            Value::Null => {}
            Value::Object(_) => add_entries(value, found),
            Value::Array(values) => {
                found.push(Entry::new(name, values.iter().map(plain).collect::<Vec<_>>().join(", ")));
            }
            value => found.push(Entry::new(name, plain(value))),
        }
    }
}

/// The versions and the processor that computed the results.
#[must_use]
pub fn versions() -> Vec<Entry> {
    vec![
        Entry::new("align", env!("CARGO_PKG_VERSION")),
        Entry::new("LibTorch", align_torch::LIBTORCH_VERSION),
        Entry::new("processor", format!("{}, {} threads", std::env::consts::ARCH, tch::get_num_threads())),
    ]
}
