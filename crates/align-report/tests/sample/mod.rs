//! A made-up sweep: four losses with five betas each, 200 steps, 46 pairs of reviews.
#![allow(dead_code)]

pub mod matrices;

use align_report::{
    Axis, Better, Cell, ChosenText, Column, ComparedText, Configuration, Entry, Estimate, Figure, FigureWidth,
    Histogram, HistogramGroup, HistogramHeight, LineChart, LineSeries, ParetoDirections, Report, ReportFigure, Row,
    Scatter, ScatterPoint, ScatterSeries, SeriesColour, Table, TextChoice, TextChoices, TextComparison,
    TextComparisons,
};

const LOSSES: [&str; 4] = ["sigmoid", "hinge", "ipo", "exo_pair"];
const BETAS: [f64; 5] = [0.01, 0.05, 0.1, 0.5, 1.0];

/// Pseudo-random numbers from 0 to 1 (a linear congruential generator).
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }

    /// An approximately normal number with mean 0 and standard deviation 1.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.draw()).sum::<f64>() - 6.0
    }
}

/// A setting with its results.
struct Setting {
    beta: f64,
    kl: Estimate,
    reward: Estimate,
    entropy: Estimate,
}

fn around(value: f64, below: f64, above: f64) -> Estimate {
    Estimate::new(value, value - below, value + above)
}

fn settings() -> Vec<(&'static str, Vec<Setting>)> {
    let mut noise = Noise::new(7);
    let mut setting = |loss: usize, i: usize, beta: f64| {
        let kl = 28.0 / (1.0 + i as f64 * (0.9 + 0.2 * loss as f64)).powf(1.3) * (0.8 + 0.4 * noise.draw());
        let fall = 0.0008 * kl * kl * (1.0 + 0.5 * loss as f64);
        let reward = 2.4 * (1.0 - (-kl / (4.0 + loss as f64)).exp()) - fall + 0.2 * noise.draw();
        let entropy = 6.4 - 0.035 * kl - 0.1 * loss as f64 + 0.05 * noise.normal();
        Setting {
            beta,
            kl: around(kl, 0.07 * kl + 0.1, 0.08 * kl + 0.1),
            reward: around(reward, 0.17, 0.17),
            entropy: around(entropy, 0.06, 0.06),
        }
    };
    let mut losses = Vec::new();
    for (loss, name) in LOSSES.into_iter().enumerate() {
        losses.push((name, BETAS.into_iter().enumerate().map(|(i, beta)| setting(loss, i, beta)).collect()));
    }
    losses
}

pub fn against_kl(x: Axis) -> Scatter {
    scatter(x, |setting| setting.kl, around(0.0, 0.0, 0.0), Better::Lower)
}

pub fn against_entropy() -> Scatter {
    scatter(Axis::linear("Token entropy (nats)"), |setting| setting.entropy, around(6.52, 0.05, 0.05), Better::Higher)
}

fn scatter(x: Axis, measure: impl Fn(&Setting) -> Estimate, of_sft: Estimate, better: Better) -> Scatter {
    let point = |setting: &Setting| ScatterPoint::new(setting.beta.to_string(), measure(setting), setting.reward);
    let series =
        settings().into_iter().map(|(name, settings)| ScatterSeries::curve(name, settings.iter().map(point).collect()));
    Scatter {
        title: format!("Mean reward against {}", x.title),
        x,
        y: Axis::linear("Mean reward (logit)"),
        series: series.collect(),
        point_labels: Some("β".to_owned()),
        baseline: Some(ScatterPoint::new("SFT", of_sft, around(0.1, 0.15, 0.15))),
        pareto: Some(ParetoDirections { x: better, y: Better::Higher }),
    }
}

pub fn curves(title: &str, start: f64, end: f64) -> LineChart {
    let mut noise = Noise::new(start.to_bits() ^ end.to_bits());
    let series = LOSSES.into_iter().enumerate().map(|(loss, name)| {
        let pace = 30.0 + 15.0 * loss as f64;
        let value = |step: u32| end + (start - end) * (-f64::from(step) / pace).exp();
        let points: Vec<(f64, f64)> = (1..=200)
            .map(|step| (f64::from(step), value(step) + 0.08 * (start - end) * noise.normal()))
            .map(|(step, value)| (step, if loss == 1 && step == 120.0 { f64::NAN } else { value }))
            .collect();
        LineSeries::new(name, points)
    });
    LineChart {
        title: title.to_owned(),
        x: Axis::linear("Step"),
        y: Axis::linear(title),
        series: series.collect(),
        smoothing: None,
    }
}

