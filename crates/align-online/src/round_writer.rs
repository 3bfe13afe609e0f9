use crate::measures::{TextLogps, measure};
use crate::prompts::prompts_of_round;
use crate::{
    Error, JudgedText, OnPolicyObjective, Panel, PhaseSeconds, Result, RoundPrompts, RoundRecord, RoundsConfig,
    TextGroup,
};
use align_base::random::generator;
use align_data::{CompletionExample, Tokenizer};
use align_inference::{GeneratedText, answer_generation, generate_encoded};
use align_models::CausalLm;
use align_models::generation::{Generation, GenerationConfig};
use align_train::objective::completion_logps_at_temperature;
use rand::RngExt;
use std::collections::HashMap;
use std::time::Instant;

/// Tokens whose log-probabilities are computed at a time.
const LOGPS_TOKENS: usize = 2048;

/// Writes and judges the texts of rounds.
pub(crate) struct RoundWriter {
    pub config: RoundsConfig,
    pub prompts: RoundPrompts,
    /// The token ids of the prompts.
    pub prompt_ids: Vec<Vec<i64>>,
    pub panel: Panel,
    pub tokenizer: Tokenizer,
    /// How texts are sampled.
    generation: GenerationConfig,
    pub seed: u64,
}

/// A model's texts before they are judged.
struct Written {
    /// The prompt of each group of texts.
    prompts: Vec<usize>,
    texts: Vec<GeneratedText>,
}

/// The texts of a round with their rewards.
pub(crate) struct JudgedRound {
    /// Counted from 0.
    round: u64,
    temperature: f64,
    num_generations: usize,
    /// Whether log-probabilities measure the round.
    needs_logps: bool,
    /// Whether the loss needs the log-probabilities under the policy that wrote the texts.
    needs_old_logps: bool,
    pub groups: Vec<TextGroup>,
    /// The log-probability of each token of each text as it was sampled.
    sampled: Option<Vec<Vec<f32>>>,
    pub seconds: PhaseSeconds,
}

/// The log-probability under the reference model of each token of a text, by the place of its group and its ids.
pub(crate) type ReferenceLogps = HashMap<(usize, Vec<i64>), Vec<f32>>;

impl Written {
    /// The log-probability of each token of each text as it was sampled, if there are any.
    fn logps(&self) -> Option<Vec<Vec<f32>>> {
        let of_text = |text: &GeneratedText| {
            let logps = text.completion.token_logps.as_ref()?;
            Some(logps.iter().map(|logp| *logp as f32).collect())
        };
        self.texts.iter().map(of_text).collect()
    }
}

impl RoundWriter {
    pub fn new(
        config: RoundsConfig,
        prompts: RoundPrompts,
        panel: Panel,
        (policy, tokenizer): (&dyn CausalLm, &Tokenizer),
        seed: u64,
    ) -> Result<Self> {
        let generation = match prompts.are_conversations() {
            true => answer_generation(config.generation.clone(), policy, tokenizer)?,
            false => config.generation.clone(),
        };
        let prompt_ids = prompts.encode(tokenizer)?;
        Ok(Self { config, prompts, prompt_ids, panel, tokenizer: tokenizer.clone(), generation, seed })
    }

    /// The tokens of the longest prompt.
    ///
    /// # Errors
    /// A prompt that leaves no room for the longest completion in `max_tokens` tokens.
    pub fn check_lengths(&self, max_tokens: i64) -> Result<usize> {
        let completion = self.longest_completion()?;
        let longest = self.prompt_ids.iter().enumerate().max_by_key(|(_, ids)| ids.len());
        let (place, prompt) = longest.map_or((0, 0), |(place, ids)| (place, ids.len()));
        if (prompt + completion) as i64 > max_tokens {
            let reason = format!(
                "is {completion}, but prompt {} has {prompt} tokens, and the model takes at most {max_tokens} for both: lower it, or \
                 shorten the prompt",
                place + 1
            );
            return Err(Error::Config { option: "max_new_tokens", reason });
        }
        Ok(prompt)
    }

    /// The most tokens of a completion.
    pub fn longest_completion(&self) -> Result<usize> {
        let reason = "is not set: set the most tokens of a text".to_owned();
        self.generation.max_new_tokens.ok_or(Error::Config { option: "max_new_tokens", reason })
    }

