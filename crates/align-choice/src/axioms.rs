use crate::Rule;
use std::fmt::Write;

/// What a rule may promise. "Judges" have positive weights and rank or score every candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axiom {
    /// A candidate that beats all others is the only winner (Condorcet, 1785).
    CondorcetWinner,
    /// A candidate that all others beat is not a winner, if there are others.
    CondorcetLoser,
    /// All winners are in the Smith set.
    Smith,
    /// A candidate that more than half of the weight puts in first place alone is the only winner.
    Majority,
    /// A winner stays one if a judge ranks or scores it higher and nothing else changes. For lotteries: its probability does not fall.
    Monotonicity,
    /// If one of several clones is removed, each other candidate wins as before, and some clone wins if and only if some clone did before
    /// (Tideman, 1987). Clones are candidates that each judge ranks in the same way relative to every other candidate; for rules on scores, those
    /// with equal scores by every judge. For lotteries, a candidate wins if its probability can be positive.
    Clones,
    /// A candidate that every judge ranks below another one is not a winner.
    Pareto,
    /// A judge does not lose by taking part: it is never the case that each former winner is at least as high in its ranking as each present
    /// one, and one is higher (Kelly's comparison of sets; Brandl, Brandt, Geist and Hofbauer, 2019). For lotteries: it prefers what the new
    /// lottery draws to what the old one draws at least as often as the other way round (Brandl, Brandt and Hofbauer, 2019).
    Participation,
}

impl Axiom {
    /// All axioms, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::CondorcetWinner,
        Self::CondorcetLoser,
        Self::Smith,
        Self::Majority,
        Self::Monotonicity,
        Self::Clones,
        Self::Pareto,
        Self::Participation,
    ];

    /// The name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CondorcetWinner => "Condorcet winner",
            Self::CondorcetLoser => "Condorcet loser",
            Self::Smith => "Smith",
            Self::Majority => "majority",
            Self::Monotonicity => "monotonicity",
            Self::Clones => "clones",
            Self::Pareto => "Pareto",
            Self::Participation => "participation",
        }
    }
}

/// The rules by name, and whether each axiom of [`Axiom::ALL`] holds.
pub const AXIOMS: [(&str, [bool; 8]); 17] = {
    const Y: bool = true;
    const N: bool = false;
    [
        ("plurality", [N, N, N, Y, Y, N, Y, Y]),
        ("borda", [N, Y, N, N, Y, N, Y, Y]),
        ("copeland", [Y, Y, Y, Y, Y, N, Y, N]),
        ("minimax", [Y, N, N, Y, Y, N, Y, N]),
        ("ranked-pairs", [Y, Y, Y, Y, Y, Y, Y, N]),
        ("schulze", [Y, Y, Y, Y, Y, Y, Y, N]),
        ("kemeny-young", [Y, Y, Y, Y, Y, N, Y, N]),
        ("smith-set", [Y, Y, Y, Y, Y, Y, N, Y]),
        ("maximal-lotteries", [Y, Y, Y, Y, N, Y, Y, Y]),
        ("weighted-sum", [N, N, N, N, Y, Y, Y, Y]),
        ("weighted-sum:zscore", [N, N, N, N, N, N, Y, Y]),
        ("weighted-sum:quantile", [N, Y, N, N, Y, N, Y, Y]),
        ("nash", [N, N, N, N, Y, Y, Y, Y]),
        ("leximin", [N, N, N, N, Y, Y, Y, Y]),
        ("leximin:zscore", [N, N, N, N, N, N, Y, Y]),
        ("leximin:quantile", [N, N, N, N, Y, N, Y, Y]),
        ("threshold", [N, N, N, N, Y, Y, Y, Y]),
    ]
};

impl Rule {
    /// Whether an axiom holds for the rule. Those of a threshold are with `weighted-sum` as the objective, and a judge that joins has no threshold.
    #[must_use]
    pub fn satisfies(&self, axiom: Axiom) -> bool {
        let full_name = self.to_string();
        // The strength of majorities and the zero point make no difference.
        let row = AXIOMS.iter().find(|(name, _)| *name == full_name);
        let row = row.or_else(|| AXIOMS.iter().find(|(name, _)| *name == self.family()));
        row.is_some_and(|(_, holds)| Axiom::ALL.iter().zip(holds).any(|(other, holds)| *other == axiom && *holds))
    }
}

/// The table of rules and axioms in Markdown.
#[must_use]
pub fn axiom_table() -> String {
    let mut table = String::from("| rule |");
    Axiom::ALL.iter().for_each(|axiom| table.extend([" ", axiom.name(), " |"]));
    table.push_str("\n| --- |");
    table.push_str(&" --- |".repeat(Axiom::ALL.len()));
    for (name, holds) in AXIOMS {
        // Writing to a string does not fail.
        let _ = write!(table, "\n| `{name}` |");
        holds.iter().for_each(|holds| table.push_str(if *holds { " yes |" } else { " no |" }));
    }
    table
}
