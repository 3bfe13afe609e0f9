use tch::{Device, Kind};

/// The dtype and device of a model's weights, and the seed of random weights.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The dtype of the weights.
    pub dtype: Kind,
    /// The device of the weights.
    pub device: Device,
    /// The seed of random weights.
    pub seed: u64,
}
