use super::decoder::Decoder;
use super::draws::DrawKey;
use super::generate::{check_prompts, matrix, max_length, with_weights_at_fault};
use super::pipeline::{Pipeline, pipeline};
use super::prompts::started;
use super::sampling::{Text, choose};
use super::stopping::Stopping;
use super::token_ids::eos_ids;
use super::{Generation, GenerationError};
use crate::{CausalLm, Result};
use std::slice::from_ref;

/// The prompt's number, which draws are keyed by.
const PLACE: usize = 0;

/// The tokens that a model writes behind one prompt, each as soon as it is chosen, by greedy search or sampling.
///
/// They are those of [`generate_prompts`](super::generate_prompts) for a first prompt: the EOS that ends the text is left
/// out. An empty prompt starts with the model's BOS. After an error there are no more tokens. The model is taken as it is, so
/// that the first token comes at once: where one text follows another, hand over what [`CausalLm::packed`] gives.
///
/// ```no_run
/// # use align_models::{Gpt2, generation::{Generation, GenerationConfig, stream}};
/// # fn write(model: &Gpt2) -> align_models::Result<()> {
/// let config = GenerationConfig { do_sample: true, max_new_tokens: Some(40), ..Default::default() };
/// for token in stream(model, &[1212, 3807], &Generation::new(config)?)? {
///     println!("{}", token?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`generate_prompts`](super::generate_prompts); more than one beam, since beams may drop what they have written; more
/// than one text.
pub fn stream<'a, M: CausalLm + ?Sized>(
    model: &'a M,
    prompt: &[i64],
    generation: &Generation,
) -> Result<TokenStream<'a, M>> {
    let config = generation.config();
    if config.num_beams > 1 {
        let conflict = format!("the best of {} beams is known at the end only", config.num_beams);
        let remedy = "take 1 beam to stream a text";
        return Err(GenerationError::Conflict { option: "num_beams", conflict, remedy }.into());
    }
    if config.output_scores {
        let conflict = "a stream is tokens without scores".to_owned();
        return Err(GenerationError::Conflict { option: "output_scores", conflict, remedy: "leave it out" }.into());
    }
    if config.num_return_sequences > 1 {
        let conflict = format!("a stream is one text, not {}", config.num_return_sequences);
        let remedy = "stream each with a seed of its own";
        return Err(GenerationError::Conflict { option: "num_return_sequences", conflict, remedy }.into());
    }
    let eos = eos_ids(model, generation)?;
    let ids = started(model, generation, PLACE, prompt)?;
    check_prompts(model, from_ref(&ids), None, &[PLACE as u64])?;
    let max_length = max_length(model, config, ids.len(), 0)?;
    let decoder = tch::no_grad(|| Decoder::new(model, &matrix(from_ref(&ids))?, None, max_length as i64))?;
    let key = DrawKey { seed: config.seed, sequence: PLACE as u64, text: 0 };
    Ok(TokenStream {
        decoder,
        pipeline: pipeline(generation, &eos, ids.len(), max_length),
        stopping: generation.stopping().clone(),
        eos,
        do_sample: config.do_sample,
        max_length,
        prompt_length: ids.len(),
        text: Text { prompt: PLACE, ids, token_logps: Vec::new(), key, row: 0, finished: false },
        stopped: false,
        scratch: Vec::new(),
    })
}

/// Iterator over the tokens of one text; see [`stream`].
pub struct TokenStream<'a, M: ?Sized> {
    decoder: Decoder<'a, M>,
    pipeline: Pipeline,
    stopping: Stopping,
    eos: Vec<i64>,
    do_sample: bool,
    max_length: usize,
    prompt_length: usize,
    text: Text,
    stopped: bool,
    scratch: Vec<f32>,
}

impl<M: CausalLm + ?Sized> TokenStream<'_, M> {
    /// Whether an EOS or a stopping criterion has ended the text, rather than the length limit.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.stopped
    }

    /// The EOS that has ended the text, which is not among the tokens; one with a spelling, such as a full stop, is part of the
    /// text all the same.
    #[must_use]
    pub fn end(&self) -> Option<i64> {
        self.text.ids.last().copied().filter(|last| self.text.ids.len() > self.prompt_length && self.eos.contains(last))
    }

    /// The next token, an EOS included.
    fn token(&mut self) -> Result<i64> {
        let step = self.text.ids.len() - self.prompt_length;
        if step > 0 {
            // The last token is read only now, so that it was handed over as soon as it was known.
            let last = self.text.ids.last().copied().unwrap_or_default();
            tch::no_grad(|| self.decoder.step(&[last]))?;
        }
        let scratch = &mut self.scratch;
        self.decoder.scores().read(|scores| {
            scratch.clear();
            scratch.extend_from_slice(scores.row(0));
        })?;
        let token = choose(&self.pipeline, &self.text, self.do_sample, step, scratch);
        let nothing_left = GenerationError::NothingLeft { prompt: PLACE as u64, step, survivors: 0, needed: 1 };
        token.ok_or_else(|| with_weights_at_fault(self.decoder.model(), nothing_left.into()))
    }
}

impl<M: CausalLm + ?Sized> Iterator for TokenStream<'_, M> {
    type Item = Result<i64>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.text.finished {
            return None;
        }
        let token = self.token();
        let Ok(id) = token else {
            self.text.finished = true;
            return Some(token);
        };
        self.text.ids.push(id);
        let ended_by_eos = self.eos.contains(&id);
        self.stopped = ended_by_eos || self.stopping.stops(&self.text.ids, self.prompt_length);
        self.text.finished = self.stopped || self.text.ids.len() >= self.max_length;
        (!ended_by_eos).then_some(token)
    }
}