    /// Lets the policy write the texts of a round, counted from 0, and judges them. `needs_old_logps`: whether the loss needs the texts'
    /// log-probabilities.
    pub fn write<O: OnPolicyObjective>(&self, round: u64, objective: &O, needs_old_logps: bool) -> Result<JudgedRound> {
        let (temperature, num_generations) = (
            self.config.temperature.at(round, self.config.rounds),
            self.config.num_generations.at(round, self.config.rounds),
        );
        let (mut seconds, start) = (PhaseSeconds::default(), Instant::now());
        let needs_logps = needs_old_logps || objective.reference().is_some();
        let written = self.generate(round, objective.policy(), (temperature, num_generations), needs_logps)?;
        seconds.generation = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let groups = self.judge(&written, num_generations)?;
        seconds.scoring = start.elapsed().as_secs_f64();
        let sampled = written.logps();
        Ok(JudgedRound { round, temperature, num_generations, needs_logps, needs_old_logps, groups, sampled, seconds })
    }

    /// Measures the texts of a round, and sets their advantages. `reference` has the log-probabilities under the reference model that are known.
    pub fn measure<O: OnPolicyObjective>(
        &self,
        judged: JudgedRound,
        objective: &O,
        step: u64,
        reference: &ReferenceLogps,
    ) -> Result<RoundRecord> {
        let JudgedRound {
            round,
            temperature,
            num_generations,
            needs_logps,
            needs_old_logps,
            mut groups,
            sampled,
            mut seconds,
        } = judged;
        let start = Instant::now();
        let logps = match needs_logps {
            true => Some(self.log_probabilities(objective, &groups, (temperature, sampled), reference)?),
            false => None,
        };
        self.set_advantages(objective, &mut groups, logps.as_ref())?;
        if let Some(TextLogps { policy, .. }) = logps.as_ref().filter(|_| needs_old_logps) {
            texts_of(&mut groups).zip(policy).for_each(|(text, logps)| text.old_logps = Some(logps.clone()));
        }
        let reference = logps.as_ref().and_then(|logps| logps.reference.as_ref());
        if let Some(reference) = reference.filter(|_| O::takes_reference_logps(objective.config())) {
            texts_of(&mut groups).zip(reference).for_each(|(text, logps)| text.reference_logps = Some(logps.clone()));
        }
        seconds.log_probabilities += start.elapsed().as_secs_f64();
        let metrics = measure(&groups, &self.panel, logps.as_ref());
        let (round, beta) = (round + 1, objective.beta());
        Ok(RoundRecord {
            round,
            step,
            temperature,
            num_generations,
            beta,
            rows: 0,
            order: Vec::new(),
            metrics,
            groups,
            seconds,
        })
    }

    fn generate(
        &self,
        round: u64,
        policy: &dyn CausalLm,
        (temperature, texts): (f64, usize),
        output_scores: bool,
    ) -> Result<Written> {
        let prompts = prompts_of_round(self.prompt_ids.len(), self.config.prompts_per_round, (self.seed, round));
        let ids: Vec<Vec<i64>> = prompts.iter().filter_map(|prompt| self.prompt_ids.get(*prompt).cloned()).collect();
        let generation = Generation::new(GenerationConfig {
            do_sample: true,
            temperature: Some(temperature),
            num_return_sequences: texts,
            output_scores,
            seed: generator(self.seed, "round texts", round).random(),
            ..self.generation.clone()
        });
        let generation = generation.map_err(align_train::Error::from)?;
        let texts = generate_encoded(policy, &self.tokenizer, &ids, &generation, None)?;
        Ok(Written { prompts, texts })
    }

