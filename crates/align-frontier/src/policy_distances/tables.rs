use super::generated_texts::TestedDistance;
use super::{DivergenceEstimate, LayerSimilarity, ModelPair, PolicyDistances};
use crate::figures::estimate;
use align_report::{Cell, Column, Estimate, Row, Table};

/// Pairs up to this number have columns of their own in the tables by layer. Heat maps show more.
const COLUMNS_OF_PAIRS: usize = 3;

impl PolicyDistances {
    /// The tables of all measures.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        tables.extend(self.weights_table());
        tables.extend(self.weights_by_layer());
        tables.extend(self.hidden_table());
        tables.extend(self.hidden_by_layer());
        tables.extend(self.divergence_tables().into_iter().flatten());
        tables.extend(self.texts_table());
        tables.extend(self.judge_tables());
        tables
    }

    fn weights_table(&self) -> Option<Table> {
        let rows = pair_rows(self.weights.as_ref()?, |found| {
            let all = &found.all;
            vec![number(Some(all.squared_l2)), number(all.relative_l2), number(all.cosine_distance)]
        });
        Some(Table {
            caption:
                "Distance of all weights. The relative distance is ‖b − a‖ / ‖a‖, where a is the model named first."
                    .to_owned(),
            row_title: "Models".to_owned(),
            columns: vec![
                Column::new("Squared distance", ""),
                Column::new("Relative distance", ""),
                Column::new("Cosine distance", ""),
            ],
            rows,
        })
    }

    fn weights_by_layer(&self) -> Option<Table> {
        let pairs = self.weights.as_ref().filter(|pairs| pairs.len() <= COLUMNS_OF_PAIRS)?;
        let layers = &pairs.first()?.found.layers;
        let row = |(at, layer): (usize, &super::LayerDistance)| Row {
            name: layer.layer.clone(),
            group: String::new(),
            cells: pairs
                .iter()
                .flat_map(|pair| {
                    let layer = pair.found.layers.get(at);
                    [number(layer.map(|layer| layer.squared_l2)), number(layer.and_then(|layer| layer.relative_l2))]
                })
                .collect(),
        };
        let columns = pairs.iter().flat_map(|pair| {
            let name = name(pair);
            [Column::new(format!("Squared, {name}"), ""), Column::new(format!("Relative, {name}"), "")]
        });
        Some(Table {
            caption: "Distance of weights by layer.".to_owned(),
            row_title: "Layer".to_owned(),
            columns: columns.collect(),
            rows: layers.iter().enumerate().map(row).collect(),
        })
    }

    fn hidden_table(&self) -> Option<Table> {
        let pairs = self.hidden.as_ref()?;
        let rows =
            pair_rows(pairs, |found| SIMILARITIES.iter().map(|(_, of)| number(found.mean(of))).collect::<Vec<_>>());
        let (tokens, width) = pairs.first().map_or((0, 0), |pair| (pair.found.tokens, pair.found.width));
        let caution = match tokens < 2 * width {
            true => format!(" The states have {width} values: R² is too low on so few tokens, also for equal states."),
            false => String::new(),
        };
        Some(Table {
            caption: format!(
                "Similarity of hidden states on {tokens} tokens, means over layers. R²: how well the states of one model are linear \
                 functions of the other's, where a is the model named first.{caution}"
            ),
            row_title: "Models".to_owned(),
            columns: similarity_columns(),
            rows,
        })
    }

    fn hidden_by_layer(&self) -> Option<Table> {
        let pairs = self.hidden.as_ref().filter(|pairs| pairs.len() <= COLUMNS_OF_PAIRS)?;
        let rows = pairs.iter().flat_map(|pair| {
            let row = move |(at, layer): (usize, &LayerSimilarity)| Row {
                name: format!("{}, layer {at}", name(pair)),
                group: name(pair),
                cells: SIMILARITIES.iter().map(|(_, of)| number(of(layer))).collect(),
            };
            pair.found.layers.iter().enumerate().map(row)
        });
        Some(Table {
            caption: "Similarity of hidden states by layer. Layer 0: the embeddings; layer i: the output of block i, normed after the last."
                .to_owned(),
            row_title: "Models".to_owned(),
            columns: similarity_columns(),
            rows: rows.collect(),
        })
    }

    fn divergence_tables(&self) -> Option<[Table; 2]> {
        let pairs = self.divergence.as_ref()?;
        let table = |unit: &str, of: fn(&DivergenceEstimate) -> align_metrics::Estimate| Table {
            caption: format!(
                "Divergence of next-token distributions along the texts, {unit}, where a is the model named first. Bootstrap intervals \
                 over texts."
            ),
            row_title: "Models".to_owned(),
            columns: [("KL(a‖b)", "nats"), ("KL(b‖a)", "nats"), ("Jensen-Shannon", "nats"), ("Total variation", "")]
                .map(|(title, unit)| Column::new(title, unit))
                .to_vec(),
            rows: pair_rows(pairs, |found| {
                let all =
                    [&found.kl_first_second, &found.kl_second_first, &found.jensen_shannon, &found.total_variation];
                all.map(|divergence| interval(of(divergence))).to_vec()
            }),
        };
        Some([
            table("means over tokens", |of| of.per_token),
            table("sums over a text, means over texts", |of| of.per_text),
        ])
    }

    fn texts_table(&self) -> Option<Table> {
        let cells = |found: TestedDistance| [number(Some(found.value)), number(Some(found.adjusted_p_value))];
        let rows = pair_rows(self.texts.as_ref()?, |found| {
            [found.mmd_squared, found.energy_distance, found.sliced_wasserstein].into_iter().flat_map(cells).collect()
        });
        Some(Table {
            caption: "Distance of the embeddings of generated texts. p: permutation tests within prompts, with Holm's correction for the \
                      number of pairs."
                .to_owned(),
            row_title: "Models".to_owned(),
            columns: vec![
                Column::new("Squared MMD", ""),
                p_column(),
                Column::new("Energy distance", ""),
                p_column(),
                Column::new("Sliced Wasserstein", ""),
                p_column(),
            ],
            rows,
        })
    }

    fn judge_tables(&self) -> Vec<Table> {
        let Some(judges) = &self.judges else { return Vec::new() };
        let mean = |(at, model): (usize, &String)| Row {
            name: model.clone(),
            group: String::new(),
            cells: judges
                .iter()
                .map(|judge| judge.means.get(at).map_or(Cell::Missing, |mean| interval(*mean)))
                .collect(),
        };
        let means = Table {
            caption: "Mean scores of the generated texts by judge. Bootstrap intervals over prompts.".to_owned(),
            row_title: "Model".to_owned(),
            columns: judges.iter().map(|judge| Column::new(judge.judge.clone(), "")).collect(),
            rows: self.models.iter().enumerate().map(mean).collect(),
        };
        let pairs = judges.first().map_or(0, |judge| judge.differences.len());
        let row = |at: usize| {
            let found = judges.iter().filter_map(|judge| judge.differences.get(at));
            Row {
                name: judges.first().and_then(|judge| judge.differences.get(at)).map_or_else(String::new, name),
                group: String::new(),
                cells: found
                    .flat_map(|pair| {
                        [interval(pair.found.paired.mean_difference), number(Some(pair.found.adjusted_p_value))]
                    })
                    .collect(),
            }
        };
        let columns = judges.iter().flat_map(|judge| [Column::new(format!("{}, a − b", judge.judge), ""), p_column()]);
        let differences = Table {
            caption: "Differences of mean scores on the same prompts, where a is the model named first. Bootstrap intervals over prompts; \
                      p: sign-flip tests, with Holm's correction for the number of pairs."
                .to_owned(),
            row_title: "Models".to_owned(),
            columns: columns.collect(),
            rows: (0..pairs).map(row).collect(),
        };
        vec![means, differences]
    }
}

