//! The parts of a decoder, as values: an architecture is a config that puts them together ([`DecoderConfig`]).
//!
//! A [`Decoder`] is embeddings, positions ([`Positions`]), pre-norm blocks ([`Block`]) and a head ([`Head`]). A block is a
//! [`SelfAttention`] and a [`FeedForward`], which are made of [`Linear`](crate::layers::Linear) layers. The parts hold weights and
//! numbers; what one forward pass needs beside them (mask, cache, rotation) goes through the blocks as a [`ForwardContext`].

mod attention;
mod block;
mod decoder_lm;
mod feed_forward;
mod forward_context;
mod head;
mod kv_cache;
mod memory;
mod positions;
mod rotary;
mod shared_token_rows;
mod stack;

pub use attention::{Projections, SelfAttention};
pub use block::Block;
pub use decoder_lm::{DecoderConfig, DecoderLm};
pub use feed_forward::FeedForward;
pub use forward_context::{ForwardContext, Mode};
pub use head::Head;
pub use kv_cache::{Cached, KvCache};
pub use positions::Positions;
pub use rotary::{Rotary, Rotation};
pub use shared_token_rows::SharedTokenRows;
pub use stack::Decoder;
