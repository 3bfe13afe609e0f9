//! The layers that models are built from, over weights that are looked up by name.

mod activation;
mod attend;
mod attention_mask;
mod dropout;
mod heads;
mod linear;
mod norm;
mod weights;

pub(crate) use attend::{Attend, attend};
pub(crate) use attention_mask::{causal_mask, key_mask};
pub(crate) use heads::{merge_heads, split_heads};

pub use activation::Activation;
pub use dropout::dropout;
pub use linear::Linear;
pub use norm::Norm;
pub use weights::Weights;
