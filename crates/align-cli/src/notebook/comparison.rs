use super::stage::{Sampled, Stage, Trained, Written, is_held_out};
use crate::{Failure, output};
use align_metrics::{
    Bootstrap, Clusters, EvaluationReport, PairedComparison, SampleMean, SampledLogps, chao_wang_jost_entropy,
};
use align_models::CausalLm;
use align_train::{Completion, completion_logps};

/// The models on equal prompts, each with equally many texts of equal length.
pub struct Comparison {
    /// The model before training, then the trained ones.
    pub models: Vec<Measured>,
    pub texts_per_prompt: usize,
}

/// A model's texts in numbers.
pub struct Measured {
    pub name: &'static str,
    pub sampled: Sampled,
    pub report: EvaluationReport,
    pub chao_wang_jost: f64,
    /// Where the model is not the one before training.
    pub against_sft: Option<AgainstSft>,
}

/// A trained model beside the one before training.
pub struct AgainstSft {
    /// Rewards on all prompts.
    pub rewards: PairedComparison,
    /// Rewards on the prompts that no training pair has; none where the pairs came from a file.
    pub held_out: Option<PairedComparison>,
    /// KL(model‖SFT), in nats a text.
    pub kl: SampleMean,
    /// KL(SFT‖model), in nats a text.
    pub opposite_kl: SampleMean,
}

impl Measured {
    pub fn rewards(&self) -> Vec<f64> {
        self.sampled.texts.iter().map(|text| text.score).collect()
    }

    /// Whether the interval of the mean reward lies above that of the other model.
    pub fn is_above(&self, other: &Self) -> bool {
        match (self.report.mean_reward, other.report.mean_reward) {
            (Some(ours), Some(theirs)) => ours.interval.low > theirs.interval.high,
            _ => false,
        }
    }
}

impl Comparison {
    /// Writes, scores and measures texts of each model.
    pub fn of(stage: &Stage, sft: &dyn CausalLm, trained: &[Trained]) -> Result<Self, Failure> {
        let texts_per_prompt = stage.options.compared_texts_per_prompt;
        output::println!("\ncompare: {texts_per_prompt} texts a prompt from each model");
        // Seeds of their own, so that no text of the training data is drawn again.
        let (seed, plain_seed) = (stage.options.seed.wrapping_add(1), stage.options.seed.wrapping_add(2));
        let before = stage.sample(sft, texts_per_prompt, seed)?;
        let plain = stage.draw(sft, texts_per_prompt, plain_seed)?;
        let mut models = vec![Measured::of(stage, "SFT", before, None)?];
        for own in trained {
            let after = stage.sample(&own.model, texts_per_prompt, seed)?;
            let drawn = stage.draw(&own.model, texts_per_prompt, plain_seed)?;
            let against = AgainstSft {
                rewards: compare(&after, &models[0].sampled, |_| true)?,
                held_out: match stage.options.train_file {
                    None => Some(compare(&after, &models[0].sampled, is_held_out)?),
                    Some(_) => None,
                },
                kl: divergence(stage, &drawn, &own.model, sft)?,
                opposite_kl: divergence(stage, &plain, sft, &own.model)?,
            };
            models.push(Measured::of(stage, own.name, after, Some(against))?);
        }
        Ok(Self { models, texts_per_prompt })
    }

    /// The model before training, and the trained ones.
    pub fn split(&self) -> Option<(&Measured, &[Measured])> {
        self.models.split_first()
    }

    /// What the intervals of the mean rewards say, a sentence a trained model.
    pub fn findings(&self) -> Vec<String> {
        let Some((sft, trained)) = self.split() else { return Vec::new() };
        let said = |model: &Measured| match (model.is_above(sft), sft.is_above(model)) {
            (true, _) => format!("{}: mean reward above SFT's, the intervals do not overlap", model.name),
            (_, true) => format!("{}: mean reward below SFT's, the intervals do not overlap", model.name),
            _ => format!("{}: the intervals of mean reward overlap with SFT's", model.name),
        };
        trained.iter().map(said).collect()
    }
}

impl Measured {
    fn of(
        stage: &Stage,
        name: &'static str,
        sampled: Sampled,
        against_sft: Option<AgainstSft>,
    ) -> Result<Self, Failure> {
        let skip = stage.tokenizer.eos_token_id();
        let scores: Vec<f64> = sampled.texts.iter().map(|text| text.score).collect();
        Ok(Self {
            name,
            report: EvaluationReport::of(&sampled.ids, skip, Some(&scores), &Bootstrap::default())?,
            chao_wang_jost: chao_wang_jost_entropy(&sampled.ids, skip)?,
            sampled,
            against_sft,
        })
    }
}

/// Rewards of two models on the prompts that are `wanted`, whose texts stand in the same order.
fn compare(after: &Sampled, before: &Sampled, wanted: impl Fn(&str) -> bool) -> Result<PairedComparison, Failure> {
    let both = || after.texts.iter().zip(&before.texts).filter(|(text, _)| wanted(&text.prompt));
    let prompts: Vec<&str> = both().map(|(text, _)| text.prompt.as_str()).collect();
    let (first, second): (Vec<f64>, Vec<f64>) = both().map(|(after, before)| (after.score, before.score)).unzip();
    Ok(PairedComparison::of(&first, &second, Some(&Clusters::by(&prompts)), &Bootstrap::default())?)
}

/// KL(writer‖other) from texts that the writer wrote, standard errors by prompt.
fn divergence(
    stage: &Stage,
    written: &[Written],
    writer: &dyn CausalLm,
    other: &dyn CausalLm,
) -> Result<SampleMean, Failure> {
    let rows: Vec<Completion> = written
        .iter()
        .map(|text| Completion { prompt_ids: &text.prompt_ids, completion_ids: &text.completion_ids })
        .collect();
    let summed = |model: &dyn CausalLm| -> Result<Vec<f64>, Failure> {
        let logps = completion_logps(model, &rows, stage.options.batch_size)?;
        Ok(logps.iter().map(|text| text.iter().map(|logp| f64::from(*logp)).sum()).collect())
    };
    let prompts: Vec<&[i64]> = rows.iter().map(|row| row.prompt_ids).collect();
    let clusters = Clusters::by(&prompts);
    Ok(SampledLogps::new(&summed(writer)?, &summed(other)?, Some(&clusters))?.k1()?)
}
