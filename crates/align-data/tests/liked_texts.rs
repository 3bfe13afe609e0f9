//! Texts with likes: layouts, pairs, labels, and values that cannot be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_choice::likes::{Attention, Measure};
use align_data::likes::{Benchmark, LabelOptions, LikedPairOptions, LikedText, LikesOptions, pair_liked};
use align_data::tables::{LikedTexts, LikesLayout};
use serde_json::{Value, json};
use std::path::PathBuf;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        std::fs::write(self.0.path().join(name), content).unwrap();
        self.0.path().join(name)
    }

    fn lines(&self, name: &str, rows: &[Value]) -> PathBuf {
        self.write(name, &rows.iter().map(|row| format!("{row}\n")).collect::<String>())
    }
}

fn with_prior(first: f64, second: f64) -> LikesOptions {
    LikesOptions { prior: Some((first, second)), ..LikesOptions::default() }
}

#[test]
fn pairs_have_their_probability_as_a_column() {
    let folder = Folder::new();
    let file = folder.write(
        "likes.csv",
        "prompt,text,likes,views\nP,often seen,50,1000\nP,rarely seen,20,100\nP,hardly seen,1,3\nQ,alone,3,5\n",
    );
    let texts = LikedTexts::read(&file).unwrap();
    let options = LikedPairOptions { likes: with_prior(1.0, 19.0), ..LikedPairOptions::default() };
    let (pairs, report) = texts.pair(&options).unwrap();
    assert_eq!(report.likes.measure, Measure::PerView);
    assert_eq!((report.pairs, report.improbable, report.single_texts, report.likes.prompts), (1, 2, 1, 2));
    let pair = &pairs.rows()[0];
    // More likes, but a smaller share of the views.
    assert_eq!((pair.chosen.as_str(), pair.rejected.as_str()), ("rarely seen", "often seen"));
    assert!((pair.chosen_score.unwrap() - 21.0 / 120.0).abs() < 1e-12, "{pair:?}");
    let output = folder.0.path().join("pairs.jsonl");
    pairs.write(&output, false).unwrap();
    let row: Value = serde_json::from_str(std::fs::read_to_string(&output).unwrap().lines().next().unwrap()).unwrap();
    let probability = row["chosen_probability"].as_f64().unwrap();
    assert!(probability > 0.99 && probability <= 1.0, "{row}");
    // All pairs.
    let all = LikedPairOptions { min_probability: 0.5, ..options };
    assert_eq!(texts.pair(&all).unwrap().1.pairs, 3);
}

#[test]
fn drawn_pairs_depend_on_the_seed_only() {
    let text = |at: usize| LikedText {
        prompt: format!("{}", at % 3),
        text: format!("text {at}"),
        likes: (at * at) as f64,
        views: Some(5000.0),
        ..LikedText::default()
    };
    let mut texts: Vec<LikedText> = (0..60).map(text).collect();
    texts.push(LikedText { likes: 0.0, ..texts[59].clone() });
    let of = |pairs_per_prompt, seed| {
        pair_liked(&texts, &LikedPairOptions { pairs_per_prompt, seed, ..LikedPairOptions::default() }).unwrap()
    };
    let (all, report) = of(None, 0);
    assert_eq!((report.identical, report.not_drawn), (1, 0));
    let (drawn, report) = of(Some(7), 1);
    assert_eq!((drawn.len(), report.not_drawn), (21, all.len() - 21));
    assert_eq!(drawn, of(Some(7), 1).0);
    assert_ne!(drawn, of(Some(7), 2).0);
    assert!(drawn.iter().all(|pair| all.contains(pair) && pair.numbers.chosen_probability >= Some(0.9)));
    let mut unique: Vec<_> = drawn.iter().map(|pair| (&pair.chosen, &pair.rejected)).collect();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), 21);
}

