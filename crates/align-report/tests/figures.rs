//! Requirements of all figures: well-formed, complete, legible and deterministic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sample;

use align_report::{
    Axis, Better, Estimate, Figure, FigureSize, Histogram, HistogramGroup, HistogramHeight, LineChart, LineSeries,
    ParetoDirections, Scatter, ScatterPoint, ScatterSeries,
};
use resvg::usvg;
use sample::matrices;
use std::sync::{Arc, LazyLock};

const SIZES: [FigureSize; 4] = [
    FigureSize { width: 720, height: 440 },
    FigureSize { width: 360, height: 360 },
    FigureSize { width: 317, height: 240 },
    FigureSize { width: 240, height: 180 },
];

/// The sweep's figures, and others that are hard to lay out.
fn figures() -> Vec<Figure> {
    let long = "A measure with a name that is much too long for any axis ".repeat(4);
    let many = |count: usize, points: usize| {
        let mut noise = sample::Noise::new(3);
        let mut point = |i: usize| {
            let (x, y) = (noise.draw(), noise.draw());
            ScatterPoint::new(
                format!("10e-{i}"),
                Estimate::new(x, x - 0.1, x + 0.3),
                Estimate::new(y, y - 0.2, y + 0.05),
            )
        };
        let series = (0..count).map(|i| {
            let (name, points) = (format!("series {i} of a loss <{i}> & more"), (0..points).map(&mut point).collect());
            if i % 2 == 0 { ScatterSeries::curve(name, points) } else { ScatterSeries::unordered(name, points) }
        });
        Scatter {
            title: long.clone(),
            x: Axis::linear(long.clone()),
            y: Axis::linear(long.clone()),
            series: series.collect(),
            point_labels: None,
            baseline: None,
            pareto: Some(ParetoDirections { x: Better::Higher, y: Better::Lower }),
        }
    };
    let line = |values: &[f64]| LineChart {
        title: "A line".to_owned(),
        x: Axis::linear("Step"),
        y: Axis::linear("Value"),
        series: vec![LineSeries::new("only", values.iter().enumerate().map(|(i, value)| (i as f64, *value)))],
        smoothing: None,
    };
    let values = |values: &[f64]| Histogram {
        title: "Rewards".to_owned(),
        x: "Reward".to_owned(),
        height: HistogramHeight::Count,
        groups: vec![HistogramGroup::new("all", values.to_vec())],
    };
    vec![
        sample::against_kl(Axis::linear("KL divergence (nats)")).into(),
        sample::against_kl(Axis::log("KL divergence (nats)")).into(),
        sample::against_entropy().into(),
        sample::curves("Loss (nats)", 0.69, 0.2).into(),
        sample::rewards("hinge, β = 0.05", 1.9).into(),
        many(9, 12).into(),
        many(1, 1).into(),
        line(&[1e-7, 3e-6, 2e-5]).into(),
        line(&[0.3]).into(),
        line(&[f64::NAN, 2.0, f64::INFINITY, -1e99, 1e99]).into(),
        line(&[1e16, 1e16 + 2.0]).into(),
        LineChart { y: Axis::log("Loss"), ..line(&[0.0, 1e-99, 3.0, -1.0, 1e99]) }.into(),
        values(&[0.0; 5]).into(),
        values(&[-1e99, 1e99, 3.0]).into(),
        matrices::matrix(&["SFT", "DPO"]).into(),
        matrices::matrix(&["one model", &long, "hinge, β = 0.05", "<third> & more", "e", "f", "g", "h"]).into(),
        matrices::layers(&long, 40).into(),
        matrices::tree(&["SFT", "DPO"]).into(),
        matrices::tree(&["one model", &long, "hinge, β = 0.05", "<third> & more", "e", "f", "g", "h"]).into(),
    ]
}

fn each(mut check: impl FnMut(&str, &Figure, FigureSize)) {
    for (i, figure) in figures().iter().enumerate() {
        for size in SIZES {
            check(&format!("figure {i} at {}", size.width), figure, size);
        }
    }
}

