use super::draw::draw;
use super::{JudgedPairOptions, JudgedPairReport, JudgedPrompt, JudgedTexts, Support};
use crate::pairing::MAX_PAIRS;
use crate::{PairNumbers, PreferencePair, Result};
use align_choice::{Options, Outcome};
use std::collections::HashSet;

/// A pair, and how far the judges agree with it. The scores are those of the rule, if it has any.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedPair {
    /// The pair. Its `chosen_probability` is the probability that another judge of the same kind prefers the chosen text
    /// ([`Support::probability`]).
    pub pair: PreferencePair,
    /// The share of the judges that score the chosen text higher, by weight.
    pub agreement: f64,
}

/// Ranks the texts of each prompt by a rule, and makes pairs of texts of which it ranks one above the other. Texts in different tiers of a partial
/// order are no pair if they are among [`Outcome::incomparable`].
///
/// Two texts form no pair if no judge scores both, or if all judges that do prefer the one that is ranked lower. The result depends only on the
/// rows, the options and the seed.
///
/// ```
/// use align_data::judges::{JudgedPairOptions, JudgedText, JudgedTexts, pair_judged};
///
/// let text = |text: &str, scores: [f64; 3]| JudgedText {
///     prompt: "Why?".to_owned(),
///     text: text.to_owned(),
///     scores: scores.map(Some).to_vec(),
/// };
/// let rows = vec![text("Because.", [0.9, 0.8, 0.1]), text("Who knows?", [0.5, 0.3, 0.7])];
/// let texts = JudgedTexts::new(["helpful", "fluent", "brief"], rows)?;
/// let (pairs, _) = pair_judged(&texts, &JudgedPairOptions::new("borda".parse()?))?;
/// assert_eq!(pairs[0].pair.chosen, "Because.");
/// assert_eq!((pairs[0].agreement, pairs[0].pair.numbers.chosen_probability), (2.0 / 3.0, Some(2.5 / 4.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// An invalid option; as [`JudgedTexts::prompts`]; scores that do not suit the rule; more than 20 million pairs.
pub fn pair_judged(texts: &JudgedTexts, options: &JudgedPairOptions) -> Result<(Vec<JudgedPair>, JudgedPairReport)> {
    options.validate()?;
    let prompts = texts.prompts()?;
    let mut report = JudgedPairReport::new(texts, options, prompts.len());
    let tables: Vec<_> = prompts.iter().map(JudgedPrompt::table).collect();
    options.rule.check_zero_point(&tables).map_err(|problem| texts.rule_error(problem))?;
    let mut pairs: Vec<JudgedPair> = Vec::new();
    for (index, prompt) in prompts.iter().enumerate() {
        let outcome = options.rule.apply(prompt.table(), &Options::default());
        let outcome = outcome.map_err(|problem| texts.rule_error(problem))?;
        report.repeated_texts += prompt.repeated();
        report.inexact += usize::from(outcome.kemeny.is_some_and(|kemeny| !kemeny.is_exact));
        report.single_texts += usize::from(prompt.texts().len() == 1);
        let possible = possible_pairs(prompt, &outcome, options, &mut report);
        let order: Vec<usize> = outcome.ranking.tiers().concat();
        let drawn = draw(&possible, &order, index, &options.pairing, MAX_PAIRS - pairs.len())?;
        report.prompts_without_pairs += usize::from(prompt.texts().len() > 1 && drawn.is_empty());
        let missing = options.pairing.pairs_wanted().map(|wanted| wanted.saturating_sub(drawn.len()));
        report.missing_pairs = report.missing_pairs.saturating_add(missing.unwrap_or(0));
        let mut seen = HashSet::new();
        report.repeated_pairs += drawn.iter().filter(|pair| !seen.insert(**pair)).count();
        let scores = |at: usize| outcome.scores.get(at).copied().flatten().filter(|_| options.rule.has_scores());
        pairs.extend(drawn.iter().filter_map(|(chosen, rejected)| {
            let support = Support::of(prompt.table(), *chosen, *rejected)?;
            let pair =
                PreferencePair::new(prompt.prompt(), prompt.texts().get(*chosen)?, prompt.texts().get(*rejected)?);
            let chosen_probability = Some(support.probability(options.smoothing));
            let numbers = PairNumbers { chosen_probability, ..PairNumbers::default() };
            let (chosen_score, rejected_score) = (scores(*chosen), scores(*rejected));
            let pair = PreferencePair { chosen_score, rejected_score, numbers, ..pair };
            Some(JudgedPair { pair, agreement: support.agreement })
        }));
    }
    report.summarise(&pairs.iter().map(|pair| pair.agreement).collect::<Vec<_>>());
    Ok((pairs, report))
}

/// The pairs that may be drawn. Those that may not are counted.
fn possible_pairs(
    prompt: &JudgedPrompt,
    outcome: &Outcome,
    options: &JudgedPairOptions,
    report: &mut JudgedPairReport,
) -> Vec<(usize, usize)> {
    let texts = prompt.texts().len();
    let mut tiers = vec![0; texts];
    for (tier, tied) in outcome.ranking.tiers().iter().enumerate() {
        tied.iter().filter_map(|at| tiers.get_mut(*at).map(|of: &mut usize| *of = tier)).for_each(drop);
    }
    let score = |at: usize| outcome.scores.get(at).copied().flatten();
    let is_above_margin = |chosen, rejected| match (options.margin(), score(chosen), score(rejected)) {
        (Some(margin), Some(chosen), Some(rejected)) => chosen - rejected > margin,
        _ => true,
    };
    let mut possible = Vec::new();
    for a in 0..texts {
        for b in a + 1..texts {
            let (chosen, rejected) = if tiers[a] < tiers[b] { (a, b) } else { (b, a) };
            match Support::of(prompt.table(), chosen, rejected) {
                None => report.not_compared += 1,
                _ if tiers[a] == tiers[b] => report.tied += 1,
                _ if outcome.incomparable.binary_search(&(chosen, rejected)).is_ok() => report.tied += 1,
                Some(Support { agreement: 0.0, .. }) => report.contradicted += 1,
                Some(Support { agreement, .. }) if agreement < options.min_agreement => {
                    report.too_little_agreement += 1;
                }
                Some(_) if is_above_margin(chosen, rejected) => possible.push((chosen, rejected)),
                Some(_) => report.below_margin += 1,
            }
        }
    }
    possible
}
