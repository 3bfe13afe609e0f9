use tch::{Device, Kind};

/// Where weights are, in which dtype, and the seed of those that are drawn.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The weights' dtype.
    pub dtype: Kind,
    /// Where they are.
    pub device: Device,
    /// For weights that are drawn at random.
    pub seed: u64,
}
