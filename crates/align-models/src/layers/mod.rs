//! Layers of models, created from weights that are looked up by name.

mod activation;
mod attention_mask;
mod dropout;
mod heads;
mod linear;
mod norm;
mod scaled_dot_product_attention;
mod weights;

pub(crate) use attention_mask::{causal_mask, key_mask};
pub(crate) use heads::{merge_heads, split_heads};
pub(crate) use scaled_dot_product_attention::{AttentionArgs, scaled_dot_product_attention};

pub use activation::Activation;
pub use dropout::dropout;
pub use linear::Linear;
pub use norm::Norm;
pub use weights::Weights;
