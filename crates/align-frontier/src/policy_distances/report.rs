use super::{PolicyDistances, TreeDistance};
use crate::Result;
use align_report::{Configuration, Entry, Report};

/// Contents of a report besides the distances.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DistancesContext {
    /// The line below the title: the data.
    pub subtitle: String,
    /// The distance by which the tree is made; by default, the first one that was measured.
    pub tree: Option<TreeDistance>,
    /// The options.
    pub configuration: Vec<Configuration>,
    /// Programs and libraries with their versions.
    pub versions: Vec<Entry>,
}

impl PolicyDistances {
    /// The report of the distances.
    ///
    /// # Errors
    /// The distance of the tree was not measured.
    pub fn report(&self, context: DistancesContext) -> Result<Report> {
        let figures = self.figures(context.tree)?.into_iter().map(|(_, figure)| figure).collect();
        Ok(Report {
            title: "Distances between models".to_owned(),
            subtitle: context.subtitle,
            summary: format!("{} models are compared pair by pair: {}.", self.models.len(), self.models.join(", ")),
            statements: self.statements(),
            tables: self.tables(),
            figures,
            configuration: context.configuration,
            versions: context.versions,
            ..Report::default()
        })
    }
}
