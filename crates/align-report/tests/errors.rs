//! Figures and tables that cannot be drawn are errors that name the invalid part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sample;

use align_report::{
    Axis, Cell, Column, Dendrogram, DendrogramMerge, Estimate, Figure, FigureSize, HeatMap, Histogram, HistogramGroup,
    HistogramHeight, LineChart, LinePoint, LineSeries, Report, Row, Scatter, ScatterPoint, ScatterSeries, Table,
};

const SIZE: FigureSize = FigureSize { width: 720, height: 440 };

fn error_message(figure: impl Into<Figure>) -> String {
    figure.into().draw(SIZE).expect_err("must be refused").to_string()
}

fn scatter(point: ScatterPoint) -> Scatter {
    let good = ScatterPoint::new("1", Estimate::exact(1.0), Estimate::exact(1.0));
    Scatter {
        title: "Frontier".to_owned(),
        x: Axis::linear("x"),
        y: Axis::linear("y"),
        series: vec![ScatterSeries::curve("hinge", vec![good, point])],
        point_labels: None,
        baseline: None,
        pareto: None,
    }
}

fn point(x: Estimate, y: Estimate) -> ScatterPoint {
    ScatterPoint::new("0.1", x, y)
}

fn line(points: &[(f64, f64)]) -> LineChart {
    LineChart {
        title: "Curve".to_owned(),
        x: Axis::linear("Step"),
        y: Axis::linear("Loss"),
        series: vec![LineSeries::new("loss", points.iter().copied())],
        smoothing: None,
    }
}

#[test]
fn numbers_of_a_scatter() {
    let one = Estimate::exact(1.0);
    let place = "figure \"Frontier\", series \"hinge\", point 2 (\"0.1\")";
    let number = "expected a finite number of at most 1e100";
    for (x, y, problem) in [
        (Estimate::exact(f64::NAN), one, format!("x: {number}, found NaN")),
        (one, Estimate::exact(f64::INFINITY), format!("y: {number}, found inf")),
        (one, Estimate::exact(-1e101), format!("y: {number}, found -1")),
        (Estimate::new(1.0, f64::NEG_INFINITY, 2.0), one, format!("lower end of x: {number}, found -inf")),
        (one, Estimate::new(1.0, 0.0, f64::NAN), format!("upper end of y: {number}, found NaN")),
        (
            one,
            Estimate::new(1.0, 2.0, 0.5),
            "y: expected an interval whose lower end is not above its upper end, found 2 to 0.5".to_owned(),
        ),
    ] {
        let message = error_message(scatter(point(x, y)));
        assert!(message.starts_with(&format!("{place}: {problem}")), "{message}");
    }
    let mut with_baseline = scatter(point(one, one));
    with_baseline.baseline = Some(ScatterPoint::new("SFT", one, Estimate::exact(f64::NAN)));
    assert!(error_message(with_baseline).starts_with("figure \"Frontier\", baseline (\"SFT\"): y: "));
}

#[test]
fn numbers_that_do_not_fit_on_a_logarithmic_axis() {
    let one = Estimate::exact(1.0);
    let log = |x: f64| Scatter { x: Axis::log("x"), ..scatter(point(Estimate::exact(x), one)) };
    for x in [0.0, -1.0, 1e-101] {
        let message = error_message(log(x));
        assert!(
            message.contains("point 2 (\"0.1\"): x: expected a number above 0, since the axis is logarithmic"),
            "{message}"
        );
    }
    // An error bar may extend below 0. A baseline is drawn as a line, unless it fits on neither axis.
    Figure::from(Scatter { x: Axis::log("x"), ..scatter(point(Estimate::new(1.0, -1.0, 2.0), one)) })
        .draw(SIZE)
        .unwrap();
    let zero = ScatterPoint::new("SFT", Estimate::exact(0.0), Estimate::exact(0.0));
    let mut with_baseline = log(2.0);
    with_baseline.baseline = Some(zero);
    Figure::from(with_baseline.clone()).draw(SIZE).unwrap();
    with_baseline.y = Axis::log("y");
    assert!(error_message(with_baseline).contains("baseline (\"SFT\"): x: expected a number above 0"));
}

