use super::Modules;
use super::matcher::Matcher;
use super::require::require;
use crate::{LoraConfig, Result};

/// Maximum rank.
const LARGEST_RANK: i64 = 1 << 16;

impl LoraConfig {
    /// Checks the options without a model. [`LoraModel`](super::LoraModel) checks that a model has the target modules.
    ///
    /// # Errors
    /// [`Error::LoraOption`](crate::Error::LoraOption), with the first option that is out of range.
    pub fn validate(&self) -> Result<()> {
        let dropout = self.lora_dropout;
        rank("r", self.r)?;
        self.rank_pattern.values().try_for_each(|r| rank("rank_pattern", *r))?;
        positive("lora_alpha", self.lora_alpha)?;
        self.alpha_pattern.values().try_for_each(|alpha| positive("alpha_pattern", *alpha))?;
        require("lora_dropout", (0.0..1.0).contains(&dropout), || {
            format!("is {dropout}, expected at least 0 and below 1")
        })?;
        require("target_modules", !self.target_modules.is_empty(), || "is empty: name a linear layer".into())?;
        let empty = self.modules_to_save.iter().any(String::is_empty);
        require("modules_to_save", !empty, || "contains an empty name, which would match every module".into())?;
        let listed = matches!(self.target_modules, Modules::Names(_) | Modules::Default);
        for (option, set) in [
            ("layers_to_transform", self.layers_to_transform.is_some()),
            ("layers_pattern", self.layers_pattern.is_some()),
        ] {
            require(option, listed || !set, || "is set, but target_modules is an expression: include it there".into())?;
        }
        require("layers_pattern", self.layers_pattern.is_none() || self.layers_to_transform.is_some(), || {
            "is set, but layers_to_transform is not: set both".into()
        })?;
        Matcher::new(self).map(drop)
    }
}

fn rank(option: &'static str, r: i64) -> Result<()> {
    require(option, (1..=LARGEST_RANK).contains(&r), || format!("is {r}, expected 1 to {LARGEST_RANK}"))
}

fn positive(option: &'static str, alpha: f64) -> Result<()> {
    require(option, alpha > 0.0 && alpha.is_finite(), || format!("is {alpha}, expected a positive number"))
}
