//! The built-in functions, their texts, and combinations.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use align_rewards::{
    CommandOptions, Error, JsonKeysReward, LengthReward, LengthUnit, RegexMatch, RegexReward, Result, RewardFunction,
    RewardInput, RewardSpec, WeightedRewards,
};

fn rewards(spec: &str, texts: &[&str]) -> Vec<f64> {
    let mut function = spec.parse::<RewardSpec>().unwrap().build(&CommandOptions::default()).unwrap();
    let inputs: Vec<_> = texts.iter().map(|text| RewardInput::new("prompt", text)).collect();
    function.rewards(&inputs).unwrap().into_iter().map(Option::unwrap).collect()
}

fn refusal(spec: &str) -> String {
    let problem = spec.parse::<RewardSpec>().expect_err(spec).to_string();
    assert!(problem.starts_with("reward "), "{problem}");
    problem
}

#[test]
fn regular_expressions() {
    assert_eq!(rewards("regex:[0-9]+", &["about 42", "none", ""]), [1.0, 0.0, 0.0]);
    assert_eq!(rewards("full-regex:yes|no", &["yes", "no", "yes!", "no\n", "say no"]), [1.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(rewards("regex:^a.b$", &["a\nb", "axb"]), [0.0, 1.0]);
    assert_eq!(rewards("regex: b", &["ab", "a b"]), [0.0, 1.0]);
    assert_eq!(rewards("regex:a=b:c", &["a=b:c", "a=b"]), [1.0, 0.0]);
    // Nested repetitions, at which a backtracking engine would not end.
    assert_eq!(rewards("full-regex:(a*)*b", &[&"a".repeat(50_000)]), [0.0]);
    for (pattern, word) in [("(", "unclosed"), ("a)|(b", "unopened"), ("a{1000}{1000}{1000}", "size")] {
        for kind in ["regex", "full-regex"] {
            let problem = refusal(&format!("{kind}:{pattern}"));
            assert!(problem.contains(word) && problem.contains(pattern), "{problem}");
        }
    }
    RegexReward::new("name", r"(?<x>a)\1", RegexMatch::Part).unwrap_err();
}

#[test]
fn lengths() {
    let texts = ["", "one", "one  two\n", "one two three"];
    assert_eq!(rewards("max-words:2", &texts), [1.0, 1.0, 1.0, 0.0]);
    assert_eq!(rewards("words:1..2", &texts), [0.0, 1.0, 1.0, 0.0]);
    assert_eq!(rewards("words:3..", &texts), [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(rewards("characters:..3", &["über", "üb ", "日本語"]), [0.0, 1.0, 1.0]);
    assert_eq!(rewards("characters:4..4", &["über"]), [1.0]);
    for spec in ["max-words:", "max-words:-1", "max-words:2.5", "words:40", "words:..", "words:3..1", "words:a..b"] {
        refusal(spec);
    }
    LengthReward::new("name", LengthUnit::Words, Some(2), Some(2)).unwrap();
}

#[test]
fn json_objects_and_keys() {
    let texts = [
        "{\"a\": 1, \"b\": null, \"c\": []}",
        " {\"b\":{},\"a\":\"x\"}\n",
        "{\"a\": 1}",
        "[\"a\", \"b\"]",
        "```json\n{\"a\": 1, \"b\": 2}\n```",
        "{\"a\": 1, \"b\": 2} ok",
        "{\"a\": 1, \"b\": 2,}",
        "",
        "{\"x\": {\"a\": 1, \"b\": 2}}",
    ];
    assert_eq!(rewards("json-keys:a, b", &texts), [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(rewards("json-object", &texts), [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    // Deep nesting does not overflow the stack.
    assert_eq!(rewards("json-object", &[&"{\"a\":".repeat(100_000), &"[".repeat(1_000_000)]), [0.0, 0.0]);
    for spec in ["json-keys:", "json-keys:a,", "json-keys:a,a", "json-object:a"] {
        refusal(spec);
    }
    JsonKeysReward::new("name", [""]).unwrap_err();
}

#[test]
fn texts_of_functions_are_read_back() {
    for text in [
        "regex:[0-9]+ =: x",
        "name=full-regex:yes|no",
        "max-words:40",
        "words:2..40",
        "words:2..",
        "characters:..280",
        "a.b-c_9=json-object",
        "json-keys:answer,reason",
        "json-schema:a b.json",
        "command:python3 score.py --mode 'two words'",
    ] {
        let spec: RewardSpec = text.parse().unwrap();
        assert_eq!(spec.to_string(), text);
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<RewardSpec>(&json).unwrap(), spec);
    }
    assert_eq!("words:..40".parse::<RewardSpec>().unwrap().name(), "max-words");
    assert_eq!("n=regex:a".parse::<RewardSpec>().unwrap().name(), "n");
    assert!(RewardSpec::examples().all(|example| example.parse::<RewardSpec>().is_ok()));
}

#[test]
fn texts_that_are_no_functions() {
    for (text, word) in [
        ("", "choose one of"),
        ("words", "MIN..MAX"),
        ("length:3", "max-words"),
        ("regex", "PATTERN"),
        ("regex:", "PATTERN"),
        ("=regex:a", "before ="),
        ("a b=regex:a", "before ="),
        ("command:", "PROGRAM"),
        ("command:'a", "quotation"),
        ("command:''", "program"),
        ("json-schema:", "FILE"),
        ("\u{1b}[31m:x", "choose one of"),
    ] {
        let problem = refusal(text);
        assert!(problem.contains(word) && !problem.contains('\u{1b}'), "{text}: {problem}");
    }
    // Any text is refused or taken, but nothing panics.
    let pieces =
        ["regex", ":", "=", "words", "..", "1", "command", "'", "\"", "\\", "{", "\u{0}", "é", " ", "json-keys", ","];
    let mut state = 1usize;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..state % 9 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) % pieces.len()]);
        }
        state = state.wrapping_add(1);
        if let Ok(spec) = text.parse::<RewardSpec>() {
            assert_eq!(spec.to_string().parse::<RewardSpec>().unwrap(), spec, "{text:?}");
        }
    }
}

/// A function whose rewards are given.
#[derive(Debug)]
struct Given(&'static str, Vec<Option<f64>>);

impl RewardFunction for Given {
    fn name(&self) -> &str {
        self.0
    }

    fn rewards(&mut self, _: &[RewardInput<'_>]) -> Result<Vec<Option<f64>>> {
        Ok(self.1.clone())
    }
}

fn given(name: &'static str, rewards: &[Option<f64>]) -> Box<dyn RewardFunction> {
    Box::new(Given(name, rewards.to_vec()))
}

#[test]
fn functions_are_combined_by_weights() {
    let functions = vec![given("a", &[Some(1.0), None, None]), given("b", &[Some(2.0), Some(3.0), None])];
    let mut rewards = WeightedRewards::new(functions, Some(&[0.5, -2.0])).unwrap();
    let inputs = ["x", "y", "z"].map(|text| RewardInput::new("p", text));
    let table = rewards.score(&inputs).unwrap();
    assert_eq!(table.combined(), [Some(-3.5), Some(-6.0), None]);
    assert_eq!((table.names(), table.weights()), (&["a".to_owned(), "b".to_owned()][..], &[0.5, -2.0][..]));
    assert_eq!(table.by_function()[0], [Some(1.0), None, None]);
    assert_eq!(table.into_functions()[1], ("b".to_owned(), -2.0, vec![Some(2.0), Some(3.0), None]));
    assert!(matches!(rewards.score(&inputs[..2]), Err(Error::Rewards { .. })));
}

#[test]
fn functions_that_do_not_fit_together() {
    let refused = |functions, weights: Option<&[f64]>, word: &str| {
        let problem = WeightedRewards::new(functions, weights).unwrap_err().to_string();
        assert!(problem.contains(word), "{problem}");
    };
    refused(vec![], None, "at least one");
    refused(vec![given("a", &[]), given("a", &[])], None, "NAME=a");
    refused(vec![given("a", &[])], Some(&[1.0, 2.0]), "2 weights for 1");
    refused(vec![given("a", &[])], Some(&[f64::NAN]), "NaN");
    let mut infinite = WeightedRewards::new(vec![given("a", &[Some(f64::INFINITY)])], None).unwrap();
    let problem = infinite.score(&[RewardInput::new("p", "x")]).unwrap_err().to_string();
    assert!(problem.contains("reward a") && problem.contains("text 1"), "{problem}");
}

#[test]
fn functions_can_move_to_another_thread() {
    let mut function = "max-words:1".parse::<RewardSpec>().unwrap().build(&CommandOptions::default()).unwrap();
    let thread = std::thread::spawn(move || function.rewards(&[RewardInput::new("p", "x y")]).unwrap());
    assert_eq!(thread.join().unwrap(), [Some(0.0)]);
}