#[test]
fn each_figure_is_well_formed_and_has_a_description() {
    each(|name, figure, size| {
        let drawing = figure.draw(size).unwrap();
        let document = roxmltree::Document::parse(drawing.svg()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let root = document.root_element();
        let mut children = root.children();
        for tag in ["title", "desc"] {
            let child = children.next().unwrap();
            assert!(child.has_tag_name(("http://www.w3.org/2000/svg", tag)), "{name}");
            assert!(child.text().is_some_and(|text| !text.trim().is_empty()), "{name}: {tag}");
        }
        assert_eq!(root.attribute("role"), Some("img"));
        for attribute in document.descendants().flat_map(|node| node.attributes()) {
            assert!(!["id", "href", "style"].contains(&attribute.name()), "{name}: {attribute:?}");
            let numbers = ["NaN", "inf"];
            assert!(!numbers.iter().any(|word| attribute.value().contains(word)), "{name}: {attribute:?}");
        }
    });
}

/// All drawn texts with the bounding boxes that the renderer computes.
fn texts(group: &usvg::Group, found: &mut Vec<(String, usvg::Rect)>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => texts(group, found),
            usvg::Node::Text(text) => {
                let words: String = text.chunks().iter().map(usvg::TextChunk::text).collect();
                found.push((words, text.flattened().abs_bounding_box()));
            }
            _ => {}
        }
    }
}

static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(notosans::REGULAR_TTF.to_vec());
    Arc::new(fonts)
});

fn parse(svg: &str) -> usvg::Tree {
    let options = usvg::Options { fontdb: FONTS.clone(), ..usvg::Options::default() };
    usvg::Tree::from_str(svg, &options).unwrap()
}

#[test]
fn texts_do_not_overlap_and_stay_within_the_figure() {
    each(|name, figure, size| {
        let tree = parse(figure.draw(size).unwrap().svg());
        let mut found = Vec::new();
        texts(tree.root(), &mut found);
        assert!(found.len() >= 4, "{name}: {found:?}");
        let height = tree.size().height();
        // Heat maps and trees are as high as their rows need.
        let has_rows = matches!(figure, Figure::HeatMap(_) | Figure::Dendrogram(_));
        let may_differ = has_rows || name.starts_with("figure 5") || size.height == 180;
        assert!(height == size.height as f32 || may_differ, "{name}: {height}");
        for (i, (words, rect)) in found.iter().enumerate() {
            let is_inside = rect.left() >= 0.0 && rect.right() <= size.width as f32;
            assert!(is_inside && rect.top() >= 0.0 && rect.bottom() <= height, "{name}: {words:?} at {rect:?}");
            for (other, beside) in found.iter().skip(i + 1) {
                let is_apart = rect.right() <= beside.left() || beside.right() <= rect.left();
                let is_above = rect.bottom() <= beside.top() || beside.bottom() <= rect.top();
                assert!(is_apart || is_above, "{name}: {words:?} at {rect:?} and {other:?} at {beside:?}");
            }
        }
    });
}

#[test]
fn nothing_is_drawn_outside_the_figure() {
    each(|name, figure, size| {
        let tree = parse(figure.draw(size).unwrap().svg());
        let drawn = tree.root().abs_stroke_bounding_box();
        let is_inside = drawn.left() >= -1.0 && drawn.right() <= size.width as f32 + 1.0;
        assert!(is_inside && drawn.top() >= -1.0 && drawn.bottom() <= tree.size().height() + 1.0, "{name}: {drawn:?}");
    });
}

#[test]
fn a_sweep_of_four_losses_has_every_label() {
    for figure in figures().iter().take(3) {
        for size in &SIZES[..2] {
            let drawing = figure.draw(*size).unwrap();
            assert_eq!(drawing.omitted_labels(), <[String; 0]>::default(), "{size:?}");
        }
    }
}

