use super::matrices::Matrix;
use super::tables::name;
use super::{DivergenceEstimate, EmbeddingDistances, ModelPair, NextTokenDivergences, PolicyDistances, TreeDistance};
use crate::Result;
use align_report::{Dendrogram, DendrogramMerge, FigureWidth, HeatMap, ReportFigure};

/// A matrix of two models has a single number, which the tables show.
const LEAST_MODELS: usize = 3;

/// Matrices of more models take the full width of a page.
const MODELS_OF_HALF_WIDTH: usize = 4;

impl PolicyDistances {
    /// The figures: the tree of models, a matrix for each distance, and the layers. There are no trees and matrices of two models.
    ///
    /// # Errors
    /// The distance of the tree was not measured.
    pub fn figures(&self, tree: Option<TreeDistance>) -> Result<Vec<(String, ReportFigure)>> {
        let mut figures = Vec::new();
        if self.models.len() >= LEAST_MODELS {
            if let Some(of) = tree.or_else(|| self.tree_distances().next()) {
                figures.push(("tree".to_owned(), self.tree_figure(of)?));
            }
            figures.extend(self.matrices());
        }
        figures.extend(self.layers());
        Ok(figures)
    }

    fn tree_figure(&self, of: TreeDistance) -> Result<ReportFigure> {
        let merge = |merge: align_metrics::Merge| DendrogramMerge { clusters: merge.clusters, height: merge.height };
        let tree = Dendrogram {
            title: "Which models are near each other".to_owned(),
            distance: of.title().to_owned(),
            leaves: self.models.clone(),
            merges: self.tree(of)?.into_iter().map(merge).collect(),
        };
        let caption = format!("Tree of the models by average linkage. {}.", of.title());
        Ok(ReportFigure { figure: tree.into(), caption, width: FigureWidth::Full })
    }

    fn matrices(&self) -> Vec<(String, ReportFigure)> {
        let mut found = Vec::new();
        if let Some(pairs) = &self.weights {
            let matrix = self.symmetric(&each(pairs, |of| of.all.squared_l2), Some(0.0));
            found.push(self.matrix("weights", "Squared distance of weights", "", matrix));
        }
        if let Some(pairs) = &self.hidden {
            let cka: Vec<Option<f64>> = pairs.iter().map(|pair| pair.found.mean(|layer| layer.debiased_cka)).collect();
            let matrix = self.symmetric(&cka, Some(1.0));
            found.push(self.matrix("cka", "Debiased CKA of hidden states, mean over layers", "", matrix));
            let both = |pair: &ModelPair<super::HiddenSimilarity>| {
                let forward = pair.found.mean(|layer| layer.first_predicts_second);
                [forward, pair.found.mean(|layer| layer.second_predicts_first)]
            };
            let matrix = self.directed(&pairs.iter().map(both).collect::<Vec<_>>(), None);
            let title = "R² of hidden states, mean over layers";
            found.push(self.matrix("predictivity", title, " The row's states predict the column's.", matrix));
        }
        if let Some(pairs) = &self.divergence {
            found.extend(self.divergence_matrices(pairs));
        }
        if let Some(pairs) = &self.texts {
            let of = |distance: fn(&EmbeddingDistances) -> f64| self.symmetric(&each(pairs, distance), None);
            found.push(self.matrix("mmd", "Squared MMD of embedded texts", "", of(|of| of.mmd_squared.value)));
            let sliced = of(|of| of.sliced_wasserstein.value);
            found.push(self.matrix("wasserstein", "Sliced Wasserstein distance of embedded texts", "", sliced));
        }
        for (number, judge) in (1..).zip(self.judges.iter().flatten()) {
            let differences = each(&judge.differences, |of| of.paired.mean_difference.value.abs());
            let matrix = self.symmetric(&differences, Some(0.0));
            let title = format!("Difference of mean scores by {}", judge.judge);
            found.push(self.matrix(&format!("judge_{number}"), &title, "", matrix));
        }
        found
    }

