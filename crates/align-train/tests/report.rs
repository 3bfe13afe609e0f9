//! The page of a run: its figures are those of its metrics file, and it says what is missing.
#![cfg(feature = "report")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_report::{Cell, Figure, Report, SeriesColour};
use align_train::report::{run_page, training_curves};
use align_train::{DpoConfig, EvaluationRecord, Metrics, ModelCard, RunTime, StepMean, StepRecord, TrainingRecords};

fn step(step: u64, loss: f64) -> StepRecord {
    let mut metrics = Metrics::default();
    metrics.set("rewards/margins", -loss);
    StepRecord { loss, grad_norm: 2.0, learning_rate: 1e-5, num_tokens: step, metrics, epoch: 1.0, step }
}

fn evaluation(step: u64) -> EvaluationRecord {
    EvaluationRecord {
        eval_loss: 0.5,
        metrics: Metrics::default(),
        eval_batch_size: None,
        eval_runtime: 1.5,
        epoch: 1.0,
        step,
    }
}

fn card(evaluation: Option<EvaluationRecord>) -> ModelCard<DpoConfig> {
    ModelCard {
        base_model: "gpt2".to_owned(),
        base_model_id: None,
        adapter: false,
        ref_model: None,
        train_data: "pairs.jsonl".to_owned(),
        train_rows: 8,
        config: DpoConfig::default(),
        steps: 4,
        last_mean: StepMean::of(&[step(3, 0.25), step(4, 0.75)]),
        eval_data: evaluation.as_ref().map(|_| "held-out.jsonl".to_owned()),
        evaluation,
        hub_model_id: None,
    }
}

/// A metrics file with a line for every two steps. The last line has the mean of [`card`].
fn records(evaluations: Vec<EvaluationRecord>) -> TrainingRecords {
    TrainingRecords { steps: vec![step(2, 0.75), step(4, 0.5)], evaluations }
}

fn page(evaluation: Option<EvaluationRecord>, evaluations: Vec<EvaluationRecord>, time: &RunTime) -> Report {
    run_page(&card(evaluation), &records(evaluations), time, &serde_json::json!({ "beta": 0.1 }))
}

/// The numbers of a table's first column by the rows' names.
fn numbers(report: &Report, table: usize) -> Vec<(&str, f64)> {
    let number = |cell: Option<&Cell>| match cell {
        Some(Cell::Number(number)) => number.value,
        other => panic!("{other:?}"),
    };
    report.tables[table].rows.iter().map(|row| (row.name.as_str(), number(row.cells.first()))).collect()
}

const TIME: RunTime = RunTime { seconds: 12.0, after_step: 0 };

#[test]
fn the_last_figures_are_where_the_curves_end() {
    let report = page(None, Vec::new(), &TIME);
    assert_eq!(report.tables[0].columns[0].title, "Mean of steps 3 to 4");
    assert_eq!(numbers(&report, 0), [("loss", 0.5), ("grad_norm", 2.0), ("rewards/margins", -0.5)]);
    let Figure::LineChart(loss) = &report.training[0].figure else { panic!("a line chart") };
    assert_eq!(loss.series[0].points.last().unwrap().value, 0.5);
    assert!(
        report.training[0].caption.contains("the mean of the steps since the one before"),
        "{:?}",
        report.training[0]
    );
}

/// Over-optimisation is visible: the reward and the score of the judge that does not train stand side by side.
#[test]
fn rounds_have_curves_of_reward_and_held_out_score() {
    let round = |number: u64, reward: f64, held_out: f64| {
        let mut record = step(number, 0.5);
        for (name, value) in [("reward", reward), ("held_out/varied/mean", held_out), ("objective/kl", 0.1)] {
            record.metrics.set(name, value);
        }
        record
    };
    let records = TrainingRecords { steps: vec![round(1, 0.0, 1.0), round(2, 3.0, 0.5)], evaluations: Vec::new() };
    let drawn: Vec<(String, f64)> = training_curves(&[("run", &records)])
        .iter()
        .filter_map(|figure| match &figure.figure {
            Figure::LineChart(chart) => Some((chart.y.title.clone(), chart.series[0].points.last().unwrap().value)),
            _ => None,
        })
        .collect();
    assert_eq!(drawn[0], ("Reward".to_owned(), 3.0));
    assert_eq!(drawn[1], ("Score of the held-out judge varied".to_owned(), 0.5));
    assert_eq!(drawn[2], ("KL divergence from the reference model (nats)".to_owned(), 0.1));
}