#[test]
fn texts_are_labelled_by_credible_bounds() {
    let folder = Folder::new();
    let file = folder.write(
        "likes.csv",
        "prompt,text,likes,dislikes\nP,good,90,10\nP,bad,10,90\nP,unknown,2,2\nP,middling,50,50\nQ,alone,95,5\n",
    );
    let texts = LikedTexts::read(&file).unwrap();
    let likes = with_prior(1.0, 1.0);
    let (rows, report) = texts.label(&LabelOptions { likes: likes.clone(), ..LabelOptions::default() }).unwrap();
    assert_eq!(report.likes.measure, Measure::Approval);
    let labels: Vec<(&str, bool)> = rows.rows().iter().map(|row| (row.completion.as_str(), row.label)).collect();
    assert_eq!(labels, [("good", true), ("bad", false)]);
    assert_eq!((report.desirable, report.undesirable, report.undecided, report.single_texts), (1, 1, 2, 1));
    // The median of the file is 0.5.
    let whole = LabelOptions { benchmark: Benchmark::File, likes, ..LabelOptions::default() };
    let (rows, report) = texts.label(&whole).unwrap();
    assert_eq!(rows.rows().last().map(|row| (row.completion.as_str(), row.label)), Some(("alone", true)));
    assert_eq!((report.desirable, report.undesirable, report.undecided, report.single_texts), (2, 1, 2, 0));
}

fn shp(a: (&str, i64, i64), b: (&str, i64, i64), label: i64) -> Value {
    json!({
        "post_id": "qt3nxl", "domain": "askculinary_train", "upvote_ratio": 0.98, "history": "How long does rice keep?",
        "c_root_id_A": "x", "c_root_id_B": "y", "created_at_utc_A": a.2, "created_at_utc_B": b.2, "score_A": a.1,
        "score_B": b.1, "human_ref_A": a.0, "human_ref_B": b.0, "labels": label, "seconds_difference": 5.0,
        "score_ratio": 2.0,
    })
}

#[test]
fn rows_of_shp_become_comments() {
    let folder = Folder::new();
    let (day, hour) = (1_636_000_000, 3600);
    let (first, late, liked) = (("Days.", 9, day), ("A week.", 9, day + 48 * hour), ("Freeze it.", 60, day + hour));
    let file = folder.lines("shp.jsonl", &[shp(first, late, 1), shp(liked, first, 1), shp(late, liked, 0)]);
    let error = LikedTexts::read(&file).unwrap().pair(&LikedPairOptions::default());
    assert!(error.is_ok(), "{error:?}");
    let file = folder.lines("shp.jsonl", &[shp(liked, first, 1), shp(late, liked, 0), shp(first, late, 1)]);
    let texts = LikedTexts::read(&file).unwrap();
    assert_eq!((texts.source().layout, texts.source().repeated), (LikesLayout::Shp, 3));
    // The author's own vote is not counted.
    let likes: Vec<(&str, f64)> = texts.rows().iter().map(|text| (text.text.as_str(), text.likes)).collect();
    assert_eq!(likes, [("Freeze it.", 59.0), ("Days.", 8.0), ("A week.", 8.0)]);
    let options = |attention| LikedPairOptions {
        likes: LikesOptions { attention, half_life: None, prior: Some((1.0, 1.0)), ..LikesOptions::default() },
        ..LikedPairOptions::default()
    };
    // After two days, a sixteenth of the attention is left.
    let (pairs, report) = texts.pair(&options(None)).unwrap();
    assert_eq!((report.likes.attention, report.likes.half_life), (Some(Attention::Thread), Some(12.0)));
    let chosen = |rejected: &str| {
        let pair = pairs.rows().iter().find(|pair| pair.rejected == rejected);
        pair.map(|pair| pair.chosen.clone())
    };
    assert_eq!(report.pairs, 2);
    assert_eq!(pairs.rows().iter().filter(|pair| pair.rejected == "Days.").count(), 2);
    assert_eq!(chosen("A week."), None);
    let (pairs, report) = texts.pair(&options(Some(Attention::Equal))).unwrap();
    assert_eq!((report.pairs, report.likes.half_life), (2, None));
    assert!(pairs.rows().iter().all(|pair| pair.chosen == "Freeze it."));
}