#[test]
fn steps_and_values_of_a_line() {
    for (points, problem) in [
        (&[(1.0, 1.0), (f64::NAN, 2.0)][..], "series \"loss\", point 2: step: expected a finite number"),
        (
            &[(1.0, 1.0), (1.0, 2.0)],
            "series \"loss\", point 2: expected a step greater than the previous one, 1, found 1",
        ),
        (
            &[(2.0, 1.0), (1.0, 2.0)],
            "series \"loss\", point 2: expected a step greater than the previous one, 2, found 1",
        ),
        (&[(1.0, f64::NAN)], "series \"loss\": expected at least one value that can be drawn, found none"),
        (&[], "series \"loss\": expected at least one value that can be drawn, found none"),
    ] {
        let message = error_message(line(points));
        assert!(message.starts_with(&format!("figure \"Curve\", {problem}")), "{message}");
    }
    let log = LineChart { x: Axis::log("Step"), ..line(&[(0.0, 1.0)]) };
    assert!(error_message(log).contains("point 1: step: expected a number above 0"));
    for weight in [-0.1, 1.0, f64::NAN] {
        let message = error_message(LineChart { smoothing: Some(weight), ..line(&[(1.0, 1.0)]) });
        assert!(message.starts_with("option smoothing: expected at least 0 and below 1, found"), "{message}");
    }
    let json = serde_json::to_string(&LinePoint { step: 1.0, value: f64::INFINITY }).unwrap();
    assert_eq!(json, r#"{"step":1.0,"value":null}"#);
}

#[test]
fn values_of_a_histogram() {
    let histogram = |values: Vec<f64>| Histogram {
        title: "Rewards".to_owned(),
        x: "Reward".to_owned(),
        height: HistogramHeight::Share,
        groups: vec![HistogramGroup::new("after", values)],
    };
    let message = error_message(histogram(vec![0.0, f64::NAN]));
    assert!(
        message.starts_with("figure \"Rewards\", group \"after\", value 2: value: expected a finite number"),
        "{message}"
    );
    assert_eq!(
        error_message(histogram(vec![])),
        "figure \"Rewards\", group \"after\": expected at least one value, found none"
    );
}

#[test]
fn figures_without_data() {
    let mut empty = scatter(point(Estimate::exact(1.0), Estimate::exact(1.0)));
    empty.series.clear();
    assert_eq!(error_message(empty), "figure \"Frontier\": expected at least one point, found none");
    assert_eq!(
        error_message(LineChart { series: Vec::new(), ..line(&[]) }),
        "figure \"Curve\": expected at least one series, found none"
    );
}

#[test]
fn sizes_and_resolutions() {
    let figure = Figure::from(line(&[(1.0, 1.0)]));
    for (width, height, message) in [
        (239, 440, "option width: expected 240 to 4000 pixels, found 239"),
        (720, 4001, "option height: expected 180 to 4000 pixels, found 4001"),
    ] {
        assert_eq!(figure.draw(FigureSize { width, height }).expect_err("size").to_string(), message);
    }
    let drawing = figure.draw(FigureSize { width: 4000, height: 4000 }).unwrap();
    for dots_per_inch in [0, 300] {
        let message = drawing.png(dots_per_inch).map(|_| ()).expect_err("resolution").to_string();
        assert!(message.starts_with("option dots_per_inch: expected"), "{message}");
    }
}

#[test]
fn tables_and_texts_of_a_report() {
    let table = |cells: Vec<Cell>| Report {
        tables: vec![Table {
            caption: "Results".to_owned(),
            row_title: "Model".to_owned(),
            columns: vec![Column::new("Reward", ""), Column::new("KL", "nats")],
            rows: vec![Row { name: "SFT".to_owned(), group: String::new(), cells }],
        }],
        ..Report::default()
    };
    let message = table(vec![Cell::Missing]).to_html().expect_err("cells").to_string();
    assert_eq!(message, "table \"Results\", row 1 (\"SFT\"): expected 2 cells, one per column, found 1");
    let nan = Cell::Number(Estimate::exact(f64::NAN));
    let message = table(vec![Cell::Missing, nan]).to_html().expect_err("number").to_string();
    assert!(
        message.starts_with("table \"Results\", row 1 (\"SFT\"): column \"KL\": expected a finite number"),
        "{message}"
    );

    let mut report = sample::report();
    report.texts[0].rows[3].after.reward = Some(f64::NAN);
    let message = report.to_html().expect_err("reward").to_string();
    assert!(message.contains("row 4: reward after: expected a finite number"), "{message}");
}

#[test]
fn numbers_and_sizes_of_a_heat_map() {
    let map = |rows: usize, values: Vec<Vec<Option<f64>>>, range| HeatMap {
        title: "Distances".to_owned(),
        measure: "nats".to_owned(),
        rows: (0..rows).map(|row| format!("row {row}")).collect(),
        columns: vec!["a".to_owned(), "b".to_owned()],
        values,
        range,
    };
    for (figure, problem) in [
        (map(0, vec![], None), "figure \"Distances\": expected at least one row and one column, found none"),
        (map(1, vec![], None), "figure \"Distances\": expected 1 rows of values, one per row name, found 0"),
        (map(1, vec![vec![None]], None), "row 1 (\"row 0\"): expected 2 values, one per column, found 1"),
        (map(1, vec![vec![None, Some(f64::NAN)]], None), "row 1 (\"row 0\"): value: expected a finite number"),
        (map(1, vec![vec![None, None]], Some([1.0, 0.0])), "range: expected an interval"),
    ] {
        let found = error_message(figure);
        assert!(found.contains(problem), "{found}");
    }
}

#[test]
fn merges_of_a_tree() {
    let tree = |leaves: usize, merges: &[([usize; 2], f64)]| Dendrogram {
        title: "Tree".to_owned(),
        distance: "nats".to_owned(),
        leaves: (0..leaves).map(|leaf| format!("leaf {leaf}")).collect(),
        merges: merges
            .iter()
            .map(|(clusters, height)| DendrogramMerge { clusters: *clusters, height: *height })
            .collect(),
    };
    for (figure, problem) in [
        (tree(1, &[]), "figure \"Tree\": expected at least two leaves, found none"),
        (tree(3, &[([0, 1], 1.0)]), "figure \"Tree\": expected 2 merges, one less than leaves, found 1"),
        (tree(2, &[([0, 1], -1.0)]), "merge 1: height: expected a distance of at least 0, found -1"),
        (tree(2, &[([0, 0], 1.0)]), "merge 1: cluster: expected a cluster that exists and is not joined yet, found 0"),
        (tree(2, &[([0, 2], 1.0)]), "merge 1: cluster: expected a cluster that exists and is not joined yet, found 2"),
    ] {
        let found = error_message(figure);
        assert!(found.contains(problem), "{found}");
    }
}
