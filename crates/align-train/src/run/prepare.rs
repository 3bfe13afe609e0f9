//! Preparing a run: loading the models, tokenising the examples and restoring a checkpoint.

use super::load::{LoadedModel, LoadedReference};
use super::rounds::Rounds;
use super::run_names::RunNames;
use super::{
    Dataset, EncodeContext, Placement, PreparedRun, RoundContext, Run, RunModel, RunObjective, SampleTextsFactory,
};
use crate::distributed::check_same_values;
use crate::training_checkpoint::num_processes_of;
use crate::{Error, Objective, Observer, Result, Rows, RunConfig, RunFolder, Trainer, latest_checkpoint};
use align_data::{EncodeReport, Tokenizer};
use align_distributed::ProcessGroup;
use align_models::{CausalLm, TrainableModel};
use align_torch::MatmulPrecision;
use serde_json::json;
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

impl<O: RunObjective> Run<O> {
    /// Checks the settings, opens the output folder, loads the models and tokenises the examples. If the run is resumed, restores its
    /// newest checkpoint. Of several processes, rank 0 alone opens the folder.
    ///
    /// # Errors
    /// Options that contradict each other or would be ignored, an output folder with another run or with other files, models or examples
    /// that cannot be used, too little memory, a checkpoint of another run, or a problem of another process.
    pub fn prepare(mut self) -> Result<PreparedRun<O>> {
        let group = self.group.take().unwrap_or_else(ProcessGroup::single);
        self.check_same_in_all_processes(&group)?;
        let (output_dir, options) = (self.check()?, self.options()?);
        #[cfg(feature = "trackers")]
        group.on_rank_0(|| self.trackers.check_writer(&output_dir, self.resume.is_some()))?;
        #[cfg(feature = "hub")]
        let upload = self.take_upload(&group)?;
        let placement = self.placement()?;
        align_torch::warn_if_bfloat16_is_slow(placement.dtype, placement.device);
        let precision = self.matmul_precision.unwrap_or_else(|| MatmulPrecision::fastest_exact(placement.device)).set();
        let (folder, checkpoint) = self.open_folder(&output_dir, &group)?;
        self.keep_batches(checkpoint.as_deref(), &group)?;
        let reference = self.reference.take();
        let reference = reference.map(|given| given.load(&placement, &mut self.resolver)).transpose()?;
        let texts = || O::tokenizer_training_texts(&self.train.examples).unwrap_or_default();
        let (placed, resumes) = ((&placement, &mut self.resolver), self.resume.is_some());
        let (peft, output) = ((self.peft, self.resize_token_embeddings), (&*output_dir, folder.as_ref(), resumes));
        let loaded = group.agree_on_result(self.model.load(peft, texts, output, placed))?;
        let LoadedModel { model: policy, tokenizer, display_name, hub_id } = loaded;
        reference.as_ref().map_or(Ok(()), |reference| reference.check_tokenizer(&tokenizer))?;
        let (reference, ref_model) = named_reference::<O>(reference);
        let mut names = RunNames::new(display_name, hub_id, ref_model, &self.train.name);
        #[cfg(feature = "hub")]
        upload.iter().for_each(|upload| names.hub_model_id = Some(upload.repo().to_string()));

        let samples = sample_texts(self.samples, folder.as_ref(), (&policy, &tokenizer), (placement.seed, resumes))?;
        let (max_length, model_max_length) = (self.max_length, policy.max_sequence_length());
        let (strip_prompt, invalid_rows) = (self.strip_prompt, self.invalid_rows);
        let context = EncodeContext { tokenizer: &tokenizer, max_length, model_max_length, strip_prompt, invalid_rows };
        let run = (folder.as_ref(), &policy, &self.config, (placement.seed, resumes));
        let (rows, train_report, writer) = training_rows(self.rounds, self.train, run, &context, &group)?;
        names.train_rows = rows.len();
        let trainer = Trainer::in_group(O::from_models(policy, reference, self.config)?, rows, group)?;
        let (mut trainer, eval_report) = with_evaluation(trainer, self.eval, &mut names, &context)?;
        if let (Some(checkpoint), Some(mode)) = (&checkpoint, self.resume) {
            trainer.resume_in_group(checkpoint, mode)?;
        }
        #[cfg(feature = "trackers")]
        self.trackers.collect_values(&mut trainer);
        Ok(PreparedRun {
            trainer,
            output_dir,
            folder,
            tokenizer,
            names,
            train_report,
            eval_report,
            resumes,
            checkpoint,
            options,
            samples,
            on_policy: writer.is_some(),
            observers: writer.into_iter().chain(self.observers).collect(),
            stop: self.stop,
            #[cfg(feature = "trackers")]
            trackers: self.trackers,
            #[cfg(feature = "hub")]
            upload,
            _precision: precision,
        })
    }

