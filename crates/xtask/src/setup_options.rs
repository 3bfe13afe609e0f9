//! The options of `cargo xtask setup`.

use crate::compute_platform::{ComputePlatform, RequestedPlatform};
use crate::failure::Failure;
use crate::suggestion::did_you_mean;
use crate::zip_source::ZipSource;
use std::ffi::OsString;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct SetupOptions {
    pub platform: RequestedPlatform,
    /// LibTorch's zip to use instead of the wheels.
    pub from: Option<ZipSource>,
}

impl SetupOptions {
    pub fn parse(arguments: &[OsString]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut rest = arguments.iter().map(|argument| argument.to_string_lossy());
        while let Some(argument) = rest.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (&*argument, None),
            };
            match (name, value) {
                ("--cpu", None) => options.set_platform(ComputePlatform::Cpu)?,
                ("--cuda", None) => options.set_platform(ComputePlatform::Cuda)?,
                ("--from", value) => {
                    let value = value.or_else(|| rest.next().map(|value| value.into_owned()));
                    let value = value.filter(|value| !value.is_empty()).ok_or_else(|| Failure::new(MISSING_SOURCE))?;
                    if options.from.replace(ZipSource::parse(&value)?).is_some() {
                        return Err(Failure::new("--from is given twice: give it once"));
                    }
                }
                _ => {
                    let suggestion = did_you_mean(name, &["--cpu", "--cuda", "--from", "--help"]);
                    return Err(Failure::new(format!("`cargo xtask setup` has no option {argument:?}{suggestion}"))
                        .remedy("`cargo xtask setup --help` lists the options."));
                }
            }
        }
        if options.from.is_some() && options.platform != RequestedPlatform::Auto {
            return Err(Failure::new(
                "--from cannot be combined with --cpu or --cuda: choose the zip of the platform that you want",
            ));
        }
        Ok(options)
    }

    fn set_platform(&mut self, platform: ComputePlatform) -> Result<(), Failure> {
        match self.platform {
            RequestedPlatform::Exactly(other) if other != platform => Err(Failure::new(
                "--cpu and --cuda contradict each other: give one, or neither to choose by the machine",
            )),
            _ => {
                self.platform = RequestedPlatform::Exactly(platform);
                Ok(())
            }
        }
    }
}

const MISSING_SOURCE: &str = "--from needs a file or an https address: `cargo xtask setup --from libtorch.zip`";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn parse(arguments: &[&str]) -> Result<SetupOptions, String> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        SetupOptions::parse(&arguments).map_err(|failure| failure.to_string())
    }

    #[test]
    fn every_option_is_parsed() {
        assert_eq!(parse(&[]).unwrap(), SetupOptions::default());
        assert_eq!(parse(&["--cuda"]).unwrap().platform, RequestedPlatform::Exactly(ComputePlatform::Cuda));
        assert_eq!(parse(&["--cpu", "--cpu"]).unwrap().platform, RequestedPlatform::Exactly(ComputePlatform::Cpu));
        let zip = Some(ZipSource::Url("https://host/libtorch.zip".into()));
        assert_eq!(parse(&["--from", "https://host/libtorch.zip"]).unwrap().from, zip);
        assert_eq!(parse(&["--from=https://host/libtorch.zip"]).unwrap().from, zip);
    }

    #[test]
    fn invalid_arguments_are_rejected() {
        for (arguments, words) in [
            (vec!["--cuda", "--cpu"], "contradict"),
            (vec!["--cuda", "--from", "https://host/x.zip"], "cannot be combined"),
            (vec!["--from"], "needs a file"),
            (vec!["--from="], "needs a file"),
            (vec!["--from", "https://h/x", "--from", "https://h/y"], "twice"),
            (vec!["--cude"], "did you mean `--cuda`?"),
            (vec!["--cuda=yes"], "has no option"),
            (vec!["now"], "has no option \"now\""),
        ] {
            let failure = parse(&arguments).unwrap_err();
            assert!(failure.contains(words), "{arguments:?}: {failure}");
        }
    }
}
