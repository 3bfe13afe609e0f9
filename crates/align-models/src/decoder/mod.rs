//! Building blocks of decoders. An architecture is a config that combines them ([`DecoderConfig`]).
//!
//! A [`Decoder`] consists of embeddings, positions ([`Positions`]), pre-norm blocks ([`Block`]) and an output projection ([`Head`]). A
//! block consists of [`SelfAttention`] and a [`FeedForward`] network, both built from [`Linear`](crate::layers::Linear) layers. The
//! building blocks hold weights and hyper-parameters. The mask, cache and rotation of a forward pass are passed to them as a
//! [`ForwardContext`].

mod attention;
mod block;
mod decoder_lm;
mod decoder_stack;
mod feed_forward;
mod forward_context;
mod head;
mod kv_cache;
mod memory;
mod positions;
mod rope_scaling;
mod rotary;
mod shared_token_rows;

pub use attention::{Projections, SelfAttention};
pub use block::Block;
pub(crate) use decoder_lm::SCORE;
pub use decoder_lm::{DecoderConfig, DecoderLm};
pub use decoder_stack::Decoder;
pub use feed_forward::FeedForward;
pub use forward_context::{ForwardContext, Mode};
pub use head::Head;
pub use kv_cache::{CachedKeysValues, KvCache};
pub use positions::{Positions, Rotations};
pub use rope_scaling::RopeScaling;
pub use rotary::{Rotary, Rotation};
pub use shared_token_rows::SharedTokenRows;