#[test]
fn omitted_labels_are_listed() {
    let point =
        |x: f64| ScatterPoint::new("a label of many words that is long", Estimate::exact(x), Estimate::exact(x));
    let crowd = Scatter {
        title: "Crowd".to_owned(),
        x: Axis::linear("x"),
        y: Axis::linear("y"),
        series: vec![ScatterSeries::curve("hinge", (0..60).map(|i| point(f64::from(i) / 60.0)).collect())],
        point_labels: None,
        baseline: None,
        pareto: None,
    };
    let drawing = Figure::from(crowd).draw(SIZES[1]).unwrap();
    assert!(drawing.omitted_labels().contains(&"hinge: a label of many words that is long".to_owned()));
    let drawn = drawing.svg().matches(">a label of many words that is long</text>").count();
    assert_eq!(drawn + drawing.omitted_labels().len(), 60);
}

#[test]
fn drawing_is_deterministic() {
    for (one, other) in figures().iter().zip(figures()) {
        let (one, other) = (one.draw(SIZES[2]).unwrap(), other.draw(SIZES[2]).unwrap());
        assert_eq!(one, other);
        assert_eq!(one.png(96).unwrap(), other.png(96).unwrap());
    }
}

#[test]
fn figures_round_trip_through_json() {
    for figure in figures() {
        let json = serde_json::to_string(&figure).unwrap();
        let read: Figure = serde_json::from_str(&json).unwrap();
        // Values that are not finite become NaN, which is a gap as well.
        assert_eq!(read.draw(SIZES[0]).unwrap(), figure.draw(SIZES[0]).unwrap());
    }
}

#[test]
fn estimates_of_align_metrics_can_be_deserialised() {
    let json = r#"{"value": 1.5, "interval": {"low": 1.0, "high": 2.0, "level": 0.95}}"#;
    assert_eq!(serde_json::from_str::<Estimate>(json).unwrap(), Estimate::new(1.5, 1.0, 2.0));
}

#[test]
fn the_front_is_marked() {
    // By hand: with low x and high y better, "b" (x 2, y 1) is dominated by "a" (x 1, y 2), and so is the baseline.
    let point = |label: &str, x: f64, y: f64| ScatterPoint::new(label, Estimate::exact(x), Estimate::exact(y));
    let scatter = Scatter {
        title: "Front".to_owned(),
        x: Axis::linear("KL"),
        y: Axis::linear("reward"),
        series: vec![ScatterSeries::curve("s", vec![point("a", 1.0, 2.0), point("b", 2.0, 1.0), point("c", 3.0, 4.0)])],
        point_labels: None,
        baseline: Some(point("SFT", 1.5, 0.5)),
        pareto: Some(ParetoDirections { x: Better::Lower, y: Better::Higher }),
    };
    let drawing = Figure::from(scatter).draw(SIZES[0]).unwrap();
    let document = roxmltree::Document::parse(drawing.svg()).unwrap();
    let titles: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "g")))
        .filter_map(|group| group.first_element_child()?.text())
        .collect();
    let on_front: Vec<bool> = titles.iter().map(|title| title.ends_with("on the Pareto front")).collect();
    assert_eq!(on_front, [true, false, true, false], "{titles:?}");
    let is_ring = |node: &roxmltree::Node<'_, '_>| node.attribute("r") == Some("8.75");
    assert_eq!(document.descendants().filter(is_ring).count(), 2);
}

#[test]
fn a_png_has_the_requested_size_and_resolution() {
    let drawing = figures()[0].draw(SIZES[0]).unwrap();
    let bytes = drawing.png(192).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.width, frame.height, frame.color_type), (1440, 880, png::ColorType::Rgb));
    // 192 dots per inch are 7,559 per metre.
    let dimensions = reader.info().pixel_dims.unwrap();
    assert_eq!((dimensions.xppu, dimensions.unit), (7559, png::Unit::Meter));
    // White background in the corner; the first series' blue and the nearly black text occur somewhere.
    assert_eq!(pixels[..3], [255, 255, 255]);
    let has = |colour: [u8; 3]| pixels.chunks_exact(3).any(|pixel| pixel == colour);
    assert!(has([0x00, 0x72, 0xb2]) && has([0x1a, 0x1a, 0x1a]));
}

