use super::judged_sample::judged_texts;
use super::standard_scores::{StandardScores, scores_by};
use super::{JudgeSweep, JudgeSweepOptions, JudgedPolicy, PolicyKind};
use crate::{Comparison, Result};
use align_base::Progress;
use align_choice::ScoreTable;
use align_data::judges::JudgedPrompt;
use align_metrics::{
    Bootstrap, Clusters, Direction, Estimate, JudgeAgreement, PairedComparison, hypervolume, pareto_front,
};
use serde::{Deserialize, Serialize};

/// Names of groups of policies.
pub(super) const JUDGES_AND_SOUPS: &str = "Each judge alone, and soups";
pub(super) const RULES: &str = "Rules";

/// The results of a sweep over rules with their significance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeFindings {
    /// How far the judges agree about the texts that the pairs are made of, and what each rule chooses of them.
    pub agreement: JudgeAgreement,
    /// Indices of the policies on the Pareto front: no other policy has mean scores that are at least as high by all judges.
    pub front: Vec<usize>,
    /// The scores of each policy but the first compared with those of the model before training: for each judge, with p-values that are
    /// adjusted for all of them.
    pub against_sft: Vec<Vec<Comparison>>,
    /// The policies of each two rules compared, by each judge and by the mean standard score, with p-values that are adjusted for all of them.
    pub rules: Vec<RuleComparison>,
    /// The hypervolumes of the groups of policies.
    pub hypervolumes: Vec<Hypervolume>,
    /// The hypervolume of the judges' policies with their soups minus that of the rules' policies, if there are soups.
    pub soups_minus_rules: Option<Estimate>,
}

/// The policies of two rules compared by one judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleComparison {
    /// The index of the policy with the higher mean.
    pub above: usize,
    /// The index of the other policy.
    pub below: usize,
    /// The judge; `None` for the mean standard score.
    pub judge: Option<usize>,
    /// The scores of the first policy minus those of the second.
    pub compared: Comparison,
}

/// How much of the space of standard scores a group of policies dominates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hypervolume {
    /// The group.
    pub group: String,
    /// The number of its policies.
    pub policies: usize,
    /// The volume. The reference point is the lowest mean of any policy by each judge.
    pub volume: Estimate,
}

impl JudgeFindings {
    /// Analyses a sweep.
    ///
    /// # Errors
    /// When a measurement is not finite.
    pub fn new(sweep: &JudgeSweep, options: &JudgeSweepOptions) -> Result<Self> {
        let samples = sweep.policies.first().map_or(&[][..], |sft| sft.samples.as_slice());
        let scale = StandardScores::of(samples, &options.judges, &options.weights)?;
        let means = PromptMeans::of(sweep, &scale);
        let all: Vec<usize> = (0..sweep.policies.len()).collect();
        let points = means.points(&all, &means.all_prompts());
        let compared = sweep.policies.iter().skip(1).flat_map(|policy| policy.against_sft.iter().cloned()).collect();
        let adjusted = Comparison::adjust_all(compared)?;
        let (hypervolumes, soups_minus_rules) = hypervolumes(sweep, &means, &options.bootstrap)?;
        let prompts = judged_texts(&sweep.training_texts, options)?.prompts()?;
        let tables: Vec<&ScoreTable> = prompts.iter().map(JudgedPrompt::table).collect();
        Ok(Self {
            agreement: JudgeAgreement::of(&tables, &options.rules, &options.bootstrap)?,
            front: pareto_front(&points, &vec![Direction::Maximise; sweep.judges.len()])?,
            against_sft: adjusted.chunks(sweep.judges.len().max(1)).map(<[Comparison]>::to_vec).collect(),
            rules: compare_rules(sweep, &scale, &options.bootstrap)?,
            hypervolumes,
            soups_minus_rules,
        })
    }
}

/// Compares the policies of each two rules, by each judge and by the mean standard score.
fn compare_rules(sweep: &JudgeSweep, scale: &StandardScores, bootstrap: &Bootstrap) -> Result<Vec<RuleComparison>> {
    let is_rule = |policy: &JudgedPolicy| matches!(policy.kind, PolicyKind::Rule(_));
    let rules: Vec<(usize, &JudgedPolicy)> =
        sweep.policies.iter().enumerate().filter(|(_, policy)| is_rule(policy)).collect();
    let (mut named, mut compared) = (Vec::new(), Vec::new());
    for (place, (first, first_policy)) in rules.iter().enumerate() {
        for (second, second_policy) in rules.iter().skip(place + 1) {
            for judge in (0..sweep.judges.len()).map(Some).chain([None]) {
                let scores = |policy: &JudgedPolicy| match judge {
                    Some(judge) => scores_by(&policy.samples, judge),
                    None => policy.samples.iter().map(|sample| scale.mean(sample)).collect(),
                };
                let [mut high, mut low] = [(*first, scores(first_policy)), (*second, scores(second_policy))];
                if high.1.iter().sum::<f64>() < low.1.iter().sum::<f64>() {
                    std::mem::swap(&mut high, &mut low);
                }
                let prompts =
                    Clusters::by(&first_policy.samples.iter().map(|sample| sample.prompt).collect::<Vec<_>>());
                compared.push(PairedComparison::of(&high.1, &low.1, Some(&prompts), bootstrap)?);
                named.push((high.0, low.0, judge));
            }
        }
    }
    let adjusted = Comparison::adjust_all(compared)?;
    let both = named.into_iter().zip(adjusted);
    Ok(both.map(|((above, below, judge), compared)| RuleComparison { above, below, judge, compared }).collect())
}