fn comment(id: &str, parent: &str, body: &str, score: i64) -> Value {
    json!({"id": id, "parent_id": parent, "link_id": "t3_post", "body": body, "score": score, "created_utc": 1_600_003_600,
           "author": "someone", "controversiality": 0, "gildings": {}, "edited": false})
}

#[test]
fn comments_of_reddit_answer_their_parents() {
    let folder = Folder::new();
    let submission = json!({"id": "post", "title": "Why is the sky blue?", "selftext": "My child asks.", "score": 812,
                            "upvote_ratio": 0.97, "created_utc": 1_600_000_000, "num_comments": 5});
    let rows = [
        submission,
        comment("a", "t3_post", "Rayleigh scattering.", 120),
        comment("b", "t3_post", "It reflects the sea.", -4),
        comment("c", "t1_a", "Why not violet?", 30),
        comment("d", "t1_a", "Thanks.", 2),
        comment("e", "t3_post", "[deleted]", 5),
        comment("f", "t1_e", "Good answer.", 3),
        comment("g", "t1_elsewhere", "Lost.", 3),
    ];
    let file = folder.lines("reddit.jsonl", &rows);
    let texts = LikedTexts::read(&file).unwrap();
    let source = texts.source();
    assert_eq!(source.layout, LikesLayout::Reddit);
    assert_eq!((source.removed, source.without_parent, source.below_one), (1, 2, 1));
    let found: Vec<(&str, &str, f64)> =
        texts.rows().iter().map(|text| (text.prompt.as_str(), text.text.as_str(), text.likes)).collect();
    let question = "Why is the sky blue?\n\nMy child asks.";
    assert_eq!(
        found,
        [
            (question, "Rayleigh scattering.", 119.0),
            (question, "It reflects the sea.", 0.0),
            ("Rayleigh scattering.", "Why not violet?", 29.0),
            ("Rayleigh scattering.", "Thanks.", 1.0),
        ]
    );
    assert_eq!(texts.rows()[0].thread_time, Some(1_600_000_000.0));
    let (pairs, _) = texts.pair(&LikedPairOptions::default()).unwrap();
    assert_eq!(
        pairs.rows().iter().map(|pair| pair.chosen.as_str()).collect::<Vec<_>>(),
        ["Rayleigh scattering.", "Why not violet?"]
    );
}

#[test]
fn other_forms_of_reddit() {
    let folder = Folder::new();
    // Comments joined with the title of their submission, in CSV.
    let file = folder
        .write("joined.csv", "title,body,score,created_utc\nWhy?,Because.,12,1600000000\nWhy?,So what.,0,1600000100\n");
    let texts = LikedTexts::read(&file).unwrap();
    assert_eq!(texts.rows()[1].prompt, "Why?");
    assert_eq!((texts.rows()[0].likes, texts.rows()[1].time), (11.0, Some(1_600_000_100.0)));
    // Old dumps count votes for and against.
    let row = |body: &str, ups: i64, downs: i64| json!({"title": "Why?", "body": body, "ups": ups, "downs": downs, "score": ups - downs, "created_utc": "1300000000"});
    let texts = LikedTexts::read(folder.lines("old.jsonl", &[row("A", 90, 10), row("B", 4, 40)])).unwrap();
    assert_eq!(
        texts.rows().iter().map(|text| (text.likes, text.dislikes)).collect::<Vec<_>>(),
        [(89.0, Some(10.0)), (3.0, Some(40.0))]
    );
    assert_eq!(
        texts.pair(&LikedPairOptions { likes: with_prior(1.0, 1.0), ..LikedPairOptions::default() }).unwrap().1.pairs,
        1
    );
    // Submissions: 60 votes for and 20 against.
    let post =
        |title: &str, ratio: f64| json!({"title": title, "selftext": "Text.", "score": 40, "upvote_ratio": ratio});
    let texts = LikedTexts::read(folder.lines("posts.jsonl", &[post("One", 0.75), post("Two", 1.0)])).unwrap();
    let counts: Vec<_> = texts.rows().iter().map(|text| (text.prompt.as_str(), text.likes, text.dislikes)).collect();
    assert_eq!(counts, [("One", 59.0, Some(20.0)), ("Two", 39.0, Some(0.0))]);
}

