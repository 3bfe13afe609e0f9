//! Compares logits and log-probabilities with gpt2_logits.json and distilbert.json, for every checkpoint format.

use crate::{golden_dir, read_json};
use align_inference::{PromptCompletion, completion_logps};
use align_models::{Attention, CausalLm, DistilBert, Gpt2, SequenceClassifier};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

const ABSOLUTE: f64 = 1e-4;
const FORMATS: [&str; 3] = ["models/gpt2-tiny", "models/gpt2-tiny-bin-zip", "models/gpt2-tiny-bin-legacy"];

#[derive(Deserialize)]
struct Gpt2Golden {
    cases: Vec<LogitsCase>,
    sequence_logps: Vec<LogpsCase>,
}

/// The logits at the last real token of each row of a batch.
#[derive(Deserialize)]
pub struct LogitsCase {
    pub padding: String,
    pub input_ids: Vec<Vec<i64>>,
    pub attention_mask: Vec<Vec<i64>>,
    pub position_ids: Vec<Vec<i64>>,
    pub logits_last_real: Vec<Vec<f64>>,
}

/// The log-probabilities of a completion.
#[derive(Deserialize)]
pub struct LogpsCase {
    pub prompt_ids: Vec<i64>,
    pub completion_ids: Vec<i64>,
    pub token_logps: Vec<f64>,
    pub sum: f64,
}

fn matrix(rows: &[Vec<i64>]) -> Tensor {
    Tensor::from_slice(&rows.concat()).view([rows.len() as i64, -1])
}

fn gpt2(dir: &str) -> Gpt2 {
    Gpt2::from_pretrained(&golden_dir().join(dir), Kind::Float, Device::Cpu).unwrap()
}

fn golden() -> Gpt2Golden {
    serde_json::from_value(read_json("gpt2_logits.json")).unwrap()
}

fn assert_near(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= ABSOLUTE, "{what}: {f}, expected {e}");
    }
}

/// The logits at the last token of each row that is not padding.
fn last_real(model: &Gpt2, hidden: &Tensor, mask: &[Vec<i64>]) -> Vec<Vec<f64>> {
    let at = |row: usize| mask[row].iter().rposition(|m| *m == 1).unwrap() as i64;
    (0..mask.len())
        .map(|row| {
            Vec::try_from(hidden.get(row as i64).get(at(row)).matmul(&model.head().tr()).to_kind(Kind::Double)).unwrap()
        })
        .collect()
}

#[test]
fn gpt2_logits_with_every_padding_in_every_format() {
    for format in FORMATS {
        let model = gpt2(format);
        let mut paddings = std::collections::BTreeSet::new();
        for case in golden().cases {
            let (ids, mask) = (matrix(&case.input_ids), matrix(&case.attention_mask));
            let positions = matrix(&case.position_ids);
            let hidden = model.hidden(&ids, Some(&positions), &Attention::Padded(&mask), None).unwrap();
            let what = format!("{format}, {} padding", case.padding);
            for (found, expected) in last_real(&model, &hidden, &case.attention_mask).iter().zip(&case.logits_last_real)
            {
                assert_near(found, expected, &what);
            }
            if case.padding != "left" {
                let hidden = model.hidden(&ids, None, &Attention::Causal, None).unwrap();
                for (found, expected) in
                    last_real(&model, &hidden, &case.attention_mask).iter().zip(&case.logits_last_real)
                {
                    assert_near(found, expected, &format!("{what}, causal attention"));
                }
            }
            paddings.insert(case.padding);
        }
        assert_eq!(paddings.len(), 3);
    }
}

#[test]
fn gpt2_logits_through_the_cache_token_by_token() {
    let model = gpt2(FORMATS[0]);
    for case in golden().cases {
        let (ids, mask, positions) =
            (matrix(&case.input_ids), matrix(&case.attention_mask), matrix(&case.position_ids));
        let (batch, seq) = ids.size2().unwrap();
        let mut cache = model.new_cache(batch, seq);
        // A first chunk of up to two tokens, then one token at a time.
        let first = seq.min(2);
        let mut hidden = Vec::new();
        let mut from = 0;
        for len in std::iter::once(first).chain(std::iter::repeat_n(1, (seq - first) as usize)) {
            let (ids, positions) = (ids.narrow(1, from, len), positions.narrow(1, from, len));
            let seen = mask.narrow(1, 0, from + len);
            hidden.push(model.hidden(&ids, Some(&positions), &Attention::Padded(&seen), Some(&mut cache)).unwrap());
            from += len;
        }
        let hidden = Tensor::cat(&hidden, 1);
        for (found, expected) in last_real(&model, &hidden, &case.attention_mask).iter().zip(&case.logits_last_real) {
            assert_near(found, expected, &format!("cached, {} padding", case.padding));
        }
    }
}

#[test]
fn gpt2_token_logps_in_every_format() {
    for format in FORMATS {
        let model = gpt2(format);
        let cases = golden().sequence_logps;
        let rows: Vec<PromptCompletion> = cases
            .iter()
            .map(|c| PromptCompletion { prompt_ids: &c.prompt_ids, completion_ids: &c.completion_ids })
            .collect();
        // Batches of five: the rows are padded to one another.
        for (case, found) in cases.iter().zip(completion_logps(&model, &rows, 5).unwrap()) {
            let found: Vec<f64> = found.into_iter().map(f64::from).collect();
            assert_near(&found, &case.token_logps, format);
            let sum: f64 = found.iter().sum();
            assert!((sum - case.sum).abs() <= ABSOLUTE * found.len() as f64, "{format}: {sum}, expected {}", case.sum);
        }
    }
}

#[test]
fn gpt2_in_bfloat16_stays_near_float32() {
    let model = Gpt2::from_pretrained(&golden_dir().join(FORMATS[0]), Kind::BFloat16, Device::Cpu).unwrap();
    for case in golden().sequence_logps {
        let row = PromptCompletion { prompt_ids: &case.prompt_ids, completion_ids: &case.completion_ids };
        let found = completion_logps(&model, &[row], 1).unwrap().remove(0);
        for (f, e) in found.iter().zip(&case.token_logps) {
            // bfloat16 has 8 bits of precision: a few per cent of a log-probability of about -4.
            assert!((f64::from(*f) - e).abs() < 0.3, "{f}, expected {e}");
        }
    }
}

#[test]
fn distilbert_logits_alone_and_batched_in_both_formats() {
    #[derive(Deserialize)]
    struct Golden {
        input_ids: Vec<Vec<i64>>,
        logits: Vec<Vec<f64>>,
        notebook_reward: Vec<f64>,
    }
    let golden: Golden = serde_json::from_value(read_json("distilbert.json")).unwrap();
    for format in ["models/distilbert-tiny", "models/distilbert-tiny-bin-legacy"] {
        let model = DistilBert::from_pretrained(&golden_dir().join(format), Kind::Float, Device::Cpu).unwrap();
        for batch_size in [1, 4, 64] {
            let found = model.classify(&golden.input_ids, batch_size, &mut |_| ()).unwrap();
            for ((found, expected), reward) in found.iter().zip(&golden.logits).zip(&golden.notebook_reward) {
                let found: Vec<f64> = found.iter().map(|x| f64::from(*x)).collect();
                assert_near(&found, expected, &format!("{format}, batches of {batch_size}"));
                assert_near(&[-found[0]], &[*reward], "reward");
            }
        }
    }
}
