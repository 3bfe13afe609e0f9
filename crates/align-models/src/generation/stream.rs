use super::completions::with_bos;
use super::draws::DrawKey;
use super::generate::{check_prompts, max_length, name_non_finite_weights};
use super::incremental_decoder::IncrementalDecoder;
use super::pipeline::{Pipeline, pipeline};
use super::sampling::choose;
use super::stopping_criteria::StoppingCriteria;
use super::token_ids::eos_ids;
use super::{Generation, GenerationError};
use crate::{CausalLm, Result};
use std::slice::from_ref;

/// The index of the prompt, which is part of the key of the random numbers.
const PROMPT: usize = 0;

/// Generates one completion and returns each token as soon as it is selected, by greedy search or sampling.
///
/// The tokens are those of [`generate_completions`](super::generate_completions) for the first prompt, without a final EOS. An empty prompt is
/// replaced by the model's BOS. The iterator ends after an error. The model is not packed, so that the first token has no delay: to
/// stream several texts, pass the result of [`CausalLm::packed`].
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
/// The errors of [`generate_completions`](super::generate_completions); more than one beam, since a beam may be discarded later; more than one
/// completion.
pub fn stream<'a, M: CausalLm + ?Sized>(
    model: &'a M,
    prompt: &[i64],
    generation: &Generation,
) -> Result<TokenStream<'a, M>> {
    let config = generation.config();
    if config.num_beams > 1 {
        let conflict = format!("is {}, but the best beam is not known until the end", config.num_beams);
        let remedy = "set it to 1 to stream a text".to_owned();
        return Err(GenerationError::Conflict { option: "num_beams", conflict, remedy }.into());
    }
    if config.output_scores {
        let conflict = "is true, but a stream has no scores".to_owned();
        return Err(GenerationError::Conflict { option: "output_scores", conflict, remedy: "remove it".into() }.into());
    }
    if config.num_return_sequences > 1 {
        let conflict = format!("is {}, but a stream is one text", config.num_return_sequences);
        let remedy = "stream each text with a different seed".to_owned();
        return Err(GenerationError::Conflict { option: "num_return_sequences", conflict, remedy }.into());
    }
    let eos = eos_ids(model, generation)?;
    let ids = with_bos(model, generation, PROMPT, prompt)?;
    check_prompts(model, from_ref(&ids), None, &[PROMPT as u64])?;
    let max_length = max_length(model, config, ids.len(), 0)?;
    let decoder = tch::no_grad(|| IncrementalDecoder::new(model, from_ref(&ids), max_length as i64))?;
    let key = DrawKey { seed: config.seed, prompt: PROMPT as u64, text: 0 };
    Ok(TokenStream {
        decoder,
        pipeline: pipeline(generation, &eos, ids.len(), max_length),
        stopping: generation.stopping().clone(),
        eos,
        do_sample: config.do_sample,
        max_length,
        prompt_length: ids.len(),
        ids,
        key,
        ended: false,
        stopped: false,
        scratch: Vec::new(),
    })
}

/// An iterator over the tokens of one text; see [`stream`].
pub struct TokenStream<'a, M: ?Sized> {
    decoder: IncrementalDecoder<'a, M>,
    pipeline: Pipeline,
    stopping: StoppingCriteria,
    eos: Vec<i64>,
    do_sample: bool,
    max_length: usize,
    prompt_length: usize,
    /// The text so far, with the prompt.
    ids: Vec<i64>,
    key: DrawKey,
    /// Whether there are no more tokens.
    ended: bool,
    /// Whether an EOS or a stopping criterion has ended the text.
    stopped: bool,
    scratch: Vec<f32>,
}

impl<M: CausalLm + ?Sized> TokenStream<'_, M> {
    /// Whether an EOS or a stopping criterion has ended the text, rather than the length limit.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.stopped
    }

    /// The final EOS, which is not among the tokens. An EOS that is ordinary text, such as a full stop, still belongs to the text.
    #[must_use]
    pub fn eos(&self) -> Option<i64> {
        self.ids.last().copied().filter(|last| self.ids.len() > self.prompt_length && self.eos.contains(last))
    }

    /// The next token, which may be an EOS.
    fn token(&mut self) -> Result<i64> {
        let step = self.ids.len() - self.prompt_length;
        if step > 0 {
            // The model processes the last token only now, so that it was returned without delay.
            let last = self.ids.last().copied().unwrap_or_default();
            tch::no_grad(|| self.decoder.step(&[Some(last)]))?;
        }
        let scratch = &mut self.scratch;
        self.decoder.scores().read(|scores| {
            scratch.clear();
            scratch.extend_from_slice(scores.row(0));
        })?;
        let token = choose(&self.pipeline, &self.ids, self.key, self.do_sample, step, scratch);
        let error = GenerationError::TooFewContinuations { prompt: PROMPT as u64, step, available: 0, needed: 1 };
        token.ok_or_else(|| name_non_finite_weights(self.decoder.model(), error.into()))
    }
}

impl<M: CausalLm + ?Sized> Iterator for TokenStream<'_, M> {
    type Item = Result<i64>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let token = self.token();
        let Ok(id) = token else {
            self.ended = true;
            return Some(token);
        };
        self.ids.push(id);
        let ended_by_eos = self.eos.contains(&id);
        self.stopped = ended_by_eos || self.stopping.stops(&self.ids, self.prompt_length);
        self.ended = self.stopped || self.ids.len() >= self.max_length;
        (!ended_by_eos).then_some(token)
    }
}
