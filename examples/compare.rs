//! How far two models of one family are apart: weights, hidden states by layer, and next-token distributions along a text.
//!
//! ```sh
//! cargo run --example compare -- lvwerra/gpt2-imdb AntonKorznikov/gpt2_hinge "The film was a joy from beginning to end."
//! ```

use align::frontier::{next_token_divergences, weight_distances};
use align::inference::PromptCompletion;
use align::metrics::debiased_linear_cka;
use align::models::Attention;
use align::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, first, second, text] = &arguments[..] else { return Err("usage: compare MODEL MODEL TEXT".into()) };
    let folder = ModelResolver::default().folder(first)?;
    let load = |name: &str| {
        let folder = ModelResolver::default().folder(name)?;
        AutoModelForCausalLm::from_pretrained(&folder, Kind::Float, Device::Cpu)
    };
    let (first, second) = (load(first)?, load(second)?);

    let weights = weight_distances(first.as_ref(), second.as_ref())?;
    println!("squared distance of weights {:.4}", weights.all.squared_l2);

    let ids = Tokenizer::from_pretrained(&folder)?.encode(text, true)?;
    let (prompt_ids, completion_ids) = ids.split_at(1);
    let row = PromptCompletion { prompt_ids, completion_ids };
    let found = next_token_divergences(first.as_ref(), second.as_ref(), &[row], 1)?;
    let names = ["KL(first‖second)", "KL(second‖first)", "Jensen-Shannon", "total variation"];
    for (name, values) in names.iter().zip(&found[0]) {
        println!("{name} {:.4} per token", values.iter().sum::<f64>() / values.len() as f64);
    }

    let batch = tch::Tensor::from_slice(&ids).unsqueeze(0);
    let states = |model: &dyn CausalLm| model.hidden_states(&batch, None, &Attention::Causal);
    for (layer, (a, b)) in states(first.as_ref())?.iter().zip(states(second.as_ref())?).enumerate() {
        let values = |x: &tch::Tensor| Vec::<f32>::try_from(x.contiguous().view(-1));
        let cka = debiased_linear_cka(ids.len(), &values(a)?, &values(&b)?)?;
        println!("layer {layer}: debiased CKA {cka:.4}");
    }
    Ok(())
}