    fn divergence_matrices(&self, pairs: &[ModelPair<NextTokenDivergences>]) -> Vec<(String, ReportFigure)> {
        let value = |of: DivergenceEstimate| Some(of.per_token.value);
        let kl = pairs.iter().map(|pair| [value(pair.found.kl_first_second), value(pair.found.kl_second_first)]);
        let kl = self.directed(&kl.collect::<Vec<_>>(), Some(0.0));
        let of = |divergence: fn(&NextTokenDivergences) -> f64| self.symmetric(&each(pairs, divergence), Some(0.0));
        let js = of(|of| of.jensen_shannon.per_token.value);
        let tv = of(|of| of.total_variation.per_token.value);
        vec![
            self.matrix("kl", "KL(row‖column), nats per token", "", kl),
            self.matrix("jensen_shannon", "Jensen-Shannon divergence, nats per token", "", js),
            self.matrix("total_variation", "Total variation distance per token", "", tv),
        ]
    }

    /// A matrix of all models.
    fn matrix(&self, file: &str, measure: &str, remark: &str, values: Matrix) -> (String, ReportFigure) {
        let map = HeatMap {
            title: measure.to_owned(),
            measure: measure.to_owned(),
            rows: self.models.clone(),
            columns: self.models.clone(),
            values,
            range: None,
        };
        let is_small = self.models.len() <= MODELS_OF_HALF_WIDTH;
        let width = if is_small { FigureWidth::Half } else { FigureWidth::Full };
        (file.to_owned(), ReportFigure { figure: map.into(), caption: format!("{measure}.{remark}"), width })
    }

    /// The heat maps of pairs and layers.
    fn layers(&self) -> Vec<(String, ReportFigure)> {
        let mut found = Vec::new();
        if let Some(pairs) = &self.weights {
            let of = |pair: &ModelPair<super::WeightDistances>| {
                pair.found.layers.iter().map(|layer| layer.relative_l2).collect::<Vec<_>>()
            };
            let columns = pairs.first().map(|pair| pair.found.layers.iter().map(|layer| layer.layer.clone()).collect());
            let values = pairs.iter().map(of).collect();
            let measure = "Relative distance of weights by layer";
            found.push(("weights_by_layer", measure, pairs.iter().map(name).collect(), columns, values));
        }
        if let Some(pairs) = &self.hidden {
            let rows: Vec<String> = pairs.iter().map(name).collect();
            let columns =
                pairs.first().map(|pair| (0..pair.found.layers.len()).map(|layer| layer.to_string()).collect());
            let values = |of: fn(&super::LayerSimilarity) -> Option<f64>| {
                let row = |pair: &ModelPair<super::HiddenSimilarity>| pair.found.layers.iter().map(of).collect();
                pairs.iter().map(row).collect::<Matrix>()
            };
            let (cka, r_squared) = (values(|layer| layer.debiased_cka), values(|layer| layer.first_predicts_second));
            let measure = "Debiased CKA of hidden states by layer";
            found.push(("cka_by_layer", measure, rows.clone(), columns.clone(), cka));
            let measure = "R² of the second model's hidden states as functions of the first's, by layer";
            found.push(("predictivity_by_layer", measure, rows, columns, r_squared));
        }
        let figure = |(file, measure, rows, columns, values): Layers| {
            let (title, measure) = (measure.to_owned(), measure.to_owned());
            let caption = format!("{measure}.");
            let map = HeatMap { title, measure, rows, columns: columns.unwrap_or_default(), values, range: None };
            (file.to_owned(), ReportFigure { figure: map.into(), caption, width: FigureWidth::Full })
        };
        found.into_iter().map(figure).collect()
    }
}

/// The file, the measure, the rows, the columns and the values of a heat map.
type Layers = (&'static str, &'static str, Vec<String>, Option<Vec<String>>, Matrix);

/// A number of each pair.
fn each<T>(pairs: &[ModelPair<T>], of: impl Fn(&T) -> f64) -> Vec<Option<f64>> {
    pairs.iter().map(|pair| Some(of(&pair.found))).collect()
}
