//! The rules as their definitions say, without regard to speed. Every candidate has a score.

use crate::common::Election;
use crate::common::axiom_checks::smith_set as smallest_dominating_set;
use std::cmp::Ordering;

type Tiers = Vec<Vec<usize>>;

/// Ranks by numbers, the greatest first.
fn by_number(numbers: &[f64]) -> Tiers {
    by_comparison(numbers.len(), |x, y| {
        if (numbers[x] - numbers[y]).abs() < 1e-9 { Ordering::Equal } else { numbers[x].total_cmp(&numbers[y]) }
    })
}

fn by_comparison(count: usize, compare: impl Fn(usize, usize) -> Ordering) -> Tiers {
    let mut tiers: Tiers = vec![Vec::new(); count];
    for x in 0..count {
        let better = (0..count).filter(|y| compare(*y, x).is_gt()).count();
        tiers[better].push(x);
    }
    tiers.into_iter().filter(|tier| !tier.is_empty()).collect()
}

/// Ranks by the length of the longest chain of candidates above each one.
fn by_chains(count: usize, is_above: impl Fn(usize, usize) -> bool) -> Tiers {
    let mut depths = vec![0; count];
    for _ in 0..count {
        for y in 0..count {
            for x in (0..count).filter(|x| is_above(*x, y)) {
                depths[y] = depths[y].max(depths[x] + 1);
            }
        }
    }
    let tier = |depth: usize| (0..count).filter(|x| depths[*x] == depth).collect::<Vec<usize>>();
    (0..count).map(tier).filter(|tier| !tier.is_empty()).collect()
}

pub fn plurality(election: &Election) -> Tiers {
    let mut votes = vec![0.0; election.candidates()];
    for (weight, scores) in &election.judges {
        let best = scores.iter().flatten().max();
        let first: Vec<usize> = (0..votes.len()).filter(|x| best.is_some() && scores[*x].as_ref() == best).collect();
        first.iter().for_each(|x| votes[*x] += weight / first.len() as f64);
    }
    by_number(&votes)
}

/// Points of one for each candidate below, and of a half for each one that is tied or not compared.
pub fn borda(election: &Election) -> Tiers {
    let mut points = vec![0.0; election.candidates()];
    for (weight, scores) in &election.judges {
        for x in 0..points.len() {
            for y in (0..points.len()).filter(|y| *y != x) {
                points[x] += weight
                    * match (scores[x], scores[y]) {
                        (Some(a), Some(b)) if a > b => 1.0,
                        (Some(a), Some(b)) if a < b => 0.0,
                        _ => 0.5,
                    };
            }
        }
    }
    by_number(&points)
}

/// A point for each candidate that is beaten, and half a point for a tie.
pub fn copeland(election: &Election) -> Tiers {
    let count = election.candidates();
    let result = |x: usize, y: usize| match election.margin(x, y) {
        margin if margin > 0.0 => 1.0,
        margin if margin < 0.0 => 0.0,
        _ => 0.5,
    };
    let points = |x: usize| (0..count).filter(|y| *y != x).map(|y| result(x, y)).sum();
    by_number(&(0..count).map(points).collect::<Vec<f64>>())
}

fn strength(election: &Election, x: usize, y: usize, winning_votes: bool) -> f64 {
    match election.margin(x, y) {
        margin if margin <= 0.0 => 0.0,
        margin if !winning_votes => margin,
        _ => election.weight(x, y),
    }
}

pub fn minimax(election: &Election, winning_votes: bool) -> Tiers {
    let count = election.candidates();
    let worst = |x| (0..count).map(|y| strength(election, y, x, winning_votes)).fold(0.0, f64::max);
    by_number(&(0..count).map(|x| -worst(x)).collect::<Vec<f64>>())
}

/// The strongest path, by trying all paths that visit no candidate twice.
fn strongest_path(election: &Election, path: &mut Vec<usize>, to: usize, winning_votes: bool) -> f64 {
    let from = path[path.len() - 1];
    let mut best = strength(election, from, to, winning_votes);
    for via in 0..election.candidates() {
        if via != to && !path.contains(&via) {
            path.push(via);
            let rest = strongest_path(election, path, to, winning_votes);
            path.pop();
            best = best.max(rest.min(strength(election, from, via, winning_votes)));
        }
    }
    best
}

pub fn schulze(election: &Election, winning_votes: bool) -> Tiers {
    let count = election.candidates();
    let path = |x: usize, y: usize| strongest_path(election, &mut vec![x], y, winning_votes);
    let paths: Vec<Vec<f64>> =
        (0..count).map(|x| (0..count).map(|y| if x == y { 0.0 } else { path(x, y) }).collect()).collect();
    by_chains(count, |x, y| paths[x][y] > paths[y][x])
}

/// Whether edges lead from one candidate to another.
fn leads(edges: &[(usize, usize)], from: usize, to: usize, seen: &mut Vec<usize>) -> bool {
    edges.iter().filter(|(x, _)| *x == from).any(|(_, y)| {
        *y == to || {
            let is_new = !seen.contains(y);
            seen.push(*y);
            is_new && leads(edges, *y, to, seen)
        }
    })
}

