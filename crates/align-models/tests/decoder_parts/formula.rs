//! What a [`Toy`] computes, written down plainly: one row, one head and one position at a time, in float64.

use crate::toy::{EPS, LAYERS, Normalisation, THETA, Toy};
use align_models::{DecoderLm, TrainableModel};
use tch::{Device, Kind, Tensor};

struct Formula<'a> {
    toy: &'a Toy,
    model: &'a DecoderLm<Toy>,
}

/// Logits of one row, `(seq, vocab_size)`.
pub fn logits(toy: &Toy, model: &DecoderLm<Toy>, ids: &[i64]) -> Tensor {
    let formula = Formula { toy, model };
    let embedding = formula.weight("model.embed_tokens.weight");
    let mut x = embedding.index_select(0, &Tensor::from_slice(ids)) * toy.embedding_scale.unwrap_or(1.0);
    for layer in 0..LAYERS {
        let name = |name: &str| format!("model.layers.{layer}.{name}");
        x = &x + formula.attention(&formula.norm(&x, &name("input_layernorm")), &name("self_attn"));
        x = &x + formula.feed_forward(&formula.norm(&x, &name("post_attention_layernorm")), &name("mlp"));
    }
    let head = if toy.tied { embedding } else { formula.weight("lm_head.weight") };
    formula.norm(&x, "model.norm").matmul(&head.tr())
}

impl Formula<'_> {
    fn weight(&self, name: &str) -> Tensor {
        self.model.parameters().get(name).unwrap().to_kind(Kind::Double)
    }

    fn norm(&self, x: &Tensor, name: &str) -> Tensor {
        let weight = self.weight(&format!("{name}.weight"));
        let mean = |x: &Tensor| x.mean_dim(-1, true, Kind::Double);
        let over_root_mean_square = |x: &Tensor| x / (mean(&(x * x)) + EPS).sqrt();
        match self.toy.normalisation {
            Normalisation::LayerWithoutBias => over_root_mean_square(&(x - mean(x))) * weight,
            Normalisation::Rms => over_root_mean_square(x) * weight,
            Normalisation::RmsOfOffset => over_root_mean_square(x) * (weight + 1.0),
        }
    }

    fn linear(&self, x: &Tensor, name: &str) -> Tensor {
        let y = x.matmul(&self.weight(&format!("{name}.weight")).tr());
        match self.model.parameters().get(&format!("{name}.bias")) {
            Some(bias) => y + bias.to_kind(Kind::Double),
            None => y,
        }
    }

    fn attention(&self, x: &Tensor, name: &str) -> Tensor {
        let (seq, head_dim) = (x.size()[0], self.toy.head_dim);
        let heads = |part: &str, norm: &str, head: i64| {
            let one = self.linear(x, &format!("{name}.{part}")).narrow(1, head * head_dim, head_dim);
            if self.toy.qk_norms { self.norm(&one, &format!("{name}.{norm}")) } else { one }
        };
        let mut outputs = Vec::new();
        for head in 0..self.toy.heads {
            let served_by = head / (self.toy.heads / self.toy.kv_heads);
            let query = self.rotated(&heads("q_proj", "q_norm", head));
            let key = self.rotated(&heads("k_proj", "k_norm", served_by));
            let value = self.linear(x, &format!("{name}.v_proj")).narrow(1, served_by * head_dim, head_dim);
            let scores = query.matmul(&key.tr()) / (head_dim as f64).sqrt();
            let future = Tensor::ones([seq, seq], (Kind::Bool, Device::Cpu)).triu(1);
            let weights = scores.masked_fill(&future, f64::NEG_INFINITY).softmax(-1, Kind::Double);
            outputs.push(weights.matmul(&value));
        }
        self.linear(&Tensor::cat(&outputs, 1), &format!("{name}.o_proj"))
    }

    /// `(seq, head_dim)`: numbers `i` and `i + rotated / 2` at position `p` turned by the angle `p · theta^(−2 i / rotated)`.
    fn rotated(&self, x: &Tensor) -> Tensor {
        let turned = x.copy();
        let half = self.toy.rotated / 2;
        for position in 0..x.size()[0] {
            for i in 0..half {
                let angle = position as f64 * THETA.powf(-2.0 * i as f64 / self.toy.rotated as f64);
                let (a, b) = (x.double_value(&[position, i]), x.double_value(&[position, i + half]));
                let _ = turned.get(position).get(i).fill_(a * angle.cos() - b * angle.sin());
                let _ = turned.get(position).get(i + half).fill_(b * angle.cos() + a * angle.sin());
            }
        }
        turned
    }

    fn feed_forward(&self, x: &Tensor, name: &str) -> Tensor {
        let up = self.linear(x, &format!("{name}.up_proj"));
        let inner = match self.toy.gated {
            true => {
                let gate = self.linear(x, &format!("{name}.gate_proj"));
                &gate * gate.sigmoid() * up
            }
            false => &up * 0.5 * ((&up / 2f64.sqrt()).erf() + 1.0),
        };
        self.linear(&inner, &format!("{name}.down_proj"))
    }
}