#[test]
fn columns_may_have_other_names_and_times_be_dates() {
    let folder = Folder::new();
    let file = folder
        .write("own.csv", "question,answer,hearts,posted\nP,early,30,2024-05-01\nP,late,30,2024-05-03T00:00:00Z\n");
    let names = "prompt=question,text=answer,likes=hearts,time=posted".parse().unwrap();
    let texts = LikedTexts::read_renamed(&file, &names).unwrap();
    assert_eq!(texts.rows()[1].time.unwrap() - texts.rows()[0].time.unwrap(), 48.0 * 3600.0);
    let (pairs, _) =
        texts.pair(&LikedPairOptions { likes: with_prior(0.5, 0.1), ..LikedPairOptions::default() }).unwrap();
    assert_eq!(pairs.rows()[0].chosen, "late");
    // If each text has its own attention until the likes were counted, the new one has had less time.
    let likes = LikesOptions {
        attention: Some(Attention::Text),
        as_of: Some(1_714_521_600.0 + 49.0 * 3600.0),
        ..with_prior(0.5, 0.1)
    };
    let (pairs, report) = texts.pair(&LikedPairOptions { likes, ..LikedPairOptions::default() }).unwrap();
    assert_eq!(pairs.rows()[0].chosen, "late");
    assert_eq!(report.likes.attention, Some(Attention::Text));
}

fn refusal(content: &str, likes: LikesOptions) -> String {
    let folder = Folder::new();
    let texts = LikedTexts::read(folder.write("likes.csv", content));
    let options = LikedPairOptions { likes, ..LikedPairOptions::default() };
    texts.and_then(|texts| texts.pair(&options)).unwrap_err().to_string()
}

const VIEWED: &str = "prompt,text,likes,views\nP,a,1,10\nP,b,9,10\n";

#[test]
fn values_that_cannot_be() {
    for (content, expected) in [
        ("prompt,text,likes,views\nP,a,1,5\nP,b,6,5\n", "likes.csv, row 2: found 6 likes and 5 views"),
        ("prompt,text,likes\nP,a,1\nP,b,-1\n", "likes.csv, row 2: likes is -1, expected a whole number"),
        ("prompt,text,likes\nP,a,1.5\n", "likes.csv, row 1: likes is 1.5"),
        ("prompt,text,likes\nP,a,NaN\n", "likes.csv, row 1, column \"likes\": expected a finite number, found NaN"),
        ("prompt,text,likes,time\nP,a,1,soon\n", "likes.csv, row 1, column \"time\": expected seconds since 1970"),
        ("prompt,text,likes,time\nP,a,1,2999-01-01\n", "likes.csv, row 1: the time is 32472144000 s since 1970"),
        ("prompt,text,likes,time\nP,a,1,1600000000000\n", "in milliseconds"),
        ("prompt,text,likes\nP,a,0\nP,b,0\n", "likes: no prior can be estimated, because no text has a like"),
        ("prompt,text,likes,views,dislikes\nP,a,1,5,0\n", "option measure: expected per-view or approval"),
        ("prompt,text,views\nP,a,5\n", "expected a column \"likes\""),
        ("prompt,text,likes\n", "fewer than two texts"),
        ("prompt,text,likes,thread_time\nP,a,1,5\n", "expected a column \"time\""),
    ] {
        let found = refusal(content, LikesOptions::default());
        assert!(found.contains(expected), "{found}, expected {expected}");
    }
}

