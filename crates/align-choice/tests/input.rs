//! Names of rules and invalid input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_choice::{Ballot, Judge, Options, Outcome, Profile, Rule, Scale, ScoreTable, Threshold, TieBreak, Unranked};

fn table() -> ScoreTable {
    ScoreTable::new(["a", "b"], [Judge::new("safe", [1.0, 2.0]), Judge::new("short", [-1.0, 0.0])]).unwrap()
}

fn refused(rule: &str, options: &Options) -> String {
    rule.parse::<Rule>().unwrap().apply(&table(), options).unwrap_err().to_string()
}

#[test]
fn names_of_rules() {
    let mut rules = Rule::all();
    let threshold = |judge: &str, least| Threshold { judge: judge.to_owned(), least };
    rules.push(Rule::Nash { zero: -2.5 });
    for objective in [Rule::WeightedSum(Scale::Raw), Rule::Leximin(Scale::ZScore), Rule::Nash { zero: 1e-3 }] {
        let thresholds = vec![threshold("safe", 0.5), threshold("name: with colon", -1e9)];
        rules.push(Rule::Threshold { thresholds, objective: Box::new(objective) });
    }
    for rule in rules {
        let name = rule.to_string();
        assert_eq!(name.parse::<Rule>().unwrap(), rule, "{name}");
        let json = serde_json::to_string(&rule).unwrap();
        assert_eq!(json, format!("{name:?}"));
        assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
        assert!(Rule::NAMES.iter().any(|form| form.starts_with(rule.family())), "{name}");
    }
    let spaced: Rule = "threshold:safe >= 0.5, short>=-1:borda".parse().unwrap();
    assert_eq!(spaced.to_string(), "threshold:safe>=0.5,short>=-1:borda");
}

#[test]
fn invalid_names() {
    let message = |text: &str| text.parse::<Rule>().unwrap_err().to_string();
    assert!(message("Borda").starts_with("unknown rule Borda: expected one of plurality, borda, copeland, minimax, "));
    assert!(message("").contains("kemeny-young, smith-set, maximal-lotteries, weighted-sum,"));
    assert_eq!(
        message("borda:zscore"),
        "rule borda: found \"zscore\", expected the name alone, because the rule has no parameter"
    );
    assert_eq!(
        message("schulze:losing"),
        "rule schulze: found \"losing\", expected winning-votes, or nothing for margins"
    );
    assert_eq!(
        message("weighted-sum:"),
        "rule weighted-sum: found nothing, expected zscore, quantile, or nothing for raw scores"
    );
    assert_eq!(
        message("nash:nan"),
        "rule nash: found \"nan\", expected a finite number, the score at which the utility is 0"
    );
    for wrong in ["threshold", "threshold:safe", "threshold:>=1", "threshold:a>=inf", "threshold:a>=1:threshold:b>=2"] {
        assert!(message(wrong).contains("expected JUDGE>=VALUE, several with commas"), "{wrong}: {}", message(wrong));
    }
    assert!(message("threshold:a>=1:bord").starts_with("unknown rule bord:"));
}

#[test]
fn invalid_tables() {
    let message = |judges: Vec<Judge>| ScoreTable::new(["a", "b"], judges).unwrap_err().to_string();
    let judge = || Judge::new("safe", [1.0, 2.0]);
    assert_eq!(message(vec![]), "there are no judges: expected at least one");
    assert_eq!(
        ScoreTable::new(Vec::<String>::new(), [Judge::new("safe", [])]).unwrap_err().to_string(),
        "there are no candidates: expected at least one"
    );
    assert_eq!(message(vec![judge(), judge()]), "two judges are named safe: expected different names");
    assert_eq!(
        message(vec![Judge::new("safe", [1.0])]),
        "judge safe: expected a score or an abstention for each of the 2 candidates, found 1"
    );
    for value in [f64::NAN, f64::INFINITY] {
        let expected = format!(
            "judge safe, candidate b: the score is {value}, expected a finite number: leave the score out if the judge abstains"
        );
        assert_eq!(message(vec![Judge::new("safe", [1.0, value])]), expected);
    }
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        let expected = format!("the weight of judge safe is {weight}, expected a finite number of at least 0");
        assert_eq!(message(vec![judge().weighted(weight)]), expected);
    }
    assert_eq!(message(vec![judge().weighted(0.0)]), "all weights are 0: expected a positive weight");
    let small = Judge::new("short", [0.0, 0.0]).weighted(1e-12);
    assert_eq!(
        message(vec![judge(), small]),
        "the weight of judge short is 0.000000000001, less than a billionth of the greatest weight, 1: set it to 0, or bring the weights \
         closer"
    );
}