pub fn rewards(after: &str, shift: f64) -> Histogram {
    let mut noise = Noise::new(shift.to_bits());
    let mut values = |mean: f64, count: usize| (0..count).map(|_| mean + 1.3 * noise.normal()).collect();
    Histogram {
        title: format!("Rewards before and after {after}"),
        x: "Reward (logit)".to_owned(),
        height: HistogramHeight::Share,
        groups: vec![
            HistogramGroup::new("SFT", values(0.1, 460)).with_colour(SeriesColour::Baseline),
            HistogramGroup::new(after, values(0.1 + shift, 460)),
        ],
    }
}

const OPENINGS: [&str; 6] = [
    "This movie",
    "I watched this film",
    "The plot of this",
    "Honestly, the acting",
    "My wife and I",
    "It is rare that a film",
];
const MIDDLES: [&str; 8] = [
    " was shot on what must have been a small budget, and it shows in every single scene",
    " has a story that one has seen many times, but the two leads make it work",
    " left me cold: the dialogue is wooden, and the jokes are older than its director",
    " is a joy from the first minute to the last, with a wonderful score by a composer I had never heard of",
    " starts slowly.<br /><br />Then, about half an hour in, everything falls into place",
    " is not for everyone -- my brother walked out -- and yet I could not look away",
    " \"tries\" to be a comedy & a drama at once; it's neither",
    " reminded me of the films we used to rent on Friday nights",
];
const ENDINGS: [&str; 5] = [
    ". I would not watch it again, and would advise anyone against it.",
    ". Go and see it, it might make you a better person.",
    ". 3/10, and only for the scenery.",
    "! Highly recommended to anyone who enjoys a good mystery",
    ". The ending, though, does not really",
];

pub fn reviews() -> TextComparisons {
    let mut noise = Noise::new(46);
    let mut review = |prompt: &str, shift: f64| {
        let mut text = prompt.to_owned();
        for _ in 0..(1 + (noise.draw() * 5.0) as usize) {
            text += MIDDLES[(noise.draw() * 8.0) as usize];
            text += ENDINGS[(noise.draw() * 5.0) as usize];
        }
        ComparedText { text, reward: Some(shift + 1.2 * noise.normal()) }
    };
    let rows = (0..46).map(|i| {
        let prompt = OPENINGS[i % OPENINGS.len()];
        TextComparison { prompt: prompt.to_owned(), before: review(prompt, 0.1), after: review(prompt, 1.9) }
    });
    TextComparisons {
        caption: "46 prompts from the test split, one text of each model a prompt, sampled with the same seeds."
            .to_owned(),
        before: "SFT".to_owned(),
        after: "hinge, β = 0.05".to_owned(),
        rows: rows.collect(),
    }
}

pub fn results() -> Table {
    let sft = [
        Cell::Number(around(0.1, 0.15, 0.15)),
        Cell::Number(Estimate::exact(0.0)),
        Cell::Number(around(6.52, 0.05, 0.05)),
        Cell::Missing,
    ];
    let mut rows = vec![Row { name: "SFT".to_owned(), group: String::new(), cells: sft.to_vec() }];
    for (loss, settings) in settings() {
        for setting in settings {
            let win_rate = 0.5 + 0.45 * (setting.reward.value / 2.5).tanh();
            let cells = [setting.reward, setting.kl, setting.entropy, around(win_rate, 0.04, 0.04)].map(Cell::Number);
            let name = format!("{loss}, β = {}", setting.beta);
            rows.push(Row { name, group: loss.to_owned(), cells: cells.to_vec() });
        }
    }
    Table {
        caption: "Means over 2,300 texts per model with 95% bootstrap intervals over prompts.".to_owned(),
        row_title: "Model".to_owned(),
        columns: vec![
            Column::new("Reward", "logit").with_best(Better::Higher),
            Column::new("KL divergence", "nats per text"),
            Column::new("Token entropy", "nats").with_best(Better::Higher),
            Column::new("Win rate against SFT", "").with_best(Better::Higher),
        ],
        rows,
    }
}

/// Few columns with wide cells.
fn ranges() -> Table {
    let row = |range: &str, loss: &str| Row {
        name: format!("KL(policy ‖ SFT): {range}"),
        group: String::new(),
        cells: vec![Cell::Text(loss.to_owned()), Cell::Number(Estimate::exact(25.0))],
    };
    Table {
        caption: "The loss with the highest reward in each range.".to_owned(),
        row_title: "Range, nats".to_owned(),
        columns: vec![Column::new("Highest reward", ""), Column::new("Interval above all others", "% of the range")],
        rows: vec![row("0.19 to 0.35", "sigmoid+js_divergence"), row("0.35 to 0.37", "hinge")],
    }
}