    /// The upload of the trained model, in the process that writes it.
    #[cfg(feature = "hub")]
    fn take_upload(&mut self, group: &ProcessGroup) -> Result<Option<super::Upload>> {
        let upload = self.upload.take().filter(|_| group.rank() == 0);
        upload.map(|(repo, private)| super::Upload::from_name(&repo, private)).transpose()
    }

    /// Keeps the batches of the run that wrote a checkpoint, which may have had another number of processes.
    fn keep_batches(&mut self, checkpoint: Option<&Path>, group: &ProcessGroup) -> Result<()> {
        if let Some(checkpoint) = checkpoint {
            self.config.training_mut().num_processes = group.agree_on_result(num_processes_of(checkpoint))?;
        }
        Ok(())
    }

    /// Checks that all processes have the same options, before these lead them to different operations.
    fn check_same_in_all_processes(&self, group: &ProcessGroup) -> Result<()> {
        if group.is_single() {
            return Ok(());
        }
        let fail = |e: serde_json::Error| Error::Data(format!("the options cannot be compared: {e}"));
        let given = |is_given: bool| if is_given { "given" } else { "not given" };
        let own = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "method": self.config.tag(),
            "options": serde_json::to_value(&self.config).map_err(fail)?,
            "resume": given(self.resume.is_some()),
            "peft": given(self.peft.is_some()),
            "ref_model": given(self.reference.is_some()),
            "eval_file": given(self.eval.is_some()),
        });
        check_same_values(group, &own)
    }

    /// The device and dtype of the models. A model that is already loaded keeps its own.
    fn placement(&self) -> Result<Placement> {
        let seed = self.config.training().seed;
        if let super::model_source::Origin::Loaded(model, _) = &self.model.origin {
            let weights = model.frozen_parameters().unwrap_or(model.parameters());
            let (dtype, device) = weights
                .iter()
                .next()
                .map_or((Kind::Float, Device::Cpu), |(_, weight)| (weight.kind(), weight.device()));
            return Ok(Placement { dtype, device, seed });
        }
        let device = self.device.unwrap_or_default().resolve()?;
        Ok(Placement { dtype: self.dtype.unwrap_or(Kind::Float), device, seed })
    }

    /// Opens the output folder in rank 0, and finds the checkpoint from which the run is resumed.
    fn open_folder(&self, output_dir: &Path, group: &ProcessGroup) -> Result<(Option<RunFolder>, Option<PathBuf>)> {
        let opened = group.on_rank_0(|| -> Result<_> {
            let folder = RunFolder::open(output_dir)?;
            let checkpoint = self.find_checkpoint(&folder)?;
            Ok((folder, checkpoint))
        })?;
        let (folder, checkpoint) = opened.unzip();
        let checkpoint = group.result_of_rank_0(|| Ok::<_, Error>(checkpoint.flatten()))?;
        Ok((folder, checkpoint))
    }

    /// The checkpoint from which the run is resumed. An error if the folder contains a run that is not resumed, or none to resume.
    fn find_checkpoint(&self, folder: &RunFolder) -> Result<Option<PathBuf>> {
        let fail = |reason: &str| Err(Error::Output { path: folder.path().to_owned(), reason: reason.to_owned() });
        let has_run = folder.contains_run()?;
        if self.resume.is_none() {
            return match has_run && folder.has_begun()? {
                true => Err(RunFolder::contains_run_error(folder.path())),
                false => Ok(None),
            };
        }
        let checkpoint = latest_checkpoint(folder.path())?;
        match checkpoint.is_none() && !has_run {
            true => fail("has no checkpoint to resume from: check the folder, or start a new run without --resume"),
            false => Ok(checkpoint),
        }
    }
}

/// The observer that writes sample texts, if there are sample prompts and this process writes.
fn sample_texts<O: RunObjective>(
    factory: Option<SampleTextsFactory<O>>,
    folder: Option<&RunFolder>,
    (policy, tokenizer): (&O::Model, &Tokenizer),
    (seed, resumes): (u64, bool),
) -> Result<Option<Box<dyn Observer<O>>>> {
    let create = |(factory, folder): (SampleTextsFactory<O>, &RunFolder)| {
        factory(&folder.path().join(RunFolder::SAMPLES), policy, tokenizer, seed, resumes)
    };
    factory.zip(folder).map(create).transpose()
}

/// The reference model, and its name on the model card.
fn named_reference<O: RunObjective>(reference: Option<LoadedReference>) -> (Option<Box<dyn CausalLm>>, Option<String>) {
    match reference {
        Some(reference) => (Some(reference.model), Some(reference.display_name)),
        None => (None, O::HAS_REFERENCE.then(|| "the base model".to_owned())),
    }
}

