//! Measures how far models of one family are apart: weights, hidden states, next-token distributions, texts, and the
//! judges' scores of the texts.
//!
//! ```sh
//! align compare gpt2/ runs/hinge/model runs/ipo/model --input texts.csv --output-dir distances
//! ```

mod input;
mod loader;
mod metric;
mod names;
mod options;
mod results;

pub use self::options::Options;

use self::loader::Loader;
use self::metric::Metric;
use self::results::Results;
use crate::{Failure, models, output_paths};
use align_frontier::{
    AlongTexts, DistanceOptions, EmbeddingOptions, GeneratedTexts, HiddenStateOptions, policy_distances,
};
use align_metrics::{LinearPredictivity, PermutationTest};

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    let selected = options.selected()?;
    let bootstrap = options.bootstrap();
    bootstrap.validate()?;
    let folders = options.models.iter().map(|name| models::fetch(name)).collect::<Result<Vec<_>, _>>()?;
    if let Some(folder) = &options.output_dir {
        output_paths::refuse_folder(folder, options.overwrite, &folders)?;
    }
    let _precision = options.runtime.set_matmul_precision()?;
    let prompts = if selected.generates_texts() { options.read_prompts()? } else { Vec::new() };
    let table = options.input.as_deref().map(|file| input::Table::read(file, &options.columns)).transpose()?;
    // A wrong judge is found before texts are generated.
    options.judges.iter().try_for_each(|judge| judge.load(&options.runtime, options.batch_size).map(drop))?;
    let loader = Loader { folders: &folders, options, device: options.runtime.device()? };
    let (tokenizer, longest) = loader.common_tokenizer()?;
    let texts = options.max_length(longest).and_then(|max_length| {
        let tokenise = |table: &input::Table| table.tokenise(&tokenizer, options.max_texts.unwrap_or(200), max_length);
        Ok(table.as_ref().map(tokenise).transpose()?.unwrap_or_default())
    })?;
    let names = names::short(&options.models);
    let judges: Vec<String> = options.judges.iter().map(|judge| judge.name.clone()).collect();
    let found = policy_distances(&DistanceOptions {
        names: &names,
        load: &|index| loader.load(index),
        weights: selected.has(Metric::Weights),
        along_texts: selected.along_texts().then_some(AlongTexts {
            texts: &texts,
            hidden: selected.has(Metric::Hidden).then_some(HiddenStateOptions {
                max_tokens: options.max_tokens.unwrap_or(2000),
                predictivity: LinearPredictivity::default(),
            }),
            divergence: selected.has(Metric::Divergence),
        }),
        generated: selected.generates_texts().then_some(GeneratedTexts {
            tokenizer: &tokenizer,
            prompts: &prompts,
            texts_per_prompt: options.texts_per_prompt.unwrap_or(4),
            max_new_tokens: options.max_new_tokens.unwrap_or(48),
            embeddings: selected.has(Metric::Texts).then_some(EmbeddingOptions {
                load: &|| loader.embedder(),
                projections: options.projections.unwrap_or(200),
                test: PermutationTest { permutations: options.permutations.unwrap_or(999), seed: options.seed },
            }),
            judges: &judges,
            score: &|index, texts| options.score(index, texts),
        }),
        bootstrap,
        batch_size: options.batch_size,
        seed: options.seed,
    })?;
    let results = Results { options, found: &found, texts: texts.len(), prompts: prompts.len() };
    let document = results.document()?;
    if let Some(folder) = &options.output_dir {
        results.write(folder, &document)?;
    }
    options.json.print(&document, || results.print())
}