/// The mean standard scores of each policy by judge and prompt.
struct PromptMeans {
    /// By policy, then judge, then prompt.
    means: Vec<Vec<Vec<f64>>>,
    prompts: usize,
}

impl PromptMeans {
    fn of(sweep: &JudgeSweep, scale: &StandardScores) -> Self {
        let of_policy = |policy: &JudgedPolicy| {
            let by_prompt: Vec<_> = policy.samples.chunk_by(|a, b| a.prompt == b.prompt).collect();
            let mean = |texts: &[super::JudgedSample], judge| {
                let sum: f64 = scores_by(texts, judge).into_iter().map(|score| scale.standard(judge, score)).sum();
                sum / texts.len() as f64
            };
            (0..sweep.judges.len()).map(|judge| by_prompt.iter().map(|texts| mean(texts, judge)).collect()).collect()
        };
        let means: Vec<Vec<Vec<f64>>> = sweep.policies.iter().map(of_policy).collect();
        let prompts = means.iter().flatten().map(Vec::len).max().unwrap_or(0);
        Self { means, prompts }
    }

    fn all_prompts(&self) -> Vec<usize> {
        (0..self.prompts).collect()
    }

    /// The mean of each judge over the drawn prompts, for some of the policies.
    fn points(&self, policies: &[usize], drawn: &[usize]) -> Vec<Vec<f64>> {
        let mean =
            |means: &Vec<f64>| drawn.iter().filter_map(|prompt| means.get(*prompt)).sum::<f64>() / drawn.len() as f64;
        let of_policy = |policy: &usize| Some(self.means.get(*policy)?.iter().map(mean).collect());
        policies.iter().filter_map(of_policy).collect()
    }
}

/// The hypervolumes of the groups, and the difference between that of judges and soups and that of rules.
fn hypervolumes(
    sweep: &JudgeSweep,
    means: &PromptMeans,
    bootstrap: &Bootstrap,
) -> Result<(Vec<Hypervolume>, Option<Estimate>)> {
    let of_kind = |wanted: &dyn Fn(&PolicyKind) -> bool| -> Vec<usize> {
        let policies = sweep.policies.iter().enumerate();
        policies.filter(|(_, policy)| wanted(&policy.kind)).map(|(index, _)| index).collect()
    };
    let rules = of_kind(&|kind| matches!(kind, PolicyKind::Rule(_)));
    let judges = of_kind(&|kind| matches!(kind, PolicyKind::Judge(_)));
    let with_soups = of_kind(&|kind| matches!(kind, PolicyKind::Judge(_) | PolicyKind::Soup(_)));
    let all = of_kind(&|_| true);
    let everything = means.points(&all, &means.all_prompts());
    let lowest =
        |judge: usize| everything.iter().filter_map(|point| point.get(judge)).copied().fold(f64::INFINITY, f64::min);
    let reference: Vec<f64> = (0..sweep.judges.len()).map(lowest).collect();
    let directions = vec![Direction::Maximise; reference.len()];
    let everyone = means.all_prompts();
    let volume =
        |policies: &[usize], drawn: &[usize]| hypervolume(&means.points(policies, drawn), &directions, &reference);
    // The volumes of the resamples are kept, so that a difference uses the same ones.
    let resampled = |policies: &[usize]| -> Result<(Estimate, Vec<f64>)> {
        let mut volumes = Vec::with_capacity(bootstrap.resamples);
        let interval = bootstrap.interval(means.prompts, |drawn| {
            // Finite means have a finite volume.
            let volume = volume(policies, drawn).unwrap_or(f64::NAN);
            volumes.push(volume);
            volume
        })?;
        Ok((Estimate { value: volume(policies, &everyone)?, interval }, volumes))
    };
    let mut progress = Progress::begin("hypervolumes", "groups", 4);
    let mut found = Vec::new();
    let mut measure = |group: &str, policies: &[usize]| -> Result<(Estimate, Vec<f64>)> {
        let (volume, volumes) = resampled(policies)?;
        found.push(Hypervolume { group: group.to_owned(), policies: policies.len(), volume });
        progress.advance(1);
        Ok((volume, volumes))
    };
    measure("Each judge alone", &judges)?;
    let has_soups = with_soups.len() > judges.len();
    let soups = has_soups.then(|| measure(JUDGES_AND_SOUPS, &with_soups)).transpose()?;
    let (of_rules, by_rules) = measure(RULES, &rules)?;
    measure("All policies", &all)?;
    let difference = soups.map(|(of_soups, by_soups)| {
        let mut differences = by_soups.iter().zip(&by_rules).map(|(soups, rules)| soups - rules);
        let interval = bootstrap.interval(means.prompts, |_| differences.next().unwrap_or(f64::NAN))?;
        Ok::<_, crate::Error>(Estimate { value: of_soups.value - of_rules.value, interval })
    });
    Ok((found, difference.transpose()?))
}