pub fn ranked_pairs(election: &Election, winning_votes: bool) -> Tiers {
    let count = election.candidates();
    let mut majorities: Vec<(f64, (usize, usize))> = Vec::new();
    for x in 0..count {
        majorities.extend((0..count).map(|y| (strength(election, x, y, winning_votes), (x, y))));
    }
    majorities.retain(|(strength, _)| *strength > 0.0);
    let mut locked: Vec<(usize, usize)> = Vec::new();
    while let Some(strongest) = majorities.iter().map(|(strength, _)| *strength).max_by(f64::total_cmp) {
        let equal = majorities.iter().filter(|(strength, _)| *strength == strongest).map(|(_, edge)| *edge);
        let open: Vec<(usize, usize)> = equal.filter(|(x, y)| !leads(&locked, *y, *x, &mut vec![])).collect();
        let all = [locked.clone(), open.clone()].concat();
        locked.extend(open.into_iter().filter(|(x, y)| !leads(&all, *y, *x, &mut vec![])));
        majorities.retain(|(strength, _)| *strength < strongest);
    }
    by_chains(count, |x, y| leads(&locked, x, y, &mut vec![]))
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    let with_first = |at: usize| {
        let mut rest = items.to_vec();
        let first = rest.remove(at);
        permutations(&rest).into_iter().map(move |order| [vec![first], order].concat())
    };
    (0..items.len()).flat_map(with_first).collect()
}

/// A candidate's tier is its best place in any of the best rankings.
pub fn kemeny_young(election: &Election) -> Tiers {
    let count = election.candidates();
    let distance = |order: &[usize]| {
        let reversed = |at: usize| order[at + 1..].iter().map(move |y| election.weight(*y, order[at])).sum::<f64>();
        (0..count).map(reversed).sum::<f64>()
    };
    let orders = permutations(&(0..count).collect::<Vec<_>>());
    let least = orders.iter().map(|order| distance(order)).fold(f64::INFINITY, f64::min);
    let best: Vec<_> = orders.into_iter().filter(|order| distance(order) == least).collect();
    let place = |x: usize| best.iter().filter_map(|order| order.iter().position(|y| *y == x)).min().unwrap();
    by_number(&(0..count).map(|x| -(place(x) as f64)).collect::<Vec<f64>>())
}

pub fn smith_set(election: &Election) -> Tiers {
    let (mut rest, mut tiers): (Vec<usize>, Tiers) = ((0..election.candidates()).collect(), Vec::new());
    while !rest.is_empty() {
        let set = smallest_dominating_set(election, &rest);
        rest.retain(|x| !set.contains(x));
        tiers.push(set);
    }
    tiers
}

/// The scores of a judge in a scale.
fn scaled(scores: &[Option<i32>], scale: &str) -> Vec<Option<f64>> {
    let known: Vec<f64> = scores.iter().flatten().map(|score| f64::from(*score)).collect();
    let count = known.len() as f64;
    let mean = known.iter().sum::<f64>() / count;
    let variance = known.iter().map(|score| score * score).sum::<f64>() / count - mean * mean;
    let of_score = |score: i32| {
        let score = f64::from(score);
        match scale {
            ":zscore" if variance < 1e-12 => 0.0,
            ":zscore" => (score - mean) / variance.sqrt(),
            ":quantile" if known.len() == 1 => 0.5,
            ":quantile" => {
                let wins = known.iter().filter(|other| **other < score).count() as f64;
                let ties = known.iter().filter(|other| **other == score).count() as f64 - 1.0;
                (wins + ties / 2.0) / (count - 1.0)
            }
            _ => score,
        }
    };
    scores.iter().map(|score| score.map(of_score)).collect()
}

/// For each candidate, its scores, each as often as the judge's weight says.
fn copies(election: &Election, scale: &str) -> Vec<Vec<f64>> {
    let judges: Vec<(usize, Vec<Option<f64>>)> =
        election.judges.iter().map(|(weight, scores)| (*weight as usize, scaled(scores, scale))).collect();
    let of_candidate = |x: usize| {
        judges.iter().flat_map(|(weight, scores)| scores[x].map(|score| vec![score; *weight])).flatten().collect()
    };
    (0..election.candidates()).map(of_candidate).collect()
}

pub fn weighted_sum(election: &Election, scale: &str) -> Tiers {
    let means = copies(election, scale).into_iter().map(|scores| scores.iter().sum::<f64>() / scores.len() as f64);
    by_number(&means.collect::<Vec<f64>>())
}

pub fn nash(election: &Election) -> Tiers {
    let means = copies(election, "").into_iter().map(|utilities| {
        let product: f64 = utilities.iter().product();
        product.powf(1.0 / utilities.len() as f64)
    });
    by_number(&means.collect::<Vec<f64>>())
}

pub fn leximin(election: &Election, scale: &str) -> Tiers {
    let mut sorted = copies(election, scale);
    sorted.iter_mut().for_each(|scores| scores.sort_by(f64::total_cmp));
    by_comparison(sorted.len(), |x, y| {
        // Both lists in equal lengths, if judges abstain.
        let (a, b) = (&sorted[x], &sorted[y]);
        let stretched = |list: &[f64], times: usize| list.iter().flat_map(|s| vec![*s; times]).collect::<Vec<f64>>();
        let (a, b) = (stretched(a, b.len()), stretched(b, a.len()));
        let differing = a.iter().zip(&b).find(|(a, b)| (**a - **b).abs() > 1e-9);
        differing.map_or(Ordering::Equal, |(a, b)| a.total_cmp(b))
    })
}
