use crate::nash::check_zero_point;
use crate::{Error, Result, Scale, ScoreTable, Strength, Threshold};

/// A rule that makes a ranking of the candidates from the judgements of several judges.
///
/// Notation: `w_j` is the weight of judge `j`, `s_j(x)` its score of candidate `x`, `N(x, y)` the weight of the judges that rank `x` above
/// `y`, `M(x, y) = N(x, y) − N(y, x)` the margin, `n` the number of candidates, `m` that of judges. All rules on rankings but plurality and
/// the counting of `N` itself, `O(m n²)`, depend on `N` only.
///
/// Names are those of the command line, such as `schulze` or `weighted-sum:zscore`: `Rule` implements `FromStr` and `Display`, and is
/// serialised as its name.
///
/// ```
/// use align_choice::{Rule, Scale};
///
/// let rule: Rule = "weighted-sum:zscore".parse()?;
/// assert_eq!(rule, Rule::WeightedSum(Scale::ZScore));
/// assert_eq!(rule.to_string(), "weighted-sum:zscore");
/// # Ok::<(), align_choice::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Rule {
    /// `plurality`: the candidate that is in first place most often. The score is `Σ_j w_j [x is first] / (number of tied first ones)`.
    ///
    /// The oldest rule; its flaws are the subject of Borda, "Mémoire sur les élections au scrutin", 1781. `O(m n)`.
    Plurality,
    /// `borda`: the candidate with the best mean rank. The score is `Σ_y M(x, y)`, which orders the candidates as Borda's points do: a candidate
    /// has one point for each one that a judge ranks below it, and half a point for each one that is tied with it or not compared.
    ///
    /// Borda, "Mémoire sur les élections au scrutin", 1781. `O(n²)`.
    Borda,
    /// `copeland`: the candidate that beats the most others. The score is `Σ_y sign M(x, y)`.
    ///
    /// Copeland, "A 'reasonable' social welfare function", 1951. `O(n²)`.
    Copeland,
    /// `minimax`: the candidate whose worst defeat is the weakest. The score is `−max_y S(y, x)`, where the strength `S` of a majority is the
    /// margin by default, and with `minimax:winning-votes` the weight of the majority.
    ///
    /// Simpson, "On defining areas of voter choice", 1969; Kramer, "A dynamical model of political equilibrium", 1977. `O(n²)`.
    Minimax(Strength),
    /// `ranked-pairs`: the ranking that keeps the strongest majorities that contradict no stronger ones. Majorities are locked from the strongest to
    /// the weakest, except those that would close a cycle. Of equal majorities, those that are on a cycle with each other are skipped;
    /// an order that breaks ties puts them one after another instead. Candidates are in tiers: the first has those without a locked defeat, and
    /// so on ([`Outcome::incomparable`](crate::Outcome::incomparable)). The strength is the margin, and with `ranked-pairs:winning-votes` the weight of the majority.
    ///
    /// Tideman, "Independence of clones as a criterion for voting rules", 1987; Zavist and Tideman, 1989. `O(n⁴ / 64)`.
    RankedPairs(Strength),
    /// `schulze`: the candidate with the strongest paths of majorities to all others. `P(x, y)` is the greatest strength of a path, which is
    /// that of its weakest majority; `x` is above `y` if `P(x, y) > P(y, x)`. Candidates are in tiers by this order
    /// ([`Outcome::incomparable`](crate::Outcome::incomparable)). The strength is the margin, and
    /// with `schulze:winning-votes`, as in the paper, the weight of the majority.
    ///
    /// Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner election method", 2011. `O(n³)`.
    Schulze(Strength),
    /// `kemeny-young`: the ranking with the smallest distance to those of the judges, `Σ N(y, x)` over the pairs with `x` above `y`. Groups of
    /// candidates that beat all later ones are ranked on their own: exactly up to twelve candidates, where a candidate's tier is its best place
    /// in any best ranking; beyond, by moving candidates until no move helps, with a lower bound of the distance, `Σ min(N(x, y), N(y, x))`.
    ///
    /// Kemeny, "Mathematics without numbers", 1959; Young and Levenglick, "A consistent extension of Condorcet's election principle", 1978.
    /// The exact problem is NP-hard: `O(2^k k²)` for the largest group of `k`, beyond twelve `O(n²)` a pass.
    KemenyYoung,
    /// `smith-set`: the smallest set of candidates that beat all others, then the same for the rest, and so on.
    ///
    /// Smith, "Aggregation of preferences with variable electorate", 1973. `O(n²)`.
    SmithSet,
    /// `maximal-lotteries`: the lottery over the candidates that no other lottery beats, so that `Σ_x p(x) M(x, y) ≥ 0` for each `y`. If there are
    /// several, it is their analytic centre, which treats all candidates alike. The winners are the candidates with a positive probability,
    /// the ranking is by probability.
    ///
    /// Fishburn, "Probabilistic social choice based on simple voting comparisons", 1984; Brandl, Brandt and Seedig, "Consistent probabilistic
    /// social choice", 2016. A linear program of the size of the Smith set.
    MaximalLotteries,
    /// `weighted-sum`: the candidate with the greatest weighted mean score, `Σ_j w_j s_j(x) / Σ_j w_j` over the judges that score it. With
    /// `weighted-sum:zscore` and `weighted-sum:quantile` the scores are first made comparable ([`Scale`]).
    ///
    /// The utilitarian rule: Harsanyi, "Cardinal welfare, individualistic ethics, and interpersonal comparisons of utility", 1955. `O(m n)`, by
    /// quantile `O(m n²)`.
    WeightedSum(Scale),
    /// `nash`, `nash:ZERO`: the candidate with the greatest product of utilities, `Π_j (s_j(x) − zero)^w_j`. The score is the weighted geometric mean of
    /// the utilities, over the judges that score the candidate. A utility of 0 makes it 0; a negative one is an error.
    ///
    /// Nash, "The bargaining problem", 1950; Kaneko and Nakamura, "The Nash social welfare function", 1979. `O(m n)`.
    Nash {
        /// The score at which the utility is 0.
        zero: f64,
    },
    /// `leximin`: the candidate whose lowest score is the highest; of equal ones, that whose second lowest score is the highest, and so on. A
    /// score counts as often as its judge's weight says. Scores must be comparable: `leximin:zscore` and `leximin:quantile` make them so
    /// ([`Scale`]).
    ///
    /// Rawls, "A theory of justice", 1971; Sen, "Collective choice and social welfare", 1970. `O(n m log m + n m log n)`.
    Leximin(Scale),
    /// `threshold:JUDGE>=VALUE`, `threshold:JUDGE>=VALUE,JUDGE>=VALUE:RULE`: first the candidates that meet all thresholds, then the others, both
    /// ranked by the objective, which is another rule applied to each group by the judges without a threshold (`weighted-sum` by
    /// default). A candidate on which a judge with a threshold abstains does not meet it.
    ///
    /// Constrained alignment as in Dai et al., "Safe RLHF", 2023, arXiv:2310.12773. As the objective.
    Threshold {
        /// The thresholds, at least one.
        thresholds: Vec<Threshold>,
        /// The rule for the other judges, which has no thresholds.
        objective: Box<Rule>,
    },
}

