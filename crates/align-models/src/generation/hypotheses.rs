use super::{EarlyStopping, GenerationConfig};

/// A finished text in beam search.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hypothesis {
    pub ids: Vec<i64>,
    /// Log-probability of each new token.
    pub token_logps: Vec<f64>,
    /// Their sum divided by the number of new tokens to the power of the length penalty.
    pub score: f64,
}

/// The best finished texts of one prompt, best first, and whether running beams may still improve on them.
#[derive(Debug)]
pub(super) struct Hypotheses {
    best: Vec<Hypothesis>,
    num_beams: usize,
    length_penalty: f64,
    early_stopping: EarlyStopping,
    most_new_tokens: usize,
    improvable: bool,
}

impl Hypotheses {
    /// `most_new_tokens` is the maximum number of new tokens.
    pub fn new(config: &GenerationConfig, most_new_tokens: usize) -> Self {
        Self {
            best: Vec::new(),
            num_beams: config.num_beams,
            length_penalty: config.length_penalty.unwrap_or(1.0),
            early_stopping: config.early_stopping.unwrap_or_default(),
            most_new_tokens,
            improvable: true,
        }
    }

    /// Adds a finished text with `new_tokens` new tokens, including its EOS, if it is among the best.
    pub fn add(&mut self, ids: Vec<i64>, token_logps: Vec<f64>, logp: f64, new_tokens: usize) {
        let score = self.penalised(logp, new_tokens);
        let at = self.best.partition_point(|held| held.score >= score);
        if at < self.num_beams {
            self.best.insert(at, Hypothesis { ids, token_logps, score });
            self.best.truncate(self.num_beams);
        }
    }

    /// Whether the search is finished. `best_running_logp` is that of the best running beam after a step, if there is any.
    pub fn is_done(&mut self, best_running_logp: Option<f64>, new_tokens: usize) -> bool {
        let worst = self.best.last().filter(|_| self.is_full()).map(|held| held.score);
        self.improvable &= match (best_running_logp, worst) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(logp), Some(worst)) => {
                let longest = self.early_stopping == EarlyStopping::Never && self.length_penalty > 0.0;
                self.penalised(logp, if longest { self.most_new_tokens } else { new_tokens }) > worst
            }
        };
        !self.improvable || (self.early_stopping == EarlyStopping::Full && self.is_full())
    }

    /// The best texts, best first.
    pub fn into_best(self) -> Vec<Hypothesis> {
        self.best
    }

    fn is_full(&self) -> bool {
        self.best.len() == self.num_beams
    }

    fn penalised(&self, logp: f64, new_tokens: usize) -> f64 {
        logp / (new_tokens as f64).powf(self.length_penalty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_beams(early_stopping: EarlyStopping, length_penalty: f64) -> Hypotheses {
        let config = GenerationConfig {
            num_beams: 2,
            length_penalty: Some(length_penalty),
            early_stopping: Some(early_stopping),
            ..Default::default()
        };
        let mut held = Hypotheses::new(&config, 10);
        held.add(vec![1], Vec::new(), -2.0, 2);
        held
    }

    #[test]
    fn keeps_the_best_by_penalised_score() {
        let mut held = two_beams(EarlyStopping::Heuristic, 1.0);
        held.add(vec![2], Vec::new(), -2.0, 4);
        held.add(vec![3], Vec::new(), -9.0, 3);
        let scores: Vec<f64> = held.into_best().iter().map(|h| h.score).collect();
        assert_eq!(scores, [-0.5, -1.0]);
    }

    #[test]
    fn early_stopping_is_applied() {
        // Full with -1 as the worst; a running beam of logp -2.5 after 2 tokens scores -1.25 now, -0.25 after 10.
        for (early_stopping, length_penalty, logp, done) in [
            (EarlyStopping::Heuristic, 1.0, -2.5, true),
            (EarlyStopping::Heuristic, 1.0, -1.5, false),
            (EarlyStopping::Full, 1.0, -1.5, true),
            (EarlyStopping::Never, 1.0, -2.5, false),
            (EarlyStopping::Never, 1.0, -10.5, true),
            (EarlyStopping::Never, 0.0, -2.5, true),
        ] {
            let mut held = two_beams(early_stopping, length_penalty);
            assert!(!held.is_done(Some(-50.0), 1), "one of two is finished");
            held.add(vec![2], Vec::new(), -1.0, 1);
            assert_eq!(held.is_done(Some(logp), 2), done, "{early_stopping} {length_penalty} {logp}");
        }
    }

    #[test]
    fn stops_if_no_beam_is_left() {
        assert!(two_beams(EarlyStopping::Never, 1.0).is_done(None, 1));
    }
}