    fn judge(&self, written: &Written, num_generations: usize) -> Result<Vec<TextGroup>> {
        let prompt_of = |text: &GeneratedText| written.prompts.get(text.prompt).copied().unwrap_or_default();
        let example = |text: &GeneratedText| {
            let prompt = self.prompts.prompts.get(prompt_of(text));
            prompt.map_or_else(
                || CompletionExample::Plain((String::new(), text.completion_text.clone())),
                |prompt| prompt.with_completion(&text.completion_text),
            )
        };
        let verdicts = self.panel.judge(&written.texts.iter().map(example).collect::<Vec<_>>())?;
        let judged: Vec<JudgedText> = written
            .texts
            .iter()
            .zip(verdicts)
            .map(|(text, verdict)| JudgedText {
                completion: text.completion_text.clone(),
                ids: text.completion.ids_with_eos(),
                finished: text.completion.finished,
                scores: verdict.scores,
                reward: verdict.reward,
                held_out: verdict.held_out,
                advantage: None,
                old_logps: None,
                reference_logps: None,
            })
            .collect();
        let groups = written.prompts.iter().zip(judged.chunks(num_generations.max(1)));
        let group = |(prompt, texts): (&usize, &[JudgedText])| TextGroup {
            prompt: *prompt,
            prompt_ids: self.prompt_ids.get(*prompt).cloned().unwrap_or_default(),
            texts: texts.to_vec(),
        };
        Ok(groups.map(group).collect())
    }

    /// The texts' log-probabilities under the policy, and under the reference model if there is one. Those under the policy are `sampled`,
    /// which sampling computed, if they are of the same temperature and of all tokens. Of those under the reference model, `known` ones are
    /// not computed again.
    fn log_probabilities<O: OnPolicyObjective>(
        &self,
        objective: &O,
        groups: &[TextGroup],
        (temperature, sampled): (f64, Option<Vec<Vec<f32>>>),
        known: &ReferenceLogps,
    ) -> Result<TextLogps> {
        let of_loss = O::logps_temperature(temperature);
        let logps = |model: &dyn CausalLm, rows: &[(&[i64], &[i64])]| {
            completion_logps_at_temperature(model, rows, of_loss, LOGPS_TOKENS)
        };
        let texts =
            || groups.iter().enumerate().flat_map(|(i, group)| group.texts.iter().map(move |text| (i, group, text)));
        let policy = match sampled.filter(|_| of_loss == temperature && self.samples_from_all_tokens()) {
            Some(sampled) => sampled,
            None => logps(objective.policy(), &texts().map(sequence).collect::<Vec<_>>())?,
        };
        let Some(model) = objective.reference() else { return Ok(TextLogps { policy, reference: None }) };
        let known_of = |group: usize, text: &JudgedText| known.get(&(group, text.ids.clone()));
        let unknown: Vec<_> =
            texts().filter(|(group, _, text)| known_of(*group, text).is_none()).map(sequence).collect();
        let mut computed = logps(model, &unknown)?.into_iter();
        let of_text = |(group, _, text)| known_of(group, text).cloned().or_else(|| computed.next()).unwrap_or_default();
        Ok(TextLogps { policy, reference: Some(texts().map(of_text).collect()) })
    }

    /// Whether the probabilities of sampling are those of the policy at the temperature.
    fn samples_from_all_tokens(&self) -> bool {
        let GenerationConfig { max_new_tokens, eos_token_id, top_p, .. } = &self.generation;
        let plain = GenerationConfig {
            do_sample: true,
            top_k: Some(0),
            top_p: top_p.filter(|top_p| *top_p == 1.0),
            max_new_tokens: *max_new_tokens,
            eos_token_id: eos_token_id.clone(),
            ..GenerationConfig::default()
        };
        self.generation == plain
    }

    /// Sets the advantages of the texts, if the objective has any.
    fn set_advantages<O: OnPolicyObjective>(
        &self,
        objective: &O,
        groups: &mut [TextGroup],
        logps: Option<&TextLogps>,
    ) -> Result<()> {
        let kl = logps.and_then(TextLogps::log_ratios).unwrap_or_default();
        let Some(advantages) = O::advantages(objective.config(), groups, &self.panel.weights(), &kl)? else {
            return Ok(());
        };
        texts_of(groups).zip(advantages).for_each(|(text, advantage)| text.advantage = Some(advantage));
        Ok(())
    }
}

/// The ids of a text's prompt and of the text.
fn sequence<'a>((_, group, text): (usize, &'a TextGroup, &'a JudgedText)) -> (&'a [i64], &'a [i64]) {
    (&group.prompt_ids, &text.ids)
}

fn texts_of(groups: &mut [TextGroup]) -> impl Iterator<Item = &mut JudgedText> {
    groups.iter_mut().flat_map(|group| &mut group.texts)
}
