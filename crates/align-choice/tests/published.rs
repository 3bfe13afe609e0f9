//! Elections from the literature, with the results that are given there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_choice::{
    Outcome, PairwisePreferences, Profile, Rule, Unranked, condorcet_cycle, condorcet_winner, smith_set,
};

fn profile(text: &str) -> Profile {
    text.parse().unwrap()
}

fn pairs(profile: &Profile) -> PairwisePreferences {
    PairwisePreferences::new(profile, Unranked::NoOpinion).unwrap()
}

fn outcome(profile: &Profile, rule: &str) -> Outcome {
    rule.parse::<Rule>().unwrap().apply_to_profile(profile, &Default::default()).unwrap()
}

fn ranking(profile: &Profile, rule: &str) -> String {
    outcome(profile, rule).ranking.to_text(profile.candidates())
}

fn scores(profile: &Profile, rule: &str) -> Vec<f64> {
    outcome(profile, rule).scores.into_iter().flatten().collect()
}

/// Tennessee's capital, the usual example of textbooks and encyclopedias.
#[test]
fn tennessee() {
    let profile = profile("42: M > N > C > K\n26: N > C > K > M\n15: C > K > N > M\n17: K > C > N > M");
    assert_eq!(ranking(&profile, "plurality"), "M > N > K > C");
    assert_eq!(scores(&profile, "plurality"), [42.0, 26.0, 15.0, 17.0]);
    // Borda's points are 126, 194, 173 and 107. The sums of margins are twice the points, minus 3 × 100.
    assert_eq!(scores(&profile, "borda"), [126.0, 194.0, 173.0, 107.0].map(|points| 2.0 * points - 300.0));
    for rule in ["borda", "minimax"] {
        assert_eq!(outcome(&profile, rule).winners, [1], "{rule}");
    }
    for rule in ["copeland", "ranked-pairs", "schulze", "kemeny-young", "smith-set"] {
        assert_eq!(ranking(&profile, rule), "N > C > K > M", "{rule}");
    }
    // The ranking agrees with 393 of the 600 pairwise preferences.
    let kemeny = outcome(&profile, "kemeny-young").kemeny.unwrap();
    assert_eq!((kemeny.distance, kemeny.lower_bound, kemeny.is_exact), (207.0, 207.0, true));
    assert_eq!(outcome(&profile, "maximal-lotteries").lottery.unwrap(), [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(condorcet_winner(&pairs(&profile)), Some(1));
}

/// Schulze, 2011, example 1 with 45 voters: E > A > C > B > D.
#[test]
fn schulze_with_45_voters() {
    let profile = profile(
        "5: A > C > B > E > D\n5: A > D > E > C > B\n8: B > E > D > A > C\n3: C > A > B > E > D
         7: C > A > E > B > D\n2: C > B > A > D > E\n7: D > C > E > B > A\n8: E > B > A > D > C",
    );
    let at = |name: &str| profile.candidates().iter().position(|other| other == name).unwrap();
    let pairs = pairs(&profile);
    for (x, y, weight) in [("A", "B", 20.0), ("A", "C", 26.0), ("B", "D", 33.0), ("C", "A", 19.0), ("E", "D", 31.0)] {
        assert_eq!(pairs.weight(at(x), at(y)), weight, "{x} {y}");
    }
    assert_eq!(ranking(&profile, "schulze"), "E > A > C > B > D");
    assert_eq!(ranking(&profile, "schulze:winning-votes"), "E > A > C > B > D");
    assert_eq!(smith_set(&pairs).len(), 5);
}

/// Condorcet, 1785: majorities can form a cycle.
#[test]
fn condorcet_paradox() {
    let profile = profile("A > B > C\nB > C > A\nC > A > B");
    assert_eq!(condorcet_cycle(&pairs(&profile)), Some(vec![0, 1, 2]));
    assert_eq!(condorcet_winner(&pairs(&profile)), None);
    for rule in Rule::all().into_iter().filter(Rule::is_on_rankings) {
        assert_eq!(ranking(&profile, &rule.to_string()), "A = B = C", "{rule}");
    }
    let lottery = outcome(&profile, "maximal-lotteries").lottery.unwrap();
    assert!(lottery.iter().all(|probability| (probability - 1.0 / 3.0).abs() < 1e-12), "{lottery:?}");
}

/// Borda, 1781: 21 voters, of whom 8 put A first, but 13 put it last. Points of 3, 2 and 1 are 37, 42 and 47.
#[test]
fn borda_with_21_voters() {
    let profile = profile("1: A > B > C\n7: A > C > B\n7: B > C > A\n6: C > B > A");
    assert_eq!(ranking(&profile, "plurality"), "A > B > C");
    assert_eq!(ranking(&profile, "borda"), "C > B > A");
    assert_eq!(scores(&profile, "borda"), [37.0, 42.0, 47.0].map(|points| 2.0 * points - 4.0 * 21.0));
    assert_eq!(ranking(&profile, "copeland"), "C > B > A");
}

/// Condorcet, 1785: 81 voters, of whom 41 prefer A to B and 60 prefer A to C, but no points by rank let A win.
#[test]
fn condorcet_against_borda_with_81_voters() {
    let profile = profile("30: A > B > C\n1: A > C > B\n29: B > A > C\n10: B > C > A\n10: C > A > B\n1: C > B > A");
    assert_eq!(condorcet_winner(&pairs(&profile)), Some(0));
    assert_eq!(ranking(&profile, "borda"), "B > A > C");
    assert_eq!(scores(&profile, "borda"), [101.0, 109.0, 33.0].map(|points| 2.0 * points - 2.0 * 81.0));
    for rule in ["copeland", "minimax", "ranked-pairs", "schulze", "kemeny-young"] {
        assert_eq!(outcome(&profile, rule).winners, [0], "{rule}");
    }
}

/// Condorcet, 1785, in Young, "Condorcet's theory of voting", 1988: 60 voters and a cycle. The ranking with the most support is B > C > A, which
/// 104 of 180 preferences agree with. Borda's points are 58, 69 and 53.
#[test]
fn young_with_60_voters() {
    let profile = profile("23: A > B > C\n17: B > C > A\n2: B > A > C\n10: C > A > B\n8: C > B > A");
    assert_eq!(condorcet_cycle(&pairs(&profile)), Some(vec![0, 1, 2]));
    assert_eq!(ranking(&profile, "kemeny-young"), "B > C > A");
    assert_eq!(outcome(&profile, "kemeny-young").kemeny.unwrap().distance, 180.0 - 104.0);
    assert_eq!(scores(&profile, "borda"), [58.0, 69.0, 53.0].map(|points| 2.0 * points - 120.0));
    // The weakest majority, A over B by 33 to 27, is dropped.
    for rule in ["ranked-pairs", "schulze"] {
        assert_eq!(ranking(&profile, rule), "B > C > A", "{rule}");
    }
    assert_eq!(ranking(&profile, "minimax"), "B > A > C");
}

/// Rock, paper, scissors with unequal margins. In a cycle of three, the probability of each is proportional to the margin between the other two
/// (Fishburn, 1984).
#[test]
fn maximal_lottery_of_a_cycle() {
    // A beats B by 1, B beats C by 5, C beats A by 3.
    let profile = profile("3: A > B > C\n4: B > C > A\n2: C > A > B");
    let lottery = outcome(&profile, "maximal-lotteries").lottery.unwrap();
    for (probability, expected) in lottery.iter().zip([5.0 / 9.0, 3.0 / 9.0, 1.0 / 9.0]) {
        assert!((probability - expected).abs() < 1e-12, "{lottery:?}");
    }
    let drawn = |uniform| outcome(&profile, "maximal-lotteries").draw(uniform);
    assert_eq!([0.0, 0.55, 0.56, 0.88, 0.9, 1.0].map(drawn), [0, 0, 1, 1, 2, 2].map(Some));
    assert_eq!(outcome(&profile, "borda").draw(0.5), None);
}

/// The Smith set in the presence of a candidate that loses to all of a cycle, and ties at the top of a profile (Smith, 1973).
#[test]
fn smith_set_of_a_cycle() {
    let profile = profile("3: D > A > B > C\n2: B > C > A > D\n2: C > A > B > D");
    // D is first for 3 of 7, and loses 3 to 4 to each of the others.
    assert_eq!(ranking(&profile, "plurality"), "D > B = C > A");
    assert_eq!(ranking(&profile, "smith-set"), "A = B = C > D");
    let cycle = condorcet_cycle(&pairs(&profile)).unwrap();
    let names: Vec<&str> = cycle.iter().map(|at| profile.candidates()[*at].as_str()).collect();
    assert_eq!(names, ["A", "B", "C"]);
    // A tie of two undefeated candidates is not a cycle.
    let tied = "A > B > C\nB > A > C".parse().unwrap();
    assert_eq!(smith_set(&self::pairs(&tied)), [0, 1]);
    assert_eq!(condorcet_cycle(&self::pairs(&tied)), None);
}