#[test]
fn a_gap_splits_a_line() {
    let line = |values: [f64; 5]| LineChart {
        title: "Gap".to_owned(),
        x: Axis::linear("Step"),
        y: Axis::linear("Loss"),
        series: vec![LineSeries::new("loss", (0..5).map(f64::from).zip(values))],
        smoothing: None,
    };
    let pieces = |values| {
        let drawing = Figure::from(line(values)).draw(SIZES[0]).unwrap();
        let document = roxmltree::Document::parse(drawing.svg()).unwrap();
        let is_line = |node: &roxmltree::Node<'_, '_>| node.attribute("stroke-width") == Some("1.7");
        let path = document.descendants().find(is_line).unwrap();
        path.attribute("d").unwrap().matches('M').count()
    };
    assert_eq!(pieces([1.0, 2.0, 3.0, 4.0, 5.0]), 1);
    assert_eq!(pieces([1.0, 2.0, f64::NAN, 4.0, 5.0]), 2);
}

/// Width and dashes of each line of a chart, from back to front.
fn lines(chart: LineChart) -> Vec<(f64, String)> {
    let drawing = Figure::from(chart).draw(SIZES[0]).unwrap();
    let document = roxmltree::Document::parse(drawing.svg()).unwrap();
    let lines = document.descendants().filter(|node| node.attribute("stroke-opacity") == Some("1"));
    let of = |node: roxmltree::Node<'_, '_>| {
        let dashes = node.attribute("stroke-dasharray").unwrap().to_owned();
        (node.attribute("stroke-width").unwrap().parse().unwrap(), dashes)
    };
    lines.map(of).collect()
}

#[test]
fn a_line_that_others_cover_is_wider_and_has_other_dashes() {
    let line = |name: &str| LineSeries::new(name, (0..5).map(|step| (f64::from(step), 1.0)));
    let chart = |series| LineChart {
        title: "Covered".to_owned(),
        x: Axis::linear("Step"),
        y: Axis::linear("Loss"),
        series,
        smoothing: None,
    };
    let found = lines(chart(["one", "two", "three"].map(line).to_vec()));
    for (behind, front) in found.iter().zip(&found[1..]) {
        assert!(behind.0 > front.0 + 0.5 && behind.1 != front.1, "{found:?}");
    }
    // The line of held-out rows is dotted, in the colour of the run.
    let colour = align_report::SeriesColour::NameOf("one".to_owned());
    let held_out = line("one, held-out").with_colour(colour).with_hollow_markers();
    let found = lines(chart(vec![line("one"), held_out]));
    assert_ne!(found[0].1, found[1].1);
    // Lines that are equal by nature are drawn once.
    let merged = LineSeries::merge_equal(["one", "two"].map(line).to_vec());
    assert_eq!(merged.iter().map(|line| line.name.as_str()).collect::<Vec<_>>(), ["all runs"]);
    let apart = vec![line("one"), LineSeries::new("two", [(0.0, 2.0)])];
    assert_eq!(LineSeries::merge_equal(apart.clone()), apart);
}

#[test]
fn a_long_legend_entry_is_wrapped_and_not_cut() {
    let long = "sigmoid+js_divergence, β = 0.05 with many texts";
    let histogram = Histogram {
        title: "Rewards".to_owned(),
        x: "Reward".to_owned(),
        height: HistogramHeight::Share,
        groups: vec![HistogramGroup::new(long, vec![-1.0, 2.0])],
    };
    let drawing = Figure::from(histogram).draw(FigureSize { width: 317, height: 240 }).unwrap();
    let document = roxmltree::Document::parse(drawing.svg()).unwrap();
    let words: Vec<&str> =
        document.descendants().filter(|node| node.tag_name().name() == "text").filter_map(|node| node.text()).collect();
    assert!(words.join(" ").contains(&format!("{long} (n = 2, mean 0.50)")), "{words:?}");
}
