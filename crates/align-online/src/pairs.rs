//! Preference pairs of a round's texts.

use crate::{JudgedText, PairSelection, TextGroup};
use align_data::{EncodedPair, PairNumber, PairNumbers};

impl PairSelection {
    /// The pairs of each prompt's texts, with the numbers that the loss uses. Texts of equal reward, texts without one, and equal texts make
    /// no pair.
    #[must_use]
    pub fn pairs(self, groups: &[TextGroup], numbers: &[PairNumber]) -> Vec<EncodedPair> {
        let pairs_of = |(row, group): (usize, &TextGroup)| {
            let pair = |(better, worse): (&JudgedText, &JudgedText)| EncodedPair {
                prompt_ids: group.prompt_ids.clone(),
                chosen_ids: better.ids.clone(),
                rejected_ids: worse.ids.clone(),
                row,
                numbers: pair_numbers(better, worse).only(numbers),
            };
            self.selected(&group.texts).into_iter().map(pair).collect::<Vec<_>>()
        };
        groups.iter().enumerate().flat_map(pairs_of).collect()
    }

    /// The most pairs of one prompt with `texts` texts.
    #[must_use]
    pub fn per_prompt(self, texts: usize) -> usize {
        match self {
            Self::BestWorst => 1,
            Self::All => texts * texts.saturating_sub(1) / 2,
        }
    }

    /// The pairs of one prompt's texts, the better one first.
    fn selected(self, texts: &[JudgedText]) -> Vec<(&JudgedText, &JudgedText)> {
        let can_be_compared = |text: &&JudgedText| text.reward.is_some() && !text.ids.is_empty();
        let texts: Vec<&JudgedText> = texts.iter().filter(can_be_compared).collect();
        let ordered = |a: &'_ JudgedText, b: &'_ JudgedText| a.reward > b.reward && a.ids != b.ids;
        match self {
            Self::BestWorst => {
                // The first of several equal ones.
                let best =
                    texts.iter().copied().reduce(|best, text| if text.reward > best.reward { text } else { best });
                let worst =
                    texts.iter().copied().reduce(|worst, text| if text.reward < worst.reward { text } else { worst });
                best.zip(worst).filter(|(best, worst)| ordered(best, worst)).into_iter().collect()
            }
            Self::All => {
                let mut pairs = Vec::new();
                for (place, first) in texts.iter().copied().enumerate() {
                    for second in texts.iter().copied().skip(place + 1) {
                        if ordered(first, second) {
                            pairs.push((first, second));
                        } else if ordered(second, first) {
                            pairs.push((second, first));
                        }
                    }
                }
                pairs
            }
        }
    }
}

/// The numbers of a pair: the margin is the difference of the rewards, and the probability that of a Bradley-Terry model,
/// `σ(r_chosen − r_rejected)`.
fn pair_numbers(better: &JudgedText, worse: &JudgedText) -> PairNumbers {
    let margin = better.reward.zip(worse.reward).map(|(better, worse)| better - worse);
    let probability = margin.map(|margin| 1.0 / (1.0 + (-margin).exp()));
    PairNumbers { margin, chosen_probability: probability, ..PairNumbers::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: i64, reward: f64) -> JudgedText {
        JudgedText {
            completion: id.to_string(),
            ids: vec![id],
            finished: true,
            scores: vec![Some(reward)],
            reward: Some(reward),
            held_out: None,
            advantage: None,
            old_logps: None,
            reference_logps: None,
        }
    }

    fn ids(selection: PairSelection, texts: Vec<JudgedText>) -> Vec<(i64, i64)> {
        let group = TextGroup { prompt: 3, prompt_ids: vec![7], texts };
        let pairs = selection.pairs(&[group], &[]);
        pairs.iter().map(|pair| (pair.chosen_ids[0], pair.rejected_ids[0])).collect()
    }

    #[test]
    fn the_best_text_is_preferred_to_the_worst() {
        let texts = vec![text(1, 0.5), text(2, 2.0), text(3, -1.0), text(4, 2.0), text(5, -1.0)];
        assert_eq!(ids(PairSelection::BestWorst, texts), [(2, 3)]);
        assert_eq!(ids(PairSelection::BestWorst, vec![text(1, 0.5), text(2, 0.5)]), []);
        assert_eq!(ids(PairSelection::BestWorst, vec![text(1, 0.5), text(1, 0.7)]), []);
    }

    #[test]
    fn a_text_without_reward_makes_no_pair() {
        let without = |id| JudgedText { reward: None, ..text(id, 0.0) };
        assert_eq!(ids(PairSelection::BestWorst, vec![text(1, 0.5), without(2), text(3, -1.0)]), [(1, 3)]);
        assert_eq!(ids(PairSelection::All, vec![without(1), text(2, 0.5)]), []);
    }

    #[test]
    fn all_pairs_of_different_rewards() {
        let texts = vec![text(1, 0.0), text(2, 1.0), text(3, 1.0), text(4, -1.0)];
        assert_eq!(ids(PairSelection::All, texts), [(2, 1), (3, 1), (1, 4), (2, 4), (3, 4)]);
        assert_eq!(PairSelection::All.per_prompt(4), 6);
    }

    #[test]
    fn a_pair_has_the_difference_of_its_rewards() {
        let group = TextGroup { prompt: 0, prompt_ids: vec![7], texts: vec![text(1, 0.0), text(2, 1.0)] };
        let pairs = PairSelection::BestWorst.pairs(&[group], &[PairNumber::Margin, PairNumber::ChosenProbability]);
        assert_eq!(pairs[0].numbers.margin, Some(1.0));
        let probability = pairs[0].numbers.chosen_probability.unwrap_or_default();
        assert!((probability - 1.0f64.exp() / (1.0 + 1.0f64.exp())).abs() < 1e-12);
    }
}
