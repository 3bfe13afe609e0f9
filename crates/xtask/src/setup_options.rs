//! What `cargo xtask setup` is told on the command line.

use crate::failure::Failure;
use crate::parts::{Parts, WantedParts};
use crate::suggestion::did_you_mean;
use crate::zip_source::ZipSource;
use std::ffi::OsString;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct SetupOptions {
    pub parts: WantedParts,
    /// LibTorch's zip to take instead of the wheels.
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
                ("--cpu", None) => options.set_parts(Parts::Cpu)?,
                ("--cuda", None) => options.set_parts(Parts::Cuda)?,
                ("--from", value) => {
                    let value = value.or_else(|| rest.next().map(|value| value.into_owned()));
                    let value = value.filter(|value| !value.is_empty()).ok_or_else(|| Failure::new(NO_SOURCE))?;
                    if options.from.replace(ZipSource::parse(&value)?).is_some() {
                        return Err(Failure::new("--from is given twice, and one zip is enough"));
                    }
                }
                _ => {
                    let suggestion = did_you_mean(name, &["--cpu", "--cuda", "--from", "--help"]);
                    return Err(Failure::new(format!("`cargo xtask setup` has no option {argument:?}{suggestion}"))
                        .remedy("`cargo xtask setup --help` lists them."));
                }
            }
        }
        if options.from.is_some() && options.parts != WantedParts::Auto {
            return Err(Failure::new(
                "--from takes what the zip holds, so --cpu and --cuda do not go with it: name the zip that you want",
            ));
        }
        Ok(options)
    }

    fn set_parts(&mut self, parts: Parts) -> Result<(), Failure> {
        match self.parts {
            WantedParts::Exactly(other) if other != parts => {
                Err(Failure::new("--cpu and --cuda contradict each other: give one, or none to let the machine decide"))
            }
            _ => {
                self.parts = WantedParts::Exactly(parts);
                Ok(())
            }
        }
    }
}

const NO_SOURCE: &str = "--from needs a file or an https address: `cargo xtask setup --from libtorch.zip`";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn parse(arguments: &[&str]) -> Result<SetupOptions, String> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        SetupOptions::parse(&arguments).map_err(|failure| failure.to_string())
    }

    #[test]
    fn each_option_is_read() {
        assert_eq!(parse(&[]).unwrap(), SetupOptions::default());
        assert_eq!(parse(&["--cuda"]).unwrap().parts, WantedParts::Exactly(Parts::Cuda));
        assert_eq!(parse(&["--cpu", "--cpu"]).unwrap().parts, WantedParts::Exactly(Parts::Cpu));
        let zip = Some(ZipSource::Url("https://host/libtorch.zip".into()));
        assert_eq!(parse(&["--from", "https://host/libtorch.zip"]).unwrap().from, zip);
        assert_eq!(parse(&["--from=https://host/libtorch.zip"]).unwrap().from, zip);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (arguments, words) in [
            (vec!["--cuda", "--cpu"], "contradict"),
            (vec!["--cuda", "--from", "https://host/x.zip"], "do not go with it"),
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