#[test]
fn learning_rate_and_gradient_norm_are_drawn() {
    let report = page(None, Vec::new(), &TIME);
    let titles: Vec<String> = report
        .training
        .iter()
        .filter_map(
            |figure| if let Figure::LineChart(chart) = &figure.figure { Some(chart.y.title.clone()) } else { None },
        )
        .collect();
    assert_eq!(titles, ["Loss", "Reward margin", "Gradient norm", "Learning rate"]);
}

#[test]
fn the_page_says_why_there_is_no_held_out_data() {
    let report = page(None, Vec::new(), &TIME);
    assert!(report.tables[0].caption.ends_with("No held-out data was given."), "{}", report.tables[0].caption);
    assert_eq!(report.tables[0].columns.len(), 1);
    assert!(report.training_note.starts_with("No held-out data was given"), "{}", report.training_note);
    let report = page(Some(evaluation(4)), Vec::new(), &TIME);
    assert!(report.training_note.contains("only at the end"), "{}", report.training_note);
    let report = page(Some(evaluation(4)), vec![evaluation(2)], &TIME);
    assert_eq!((report.training_note.as_str(), report.tables[0].columns.len()), ("", 2));
}

#[test]
fn the_time_is_that_of_steps_and_evaluations() {
    let report = page(Some(evaluation(4)), vec![evaluation(2), evaluation(4)], &TIME);
    let expected = [
        ("Training steps", 9.0),
        ("Evaluations during training (2)", 3.0),
        ("Evaluation at the end", 1.5),
        ("Total", 13.5),
    ];
    assert_eq!(numbers(&report, 1), expected);
    // The evaluation at step 2 was before the resume.
    let resumed = RunTime { seconds: 12.0, after_step: 2 };
    let report = page(Some(evaluation(4)), vec![evaluation(2), evaluation(4)], &resumed);
    assert_eq!(numbers(&report, 1)[0], ("Training steps", 10.5));
    assert!(report.tables[1].caption.contains("resumed after step 2"), "{}", report.tables[1].caption);
}

#[test]
fn the_held_out_rows_of_several_runs_have_the_colours_of_the_runs() {
    let records = records(vec![evaluation(2)]);
    let figures = training_curves(&[("hinge", &records), ("sigmoid", &records)]);
    let Figure::LineChart(loss) = &figures[0].figure else { panic!("a line chart") };
    let found: Vec<(&str, &SeriesColour, bool)> =
        loss.series.iter().map(|line| (line.name.as_str(), &line.colour, line.hollow)).collect();
    let (hinge, sigmoid) = (SeriesColour::NameOf("hinge".to_owned()), SeriesColour::NameOf("sigmoid".to_owned()));
    let own = SeriesColour::OwnName;
    let expected = [
        ("hinge", &own, false),
        ("hinge, held-out", &hinge, true),
        ("sigmoid", &own, false),
        ("sigmoid, held-out", &sigmoid, true),
    ];
    assert_eq!(found, expected);
    // The same learning rate in both runs is one line.
    let Figure::LineChart(rate) = &figures.last().unwrap().figure else { panic!("a line chart") };
    assert_eq!(rate.series.iter().map(|line| line.name.as_str()).collect::<Vec<_>>(), ["all runs"]);
}

#[test]
fn a_metric_that_is_not_finite_is_shown_with_a_minus_sign() {
    let last_mean = StepMean::of(&[step(4, f64::INFINITY)]);
    let card = ModelCard { last_mean, ..card(None) };
    let report = run_page(&card, &records(Vec::new()), &TIME, &serde_json::json!({}));
    let margin = report.tables[0].rows.iter().find(|row| row.name == "rewards/margins").unwrap();
    assert_eq!(margin.cells, [Cell::Text("−inf".to_owned())]);
}