fn full(figure: impl Into<Figure>, caption: &str) -> ReportFigure {
    ReportFigure { figure: figure.into(), caption: caption.to_owned(), width: FigureWidth::Full }
}

fn half(figure: impl Into<Figure>, caption: &str) -> ReportFigure {
    ReportFigure { width: FigureWidth::Half, ..full(figure, caption) }
}

fn choices() -> TextChoices {
    let chosen = |chosen_by: &str, text: &str, remark: &str| ChosenText {
        chosen_by: chosen_by.to_owned(),
        text: text.to_owned(),
        remark: remark.to_owned(),
    };
    let texts = vec![
        chosen("borda, schulze 50%", "This movie was a joy.", "helpful 0.841, safe 0.282"),
        chosen("schulze 50%", "This movie was two hours of my life that I will not get back.", "helpful 1.33, safe –"),
    ];
    TextChoices {
        caption: "A prompt on which two rules differ.".to_owned(),
        rows: vec![TextChoice { prompt: "This movie".to_owned(), texts }],
    }
}

pub fn report() -> Report {
    let kl = "KL divergence from SFT (nats per text)";
    Report {
        title: "Reward and diversity of four preference losses on film reviews".to_owned(),
        subtitle: "gpt2-imdb, DistilBERT as reward model, 5,000 preference pairs, seed 0".to_owned(),
        summary:
            "GPT-2, fine-tuned on film reviews, was trained by direct preference optimisation with four losses at \
                  five values of β each, on the same pairs, and compared with the model before training on 2,300 texts \
                  a model. All losses raise the mean reward; what they pay for it in divergence from the model before, \
                  and in the entropy of the tokens they use, differs."
                .to_owned(),
        statements: vec![
            "sigmoid dominates from 4 nats upwards: no other loss has its reward at as little divergence.".to_owned(),
            "exo_pair has the lowest divergence of all settings, at β = 1, and a reward of 0.63 there.".to_owned(),
            "β = 0.01 is dominated in every loss: the reward falls while the divergence doubles.".to_owned(),
        ],
        tables: vec![results(), ranges()],
        figures: vec![
            full(
                against_kl(Axis::linear(kl)),
                "Mean reward against KL divergence. Bars: 95% intervals; ringed: the Pareto front, to the upper left.",
            ),
            full(
                against_kl(Axis::log(kl)),
                "The same on a logarithmic axis, where SFT, with a divergence of 0, is a line.",
            ),
            full(against_entropy(), "Mean reward against token entropy; the Pareto front is towards the upper right."),
        ],
        training: vec![
            half(curves("Loss (nats)", 0.69, 0.21), "Training loss at β = 0.1. Thin: each step; thick: averaged."),
            half(curves("Reward margin", 0.0, 2.4), "Difference of the chosen and the rejected text's rewards."),
            half(curves("Accuracy", 0.5, 0.86), "Share of pairs whose chosen text has the higher implicit reward."),
            half(curves("Chosen log-probability (nats)", -140.0, -152.0), "Mean log-probability of the chosen texts."),
        ],
        training_note: "No held-out data was given, so the curves are those of the training rows.".to_owned(),
        rewards: vec![
            half(rewards("hinge, β = 0.05", 1.9), "Rewards of 460 texts each."),
            half(rewards("sigmoid, β = 0.05", 2.2), "Rewards of 460 texts each."),
        ],
        texts: vec![reviews()],
        choices: vec![choices()],
        configuration: vec![
            Configuration {
                title: "Training".to_owned(),
                entries: vec![
                    Entry::new("model", "lvwerra/gpt2-imdb"),
                    Entry::new("train_file", "/data/preference-pairs/2026-11/imdb/gpt2-imdb/pairs-5000-seed-0.jsonl"),
                    Entry::new("learning_rate", "1e-5"),
                    Entry::new("per_device_train_batch_size", "8"),
                    Entry::new("lr_scheduler_type", "linear"),
                ],
            },
            Configuration {
                title: "Generation".to_owned(),
                entries: vec![Entry::new("do_sample", "true"), Entry::new("max_length", "50"), Entry::new("seed", "0")],
            },
        ],
        versions: vec![Entry::new("align", "0.1.0"), Entry::new("LibTorch", "2.11.0"), Entry::new("rustc", "1.95.0")],
    }
}