/// A similarity of a layer, by its name in tables.
type Similarity = (&'static str, fn(&LayerSimilarity) -> Option<f64>);

/// The similarities in the order of the columns.
const SIMILARITIES: [Similarity; 4] = [
    ("CKA", |layer| layer.cka),
    ("Debiased CKA", |layer| layer.debiased_cka),
    ("R² of a → b", |layer| layer.first_predicts_second),
    ("R² of b → a", |layer| layer.second_predicts_first),
];

fn similarity_columns() -> Vec<Column> {
    SIMILARITIES.iter().map(|(title, _)| Column { decimals: Some(4), ..Column::new(*title, "") }).collect()
}

fn p_column() -> Column {
    Column { decimals: Some(3), ..Column::new("p", "adjusted") }
}

/// The name of a pair in tables and figures.
pub(super) fn name<T>(pair: &ModelPair<T>) -> String {
    format!("{} – {}", pair.first, pair.second)
}

fn pair_rows<T>(pairs: &[ModelPair<T>], cells: impl Fn(&T) -> Vec<Cell>) -> Vec<Row> {
    let row = |pair: &ModelPair<T>| Row { name: name(pair), group: String::new(), cells: cells(&pair.found) };
    pairs.iter().map(row).collect()
}

fn number(value: Option<f64>) -> Cell {
    value.map_or(Cell::Missing, |value| Cell::Number(Estimate::exact(value)))
}

/// A number with its interval, unless that is only rounding.
fn interval(of: align_metrics::Estimate) -> Cell {
    match of.interval.high - of.interval.low <= 1e-12 * of.value.abs() {
        true => number(Some(of.value)),
        false => Cell::Number(estimate(of)),
    }
}