impl Rule {
    /// Whether the rule uses the rankings of the judges only, so that it can be applied to a profile.
    #[must_use]
    pub fn is_on_rankings(&self) -> bool {
        !matches!(self, Self::WeightedSum(_) | Self::Nash { .. } | Self::Leximin(_) | Self::Threshold { .. })
    }

    /// Whether [`Outcome::scores`](crate::Outcome::scores) orders the candidates as the ranking does. Some rules have no scores; that of leximin is the
    /// lowest score only, which may be the same for candidates of different tiers; those of thresholds are comparable among the candidates
    /// that meet them, and among the others, only.
    #[must_use]
    pub fn has_scores(&self) -> bool {
        !matches!(
            self,
            Self::RankedPairs(_)
                | Self::Schulze(_)
                | Self::KemenyYoung
                | Self::SmithSet
                | Self::Leximin(_)
                | Self::Threshold { .. }
        )
    }

    /// All rules that need no parameter, with their variants.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut rules = vec![Self::Plurality, Self::Borda, Self::Copeland];
        for with_strength in [Self::Minimax, Self::RankedPairs, Self::Schulze] {
            rules.extend([Strength::Margins, Strength::WinningVotes].map(with_strength));
        }
        rules.extend([Self::KemenyYoung, Self::SmithSet, Self::MaximalLotteries]);
        rules.extend([Scale::Raw, Scale::ZScore, Scale::Quantile].map(Self::WeightedSum));
        rules.push(Self::Nash { zero: 0.0 });
        rules.extend([Scale::Raw, Scale::ZScore, Scale::Quantile].map(Self::Leximin));
        rules
    }

    /// Checks that the scores of all tables, to each of which the rule is to be applied, suit the Nash product. [`Rule::apply`] does this for one
    /// table; the error of this function has the lowest score of all.
    ///
    /// # Errors
    /// A score is below the zero point.
    pub fn check_zero_point(&self, tables: &[&ScoreTable]) -> Result<()> {
        match self {
            Self::Nash { zero } => check_zero_point(tables, *zero, |_| true),
            Self::Threshold { thresholds, objective } => match **objective {
                Self::Nash { zero } => check_zero_point(tables, zero, |judge| {
                    thresholds.iter().all(|threshold| threshold.judge != judge.name())
                }),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Whether the option for unranked candidates has an effect.
    pub(crate) fn uses_rankings(&self) -> bool {
        match self {
            Self::Threshold { objective, .. } => objective.is_on_rankings(),
            rule => rule.is_on_rankings(),
        }
    }

    /// Checks the parameters. Those of a parsed rule are valid.
    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |rule, found: String, expected| Err(Error::RuleParameter { rule, found, expected });
        match self {
            Self::Nash { zero } if !zero.is_finite() => invalid("nash", zero.to_string(), "a finite zero point"),
            Self::Threshold { thresholds, .. } if thresholds.is_empty() => {
                invalid("threshold", "no threshold".to_owned(), "at least one")
            }
            Self::Threshold { thresholds, objective } => {
                if let Some(threshold) = thresholds.iter().find(|threshold| !threshold.least.is_finite()) {
                    return invalid("threshold", threshold.least.to_string(), "a finite value");
                }
                match **objective {
                    Self::Threshold { .. } => {
                        invalid("threshold", objective.to_string(), "an objective without thresholds")
                    }
                    _ => objective.check(),
                }
            }
            _ => Ok(()),
        }
    }
}
