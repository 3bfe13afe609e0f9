//! Heat maps and trees.

use align_report::{Dendrogram, DendrogramMerge, HeatMap};

/// Distances between models.
pub fn matrix(names: &[&str]) -> HeatMap {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let value = |row: usize, column: usize| (row != column).then(|| (row + column) as f64 * 0.000_731);
    HeatMap {
        title: "Distances".to_owned(),
        measure: "Jensen-Shannon divergence, nats per token".to_owned(),
        values: (0..names.len()).map(|row| (0..names.len()).map(|column| value(row, column)).collect()).collect(),
        columns: names.clone(),
        rows: names,
        range: None,
    }
}

/// Similarities by layer of a pair of models with long names.
pub fn layers(name: &str, count: usize) -> HeatMap {
    HeatMap {
        title: "Similarities".to_owned(),
        measure: name.to_owned(),
        rows: vec![format!("{name} and {name}"), "SFT and DPO".to_owned()],
        columns: (0..count).map(|layer| format!("layer {layer}")).collect(),
        values: vec![(0..count).map(|layer| Some(1.0 - layer as f64 * 0.01)).collect(); 2],
        range: Some([0.0, 1.0]),
    }
}

/// A tree in which each model joins those before it.
pub fn tree(names: &[&str]) -> Dendrogram {
    let count = names.len();
    let merge = |at: usize| DendrogramMerge {
        clusters: [if at == 0 { 0 } else { count + at - 1 }, at + 1],
        height: 0.01 * (at + 1) as f64,
    };
    Dendrogram {
        title: "Which models are near each other".to_owned(),
        distance: "Jensen-Shannon divergence, nats per token".to_owned(),
        leaves: names.iter().map(|name| (*name).to_owned()).collect(),
        merges: (0..count - 1).map(merge).collect(),
    }
}