#[test]
fn options_that_cannot_be() {
    let default = LikesOptions::default;
    let plain = "prompt,text,likes\nP,a,1\nP,b,9\n";
    let timed = "prompt,text,likes,time\nP,a,1,1600000000\nP,b,9,1600000100\n";
    for (content, likes, expected) in [
        (plain, LikesOptions { measure: Some(Measure::PerView), ..default() }, "the measure per-view needs views"),
        (
            plain,
            LikesOptions { half_life: Some(3.0), ..default() },
            "option half_life: expected no value, because not all texts have a time",
        ),
        (plain, LikesOptions { attention: Some(Attention::Thread), ..default() }, "option attention: expected equal"),
        (
            VIEWED,
            LikesOptions { as_of: Some(2e9), ..default() },
            "option as_of: expected no value, because likes per view",
        ),
        (
            timed,
            LikesOptions { half_life: Some(0.0), ..default() },
            "option half_life: expected a number of hours above 0",
        ),
        (
            timed,
            LikesOptions { attention: Some(Attention::Text), ..default() },
            "option as_of: expected the time of the counts",
        ),
        (
            timed,
            LikesOptions { as_of: Some(1_600_000_050.0), ..default() },
            "likes.csv, row 2: the time is 1600000100 s",
        ),
        (plain, with_prior(0.0, 1.0), "option prior: expected two numbers"),
    ] {
        let found = refusal(content, likes);
        assert!(found.contains(expected), "{found}, expected {expected}");
    }
}

#[test]
fn probabilities_that_cannot_be() {
    let folder = Folder::new();
    let texts = LikedTexts::read(folder.write("likes.csv", VIEWED)).unwrap();
    for min_probability in [0.4, 1.0, f64::NAN] {
        let options = LikedPairOptions { min_probability, ..LikedPairOptions::default() };
        let problem = texts.pair(&options).unwrap_err().to_string();
        assert!(problem.starts_with("option min_probability: expected a number from 0.5"), "{problem}");
    }
    let options = LikedPairOptions { pairs_per_prompt: Some(0), ..LikedPairOptions::default() };
    assert!(texts.pair(&options).is_err());
    let options = LabelOptions { credible_level: 95.0, ..LabelOptions::default() };
    assert!(texts.label(&options).unwrap_err().to_string().starts_with("option credible_level"));
}

#[test]
fn rows_of_layouts_that_contradict_themselves() {
    let folder = Folder::new();
    let rows = [
        shp(("a", 9, 1_600_000_000), ("b", 2, 1_600_000_000), 1),
        shp(("c", 3, 1_600_000_000), ("d", 2, 1_600_000_000), 0),
    ];
    let error = LikedTexts::read(folder.lines("shp.jsonl", &rows)).unwrap_err().to_string();
    assert!(
        error.ends_with("row 2, column \"labels\": expected 1, because score_A is above score_B, found 0"),
        "{error}"
    );
    // The row of an error is that of the file, not the number of the comment.
    let rows = [
        shp(("a", 9, 1_600_000_000), ("b", 2, 1_600_000_000), 1),
        shp(("c", 3, 32_472_144_000), ("d", 2, 1_600_000_000), 1),
    ];
    let texts = LikedTexts::read(folder.lines("shp.jsonl", &rows)).unwrap();
    let error = texts.pair(&LikedPairOptions::default()).unwrap_err().to_string();
    assert!(error.contains("shp.jsonl, row 2: the time is 32472144000 s"), "{error}");
    let error = LikedTexts::read(folder.lines("other.jsonl", &[json!({"a": 1})])).unwrap_err().to_string();
    assert!(error.contains("\"prompt\", \"text\", \"likes\", or \"history\""), "{error}");
}
