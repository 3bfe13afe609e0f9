use crate::{Ballot, Error, Profile, Result};
use std::str::FromStr;

impl FromStr for Profile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (mut candidates, mut ballots) = (Vec::new(), Vec::new());
        for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
            let ballot = parse_ballot(line, &mut candidates);
            ballots.push(ballot.map_err(|problem| Error::BallotText { line: number, problem })?);
        }
        Self::new(candidates, ballots)
    }
}

/// Parses a line. Adds the candidates that did not appear before.
fn parse_ballot(line: &str, candidates: &mut Vec<String>) -> std::result::Result<Ballot, String> {
    let (weight, ranking) = match line.split_once(':') {
        Some((weight, ranking)) => {
            let weight = weight.trim();
            (weight.parse().map_err(|_| format!("{weight:?} is not a number"))?, ranking)
        }
        None => (1.0, line),
    };
    let mut index = |name: &str| {
        let name = name.trim();
        if name.is_empty() {
            return Err("the name of a candidate is missing".to_owned());
        }
        Ok(candidates.iter().position(|known| known == name).unwrap_or_else(|| {
            candidates.push(name.to_owned());
            candidates.len() - 1
        }))
    };
    let tiers = ranking.split('>').map(|tied| tied.split('=').map(&mut index).collect());
    Ok(Ballot { tiers: tiers.collect::<std::result::Result<_, _>>()?, weight })
}