/// Training rows, the report of their tokenisation, and the observer that writes them if the policy does.
type TrainingRows<O> = (Rows<<O as Objective>::Row>, Option<EncodeReport>, Option<Box<dyn Observer<O>>>);

/// Tokenises the training examples, or prepares the rounds in which the policy writes its rows.
fn training_rows<O: RunObjective>(
    rounds: Option<Rounds<O>>,
    data: Dataset<O::Example>,
    (folder, policy, config, (seed, resumes)): (Option<&RunFolder>, &O::Model, &O::Config, (u64, bool)),
    context: &EncodeContext<'_>,
    group: &ProcessGroup,
) -> Result<TrainingRows<O>> {
    let Some((rounds, folder)) = rounds.zip(folder) else {
        let (rows, report) = encode_training::<O>(config, data, context, group)?;
        return Ok((rows, report, None));
    };
    let path = folder.path().join(RunFolder::ROUNDS);
    let context = RoundContext { policy, config, tokenizer: context.tokenizer, path: &path, seed, resumes };
    let (rows, writer) = rounds.create(&context)?;
    Ok((rows, None, Some(writer)))
}

/// Adds held-out rows to a trainer, if there are any. Also returns the report of their tokenisation.
fn with_evaluation<O: RunObjective>(
    trainer: Trainer<O>,
    eval: Option<Dataset<O::Example>>,
    names: &mut RunNames,
    context: &EncodeContext<'_>,
) -> Result<(Trainer<O>, Option<EncodeReport>)> {
    let Some(eval) = eval else { return Ok((trainer, None)) };
    names.eval_data = Some((eval.name.clone(), eval.label()));
    let (label, config) = (eval.label(), trainer.config().clone());
    let (rows, report) = encode::<O>(&config, eval, "evaluation rows: ", context)?;
    let trainer = trainer.with_evaluation(rows).map_err(|e| Error::in_dataset(&label, e))?;
    Ok((trainer, report))
}

/// Tokenises the training examples, or opens their cache. An error if no row remains. Of several processes, rank 0 builds the cache, and the
/// others open it then.
fn encode_training<O: RunObjective>(
    config: &O::Config,
    data: Dataset<O::Example>,
    context: &EncodeContext<'_>,
    group: &ProcessGroup,
) -> Result<(Rows<O::Row>, Option<EncodeReport>)> {
    let Some(files) = &data.stream else {
        let (rows, report) = encode::<O>(config, data, "", context)?;
        return Ok((rows.into(), report));
    };
    let label = data.label();
    let open = || O::encode_streamed(config, files, context).map_err(|e| Error::in_dataset(&label, e));
    let built = group.on_rank_0(open)?;
    let encoded = built.map_or_else(open, Ok)?;
    match encoded.rows.is_empty() {
        true => Err(Error::Data(format!("{label}: {}", no_row_left(Some(encoded.report), encoded.max_length)))),
        false => Ok((Rows::Source(encoded.rows), Some(encoded.report))),
    }
}

/// Tokenises examples. An error if no row remains.
fn encode<O: RunObjective>(
    config: &O::Config,
    data: Dataset<O::Example>,
    label_prefix: &str,
    context: &EncodeContext<'_>,
) -> Result<(Vec<O::Row>, Option<EncodeReport>)> {
    let label = format!("{label_prefix}{}", data.label());
    let encoded = O::encode(config, &data.examples, context).map_err(|e| Error::in_dataset(&label, e))?;
    match encoded.rows.is_empty() {
        true => Err(Error::Data(format!("{label}: {}", no_row_left(encoded.report, encoded.max_length)))),
        false => Ok((encoded.rows, encoded.report)),
    }
}

/// Why no row is left.
fn no_row_left(report: Option<EncodeReport>, max_length: Option<usize>) -> String {
    let Some(report) = report else { return "no row is left".to_owned() };
    if report.is_template_broken() {
        let (refusal, rows) = (report.template_refusal.unwrap_or_default(), report.rows);
        return format!(
            "the chat template refuses every row ({rows} of {rows}): {refusal}. Mend the template, or use conversations as it expects them"
        );
    }
    let limit = max_length.filter(|_| report.has_too_long_rows());
    let limit = limit.map(|limit| format!(" with max_length {limit}")).unwrap_or_default();
    format!("no row is left{limit}: {report}")
}

impl<E> Dataset<E> {
    /// The name of the rows in messages: their file, or their name.
    pub(super) fn label(&self) -> String {
        match self.files.as_slice() {
            [] => self.name.clone(),
            files => files.iter().map(align_base::printable_path).collect::<Vec<_>>().join(", "),
        }
    }
}
