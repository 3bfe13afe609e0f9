//! Social choice: from the scores or rankings of several judges to a ranking of the candidates, a winner, or a lottery.
//!
//! The judges may be reward models that disagree about the texts of a prompt, or people. Everything is plain numbers.
//!
//! ```
//! use align_choice::{Judge, Options, Rule, ScoreTable};
//!
//! let texts = ["first", "second", "third"];
//! let helpful = Judge::new("helpful", [0.9, 0.6, 0.1]);
//! let harmless = Judge::new("harmless", [0.2, 0.5, 0.8]).weighted(2.0);
//! let table = ScoreTable::new(texts, [helpful, harmless])?;
//!
//! let outcome = "weighted-sum".parse::<Rule>()?.apply(&table, &Options::default())?;
//! assert_eq!(outcome.ranking.to_text(table.candidates()), "third > second > first");
//! let outcome = "leximin".parse::<Rule>()?.apply(&table, &Options::default())?;
//! assert_eq!(outcome.winners, [1]);
//! # Ok::<(), align_choice::Error>(())
//! ```
//!
//! * [`ScoreTable`] has the scores of candidates by judges with weights, [`Profile`] has rankings with multiplicities.
//! * [`Rule`] has the rules, with formulas and papers. Each has a name for the command line.
//! * [`Outcome`] is the ranking with its ties, the winners, and for [`Rule::MaximalLotteries`] the probabilities.
//! * [`PairwisePreferences`], [`condorcet_winner`], [`condorcet_cycle`], [`smith_set`], [`kendall_tau_b`] and
//!   [`ScoreTable::pareto_dominators`] describe how far the judges agree.
//!
//! The module [`likes`] has the posterior probability that one text is liked more than another, out of counts of likes.
//!
//! # Ties, abstentions and weights
//!
//! * Equal scores of a judge are a tie. A candidate that ties others shares a first place with them and beats none of them.
//! * A rule ties candidates that it does not distinguish. [`TieBreak`] orders them by their index, or by an order such as a seeded shuffle.
//! * If a judge abstains on a candidate, it does not count where the candidate is compared: rules on rankings leave it out of the pairs with
//!   that candidate, and rules on scores use the mean over the judges that score it. So a candidate that few judges score has few majorities
//!   against it. [`Unranked::Last`] puts such candidates below the others instead, for ballots of elections.
//! * A judge that abstains on all candidates is the same as no judge. A candidate without any score is in last place, by all rules.
//! * A weight of 2 is the same as two judges that agree. Majorities are compared exactly: weights with up to nine decimal places are
//!   represented as integers, others are rounded to 2^-44 of their total.
//! * Scores of rules are tied if they differ by rounding errors only.
//!
//! # What the rules promise
//!
//! No rule has all of these axioms. For example, a rule that elects a single candidate, and the Condorcet winner if there is one, does not have
//! participation (Moulin, 1988). [`Axiom`] has the definitions. The crate's tests search random elections for violations where an axiom holds,
//! and have an election that violates it where it does not.
//!
//! | rule | Condorcet winner | Condorcet loser | Smith | majority | monotonicity | clones | Pareto | participation |
//! | --- | --- | --- | --- | --- | --- | --- | --- | --- |
//! | `plurality` | no | no | no | yes | yes | no | yes | yes |
//! | `borda` | no | yes | no | no | yes | no | yes | yes |
//! | `copeland` | yes | yes | yes | yes | yes | no | yes | no |
//! | `minimax` | yes | no | no | yes | yes | no | yes | no |
//! | `ranked-pairs` | yes | yes | yes | yes | yes | yes | yes | no |
//! | `schulze` | yes | yes | yes | yes | yes | yes | yes | no |
//! | `kemeny-young` | yes | yes | yes | yes | yes | no | yes | no |
//! | `smith-set` | yes | yes | yes | yes | yes | yes | no | yes |
//! | `maximal-lotteries` | yes | yes | yes | yes | no | yes | yes | yes |
//! | `weighted-sum` | no | no | no | no | yes | yes | yes | yes |
//! | `weighted-sum:zscore` | no | no | no | no | no | no | yes | yes |
//! | `weighted-sum:quantile` | no | yes | no | no | yes | no | yes | yes |
//! | `nash` | no | no | no | no | yes | yes | yes | yes |
//! | `leximin` | no | no | no | no | yes | yes | yes | yes |
//! | `leximin:zscore` | no | no | no | no | no | no | yes | yes |
//! | `leximin:quantile` | no | no | no | no | yes | no | yes | yes |
//! | `threshold` | no | no | no | no | yes | yes | yes | yes |
//!
//! * Ranked pairs is monotonic if no two majorities are equally strong, or if an order breaks ties.
//! * The Smith set and maximal lotteries have participation, because whole sets and lotteries are compared. A rule that picks one member of
//!   the Smith set does not have it.
//! * The axioms are about judges that rank or score every candidate.

mod apply;
mod axioms;
mod ballot;
mod borda;
mod condorcet_cycle;
mod copeland;
mod error;
mod kemeny_young;
mod kendall_tau;
mod leximin;
pub mod likes;
mod maximal_lotteries;
mod minimax;
mod nash;
mod outcome;
mod pairwise;
mod pareto;
mod plurality;
mod profile;
mod profile_text;
mod ranked_pairs;
mod ranking;
mod reachability;
mod rule;
mod rule_name;
mod scale;
mod schulze;
mod score_table;
mod smith_set;
mod threshold;
mod tie_break;
mod weighted_sum;
mod whole_weights;

pub use apply::Options;
pub use axioms::{AXIOMS, Axiom, axiom_table};
pub use ballot::Ballot;
pub use condorcet_cycle::condorcet_cycle;
pub use error::{Error, Result};
pub use kendall_tau::kendall_tau_b;
pub use outcome::{KemenyDistance, Outcome};
pub use pairwise::{PairwisePreferences, Strength, Unranked};
pub use profile::Profile;
pub use ranking::Ranking;
pub use rule::Rule;
pub use scale::Scale;
pub use score_table::{Judge, ScoreTable};
pub use smith_set::{condorcet_winner, smith_set};
pub use threshold::Threshold;
pub use tie_break::TieBreak;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
