//! The options of `align pair --likes`.

use crate::Failure;
use crate::usage::UsageError;
use align_choice::likes::{Attention, Measure};
use align_data::likes::{Benchmark, LabelOptions, LikedPairOptions, LikesOptions};
use align_data::pairing::PairStrategy;
use align_data::tables::parse_time;
use clap::Args;

/// The options for texts with counts of likes.
#[derive(Debug, Args)]
pub struct LikesArguments {
    /// Pair texts by how probably one is liked more than the other, in place of scores. The input has the columns prompt, text and likes, and
    /// optionally dislikes, views, time and thread_time; or the layout of SHP or Reddit. The output has a column chosen_probability.
    #[arg(long)]
    likes: bool,
    /// With --likes: what is compared. per-view: likes per view; approval: likes against dislikes; per-time: likes in the time that the text
    /// was seen [default: by the columns].
    #[arg(long, value_name = "per-view|approval|per-time")]
    measure: Option<Measure>,
    /// With --likes: keep pairs whose chosen text is liked more with at least this probability [default: 0.9].
    #[arg(long)]
    min_probability: Option<f64>,
    /// With --likes and times: whose age decides how much a text is seen. thread: attention halves from the first text of the prompt on;
    /// text: from each text on, until --as-of; equal: all texts are seen equally [default: thread].
    #[arg(long, value_name = "thread|text|equal")]
    attention: Option<Attention>,
    /// With --likes and times: hours in which attention halves [default: 12].
    #[arg(long, value_name = "HOURS")]
    half_life: Option<f64>,
    /// With --likes and times: when the likes were counted, as a date or in seconds since 1970 [default: long after the texts].
    #[arg(long, value_name = "TIME", value_parser = time)]
    as_of: Option<f64>,
    /// With --likes: the prior's likes and other views or reactions, or its likes and hours [default: estimated from the file].
    #[arg(long, value_name = "NUMBER,NUMBER", value_parser = two_numbers)]
    prior: Option<(f64, f64)>,
    /// With --likes: write labelled completions for align kto in place of pairs: desirable and undesirable ones by credible bounds.
    #[arg(long)]
    kto: bool,
    /// With --kto: the probability of the credible interval of each text [default: 0.9].
    #[arg(long)]
    credible_level: Option<f64>,
    /// With --kto: compare a text with the median of its prompt, or of the file [default: prompt].
    #[arg(long, value_name = "prompt|file")]
    benchmark: Option<Benchmark>,
}

impl LikesArguments {
    /// Whether the input has likes.
    pub fn is_given(&self) -> bool {
        self.likes
    }

    /// Refuses options that have no effect together. The arguments are the options of `pair` that --likes affects.
    pub fn check(
        &self,
        strategy: Option<PairStrategy>,
        margin: Option<f64>,
        pairs_per_prompt: Option<usize>,
        seed: Option<u64>,
    ) -> Result<(), Failure> {
        let of_kto = [("--credible-level", self.credible_level.is_some()), ("--benchmark", self.benchmark.is_some())];
        let of_likes = [
            ("--measure", self.measure.is_some()),
            ("--min-probability", self.min_probability.is_some()),
            ("--attention", self.attention.is_some()),
            ("--half-life", self.half_life.is_some()),
            ("--as-of", self.as_of.is_some()),
            ("--prior", self.prior.is_some()),
            ("--kto", self.kto),
        ];
        let of_scores = [("--strategy", strategy.is_some()), ("--margin", margin.is_some())];
        let of_pairs = [
            ("--min-probability", self.min_probability.is_some()),
            ("--pairs-per-prompt", pairs_per_prompt.is_some()),
            ("--seed", seed.is_some()),
        ];
        let first =
            |options: &[(&str, bool)]| options.iter().find(|(_, given)| *given).map(|(name, _)| (*name).to_owned());
        let problem = if let Some(name) = first(&of_kto).filter(|_| !self.kto) {
            format!("{name} has no effect without --kto: add --kto, or remove {name}")
        } else if let Some(name) = first(&of_likes).filter(|_| !self.likes) {
            format!("{name} has no effect without --likes: add --likes, or remove {name}")
        } else if let Some(name) = first(&of_scores).filter(|_| self.likes) {
            format!("{name} has no effect with --likes, which pairs by --min-probability: leave it out")
        } else if let Some(name) = first(&of_pairs).filter(|_| self.kto) {
            format!("{name} has no effect with --kto, which makes no pairs: leave it out")
        } else if seed.is_some() && self.likes && pairs_per_prompt.is_none() {
            "--seed has no effect with --likes unless --pairs-per-prompt limits the pairs: leave it out".to_owned()
        } else {
            return Ok(());
        };
        Err(UsageError::new(problem).into())
    }

    /// The options of pairs.
    pub fn pairs(&self, pairs_per_prompt: Option<usize>, seed: Option<u64>) -> LikedPairOptions {
        let default = LikedPairOptions::default();
        LikedPairOptions {
            likes: self.options(),
            min_probability: self.min_probability.unwrap_or(default.min_probability),
            pairs_per_prompt,
            seed: seed.unwrap_or(default.seed),
        }
    }

    /// The options of labelled completions, if these are to be written.
    pub fn labels(&self) -> Option<LabelOptions> {
        let default = LabelOptions::default();
        self.kto.then(|| LabelOptions {
            likes: self.options(),
            credible_level: self.credible_level.unwrap_or(default.credible_level),
            benchmark: self.benchmark.unwrap_or(default.benchmark),
        })
    }

    fn options(&self) -> LikesOptions {
        let Self { measure, attention, half_life, as_of, prior, .. } = *self;
        LikesOptions { measure, attention, half_life, as_of, prior }
    }
}

fn time(text: &str) -> Result<f64, String> {
    parse_time(text)
        .ok_or_else(|| "expected seconds since 1970 or a date such as 2024-05-31 or 2024-05-31T12:00:00Z".to_owned())
}

fn two_numbers(text: &str) -> Result<(f64, f64), String> {
    let numbers = text.split_once(',').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    numbers.ok_or_else(|| "expected two numbers with a comma between them, such as 2,38".to_owned())
}
