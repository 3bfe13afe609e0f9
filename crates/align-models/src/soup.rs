use crate::{CausalLm, Error, Result, architecture_differences};
use tch::{Kind, Tensor};

/// The weighted mean of models that were fine-tuned from one model: `θ = Σ λ_i θ_i`, with `λ_i` the weights divided by their sum.
///
/// Models that were aligned with different rewards, averaged with different weights, trace a frontier between the rewards without further
/// training (rewarded soups, arXiv:2306.04488; model soups, arXiv:2203.05482). Models with a merged adapter are models like any other, so the
/// soup of adapters is exactly the mean of their updates.
///
/// ```no_run
/// use align_models::{AutoModelForCausalLm, ModelSoup};
/// # use tch::{Device, Kind};
/// let load = |folder: &str| AutoModelForCausalLm::from_pretrained(folder.as_ref(), Kind::Float, Device::Cpu);
/// let mut soup = ModelSoup::new(load("runs/positive/model")?, 0.7)?;
/// soup.add(load("runs/short/model")?.as_ref(), 0.3)?;
/// soup.finish()?.save_pretrained("runs/soup".as_ref(), false)?;
/// # Ok::<(), align_models::Error>(())
/// ```
#[derive(Debug)]
pub struct ModelSoup {
    /// The first model, whose weights become the mean.
    model: Box<dyn CausalLm>,
    total: f64,
}

impl ModelSoup {
    /// Starts with a model in float32 or float64, whose weights are changed in place.
    ///
    /// # Errors
    /// A weight that is negative or not finite, or a model of another dtype.
    pub fn new(model: Box<dyn CausalLm>, weight: f64) -> Result<Self> {
        check_weight(weight)?;
        if !matches!(model.kind(), Kind::Float | Kind::Double) {
            let reason = format!(
                "the first model of a soup is {:?}: load it in float32, so that the mean is exact",
                model.kind()
            );
            return Err(Error::Input(reason));
        }
        Ok(Self { model, total: weight })
    }

    /// Adds a model. One model at a time needs to be in memory.
    ///
    /// # Errors
    /// A weight that is negative or not finite, weights whose sum is too large, or a model whose architecture, sizes or tensors differ from
    /// those of the first.
    pub fn add(&mut self, model: &dyn CausalLm, weight: f64) -> Result<()> {
        check_weight(weight)?;
        let total = self.total + weight;
        if !total.is_finite() {
            return Err(Error::Input("the sum of the weights of a soup is too large: divide them by a number".into()));
        }
        let different = architecture_differences(&self.model.hyper_parameters()?, &model.hyper_parameters()?);
        if !different.is_empty() {
            return Err(Error::Input(format!(
                "the models of a soup must have the same architecture, but from the first model to this one, {}",
                different.join(", ")
            )));
        }
        let (means, added) = (self.model.parameters(), model.parameters());
        if means.len() != added.len() {
            let (expected, found) = (means.len(), added.len());
            return Err(Error::Input(format!("a model of the soup has {found} tensors, and the first has {expected}")));
        }
        tch::no_grad(|| {
            for (name, mean) in means.iter() {
                let tensor = matching(added.get(name), name, mean)?;
                if weight > 0.0 {
                    let _ = mean.shallow_clone().f_lerp_(&tensor.f_to_kind(mean.kind())?, weight / total)?;
                }
            }
            self.total = total;
            Ok(())
        })
    }

    /// The mean.
    ///
    /// # Errors
    /// All weights are 0, or a model has weights that are not finite.
    pub fn finish(self) -> Result<Box<dyn CausalLm>> {
        if self.total == 0.0 {
            return Err(Error::Input(
                "all weights of the soup are 0: give at least one model a positive weight".into(),
            ));
        }
        match self.model.parameters().first_not_finite()? {
            Some(name) => Err(Error::Input(format!(
                "{name} of the soup is not finite: a model has weights that are NaN or infinite"
            ))),
            None => Ok(self.model),
        }
    }
}

fn check_weight(weight: f64) -> Result<()> {
    match weight.is_finite() && weight >= 0.0 {
        true => Ok(()),
        false => {
            Err(Error::Input(format!("the weight of a model in a soup is {weight}, expected 0 or a positive number")))
        }
    }
}

/// The tensor with this name, if it has the shape of `first`.
fn matching<'a>(tensor: Option<&'a Tensor>, name: &str, first: &Tensor) -> Result<&'a Tensor> {
    let tensor = tensor.ok_or_else(|| Error::Input(format!("a model of the soup has no tensor {name}")))?;
    if tensor.size() != first.size() {
        let (found, expected) = (tensor.size(), first.size());
        return Err(Error::Input(format!(
            "{name} has shape {found:?} in one model of the soup, and {expected:?} in the first"
        )));
    }
    Ok(tensor)
}