#[test]
fn invalid_profiles() {
    let message = |text: &str| text.parse::<Profile>().unwrap_err().to_string();
    assert_eq!(message(""), "there are no candidates: expected at least one");
    assert_eq!(message("x: A > B"), "line 1: \"x\" is not a number, expected a form such as \"3: A > B = C\"");
    assert_eq!(
        message("A > B\n2: A > > B"),
        "line 2: the name of a candidate is missing, expected a form such as \"3: A > B = C\""
    );
    assert_eq!(message("A > B\nA > B = A"), "ballot 2 ranks A twice");
    assert_eq!(message("-2: A > B"), "the weight of ballot 1 is -2, expected a finite number of at least 0");
    assert_eq!(
        Profile::new(["a"], [Ballot::strict([0, 1], 1.0)]).unwrap_err().to_string(),
        "ballot 1 ranks candidate 1, but there are 1 candidates, counted from 0"
    );
    assert_eq!(Profile::new(["a"], []).unwrap_err().to_string(), "there are no ballots: expected at least one");
    let profile: Profile = "A > B".parse().unwrap();
    let error = Rule::Leximin(Scale::Raw).apply_to_profile(&profile, &Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rule leximin needs scores, but a profile has rankings only: apply it to a table of scores"
    );
}

#[test]
fn options_that_do_not_suit_the_rule() {
    let last = Options { unranked: Unranked::Last, ..Options::default() };
    for rule in ["nash:-5", "threshold:safe>=1"] {
        assert!(
            refused(rule, &last)
                .ends_with("so that the option for unranked candidates has no effect: leave it at its default")
        );
    }
    assert!("threshold:safe>=1:borda".parse::<Rule>().unwrap().apply(&table(), &last).is_ok());
    let order = |order: &[usize]| {
        refused("borda", &Options { tie_break: TieBreak::Order(order.to_vec()), ..Options::default() })
    };
    let begin = "the order that breaks ties must have each of the 2 candidates once, found ";
    assert_eq!(order(&[0]), format!("{begin}1"));
    assert_eq!(order(&[0, 0]), format!("{begin}candidate 0 twice"));
    assert_eq!(order(&[0, 2]), format!("{begin}candidate 2, counted from 0"));
}

#[test]
fn scores_that_do_not_suit_the_rule() {
    let default = Options::default();
    assert_eq!(
        refused("nash", &default),
        "judge short, candidate a: the score -1 is below the zero point 0 of the Nash product: choose a lower one, such as nash:-1"
    );
    assert_eq!(
        refused("threshold:saef>=1", &default),
        "threshold: there is no judge saef, expected one of safe, short"
    );
    assert!(refused("threshold:safe>=1,short>=0", &default).contains("none is left for the objective"));
    let huge = ScoreTable::new(["a", "b"], [Judge::new("huge", [f64::MAX, -f64::MAX])]).unwrap();
    for (rule, what) in [
        ("weighted-sum:zscore", "standard deviation"),
        ("leximin:zscore", "standard deviation"),
        ("nash:-1e308", "zero point"),
    ] {
        let message = rule.parse::<Rule>().unwrap().apply(&huge, &default).map_err(|e| e.to_string());
        assert!(message.as_ref().is_err_and(|e| e.contains(what) || e.contains("below the zero point")), "{message:?}");
    }
    // Rules built by hand are checked too.
    let objective = || Box::new(Rule::Borda);
    let thresholds = |least| vec![Threshold { judge: "safe".to_owned(), least }];
    for rule in [
        Rule::Nash { zero: f64::NAN },
        Rule::Threshold { thresholds: vec![], objective: objective() },
        Rule::Threshold { thresholds: thresholds(f64::NAN), objective: objective() },
        Rule::Threshold {
            thresholds: thresholds(1.0),
            objective: Box::new(Rule::Threshold { thresholds: thresholds(1.0), objective: objective() }),
        },
    ] {
        assert!(rule.apply(&table(), &default).is_err(), "{rule}");
    }
}

#[test]
fn outcomes_as_json() {
    for rule in [Rule::KemenyYoung, Rule::MaximalLotteries, "threshold:safe>=2".parse().unwrap()] {
        let outcome = rule.apply(&table(), &Options::default()).unwrap();
        let json = serde_json::to_string(&outcome).unwrap();
        assert_eq!(serde_json::from_str::<Outcome>(&json).unwrap(), outcome, "{json}");
    }
    let outcome = Rule::Borda.apply(&table(), &Options::default()).unwrap();
    assert_eq!(serde_json::to_string(&outcome).unwrap(), r#"{"ranking":[[1],[0]],"winners":[1],"scores":[-2.0,2.0]}"#);
}
