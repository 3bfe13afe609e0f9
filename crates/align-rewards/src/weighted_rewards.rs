use crate::{Error, Result, RewardFunction, RewardInput};

/// Several reward functions with weights.
#[derive(Debug)]
pub struct WeightedRewards {
    functions: Vec<Box<dyn RewardFunction>>,
    weights: Vec<f64>,
}

/// The rewards of completions by several functions.
#[derive(Debug, Clone, PartialEq)]
pub struct RewardTable {
    names: Vec<String>,
    weights: Vec<f64>,
    /// By function, then by completion.
    rewards: Vec<Vec<Option<f64>>>,
}

impl WeightedRewards {
    /// Combines functions. Without `weights`, each has the weight 1.
    ///
    /// # Errors
    /// No function, two with the same name, another number of weights, or a weight that is not finite.
    pub fn new(functions: Vec<Box<dyn RewardFunction>>, weights: Option<&[f64]>) -> Result<Self> {
        let fail = |problem: String| Err(Error::Functions(problem));
        if functions.is_empty() {
            return fail("there is no reward function: give at least one".into());
        }
        for (index, function) in functions.iter().enumerate() {
            let name = function.name();
            if functions.iter().take(index).any(|other| other.name() == name) {
                return fail(format!(
                    "two functions have the name {name:?}: give one of them another, as in NAME={name}"
                ));
            }
        }
        let weights = weights.map_or_else(|| vec![1.0; functions.len()], <[f64]>::to_vec);
        if weights.len() != functions.len() {
            let (found, expected) = (weights.len(), functions.len());
            return fail(format!(
                "there are {found} weights for {expected} reward functions: give one weight for each"
            ));
        }
        if let Some(weight) = weights.iter().find(|weight| !weight.is_finite()) {
            return fail(format!("a weight is {weight}, expected a finite number"));
        }
        Ok(Self { functions, weights })
    }

    /// The names of the functions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().map(|function| function.name())
    }

    /// The weights of the functions.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The rewards of completions.
    ///
    /// # Errors
    /// The errors of a function, or rewards whose number is not that of the completions, or that are not finite.
    pub fn score(&mut self, inputs: &[RewardInput<'_>]) -> Result<RewardTable> {
        let rewards = self.functions.iter_mut().map(|function| {
            let rewards = function.rewards(inputs)?;
            check(function.name(), &rewards, inputs.len()).map(|()| rewards)
        });
        let rewards = rewards.collect::<Result<Vec<_>>>()?;
        Ok(RewardTable { names: self.names().map(str::to_owned).collect(), weights: self.weights.clone(), rewards })
    }
}

impl RewardTable {
    /// The names of the functions.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The weights of the functions.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The rewards by each function, in the order of the names.
    pub fn by_function(&self) -> &[Vec<Option<f64>>] {
        &self.rewards
    }

    /// Name, weight and rewards of each function.
    pub fn into_functions(self) -> Vec<(String, f64, Vec<Option<f64>>)> {
        self.names
            .into_iter()
            .zip(self.weights)
            .zip(self.rewards)
            .map(|((name, weight), all)| (name, weight, all))
            .collect()
    }

    /// The weighted sum of each completion's rewards; `None` if no function has one.
    pub fn combined(&self) -> Vec<Option<f64>> {
        let mut sums = vec![None; self.rewards.first().map_or(0, Vec::len)];
        for (weight, rewards) in self.weights.iter().zip(&self.rewards) {
            for (sum, reward) in sums.iter_mut().zip(rewards) {
                *sum = match (*sum, reward) {
                    (sum, None) => sum,
                    (sum, Some(reward)) => Some(sum.unwrap_or(0.0) + weight * reward),
                };
            }
        }
        sums
    }
}

fn check(name: &str, rewards: &[Option<f64>], expected: usize) -> Result<()> {
    let fail = |reason: String| Err(Error::Rewards { name: name.to_owned(), reason });
    if rewards.len() != expected {
        return fail(format!("it gave {} rewards for {expected} texts: give one for each", rewards.len()));
    }
    match rewards.iter().enumerate().find_map(|(row, reward)| Some((row, (*reward)?)).filter(|(_, x)| !x.is_finite())) {
        None => Ok(()),
        Some((row, reward)) => fail(format!("the reward of text {} is {reward}, expected a finite number", row + 1)),
    }
}
