//! A small C++ program, compiled at run time, that shows whether there is a compiler and whether LibTorch loads.

use crate::failure::{Context, Failure};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = include_str!("probe.cpp");

/// The compiled program.
pub struct Probe {
    program: PathBuf,
}

/// The results of loading libraries.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LoadResults {
    pub glibc: Option<String>,
    /// The loader's message for each library that did not load.
    pub load_errors: Vec<String>,
    /// The number of GPUs that LibTorch sees, or why it sees none. None if the CUDA libraries were not loaded.
    pub gpus: Option<Result<usize, String>>,
}

impl Probe {
    /// Compiles the program in `folder`, in the same way as torch's bindings.
    pub fn compile(folder: &Path) -> Result<Self, Failure> {
        let (source, program) = (folder.join("probe.cpp"), folder.join("probe"));
        fs::write(&source, SOURCE).context(|| format!("cannot write {}", source.display()))?;
        let compiler = compiler();
        let mut arguments =
            compiler.to_string_lossy().split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter();
        let output = Command::new(arguments.next().unwrap_or_default())
            .args(arguments)
            .args(["-std=c++17", "-o"])
            .arg(&program)
            .arg(&source)
            .arg("-ldl")
            .output();
        let name = compiler.display();
        match output {
            Ok(output) if output.status.success() => Ok(Self { program }),
            Ok(output) => Err(Failure::new(format!(
                "the C++ compiler `{name}` cannot compile a C++17 program: {}",
                first_error(&String::from_utf8_lossy(&output.stderr))
            ))
            .remedy(INSTALL)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Failure::new(format!("there is no C++ compiler `{name}`, but LibTorch's bindings need one"))
                    .remedy(INSTALL))
            }
            Err(error) => Err(Failure::new(format!("cannot run the C++ compiler `{name}`: {error}")).remedy(INSTALL)),
        }
    }

    /// Loads the libraries one after another.
    pub fn load(&self, libraries: &[PathBuf]) -> Result<LoadResults, Failure> {
        let doing = || "cannot test whether LibTorch loads".to_owned();
        let output = Command::new(&self.program).args(libraries).output().context(doing)?;
        if !output.status.success() {
            return Err(Failure::new(format!("the program that loads LibTorch crashed ({})", output.status)));
        }
        Ok(parse(&String::from_utf8_lossy(&output.stdout)))
    }
}

/// The C++ compiler that the build scripts use.
pub fn compiler() -> OsString {
    env::var_os("CXX").filter(|name| !name.is_empty()).unwrap_or_else(|| "c++".into())
}

const INSTALL: &str = "Install GCC 9 or newer: `apt install g++` on Debian and Ubuntu, `dnf install gcc-c++` on Fedora; \
                       or select another compiler: CXX=clang++";

fn first_error(output: &str) -> &str {
    let line = output.lines().find(|line| line.contains("error")).or_else(|| output.lines().next());
    line.unwrap_or("it printed no error").trim()
}

fn parse(lines: &str) -> LoadResults {
    let mut results = LoadResults::default();
    for (keyword, rest) in lines.lines().filter_map(|line| line.split_once(' ')) {
        match keyword {
            "glibc" => results.glibc = Some(rest.to_owned()),
            "broken" => results.load_errors.push(rest.to_owned()),
            "gpus" => results.gpus = rest.parse().ok().map(Ok),
            "no_gpu" => results.gpus = Some(Err(rest.to_owned())),
            _ => {}
        }
    }
    results
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn libraries_that_do_not_load_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        let probe = Probe::compile(folder.path()).unwrap();
        let broken = folder.path().join("libbroken.so");
        fs::write(&broken, "no library").unwrap();
        let results = probe.load(&["libc.so.6".into(), broken, "/nowhere/libx.so".into()]).unwrap();
        assert!(results.glibc.is_some_and(|version| version.starts_with("2.")));
        assert_eq!(results.load_errors.len(), 2, "{:?}", results.load_errors);
        assert!(results.load_errors[0].contains("libbroken.so") && results.load_errors[1].contains("/nowhere/libx.so"));
        assert_eq!(results.gpus, None);
    }

    #[test]
    fn the_output_is_parsed() {
        let results = parse("glibc 2.36\nloaded /a b\nbroken libz.so.1: cannot open\ngpus 2\nodd\n");
        assert_eq!(results.glibc.as_deref(), Some("2.36"));
        assert_eq!(results.load_errors, ["libz.so.1: cannot open"]);
        assert_eq!(results.gpus, Some(Ok(2)));
        assert_eq!(parse("no_gpu Found no NVIDIA driver").gpus, Some(Err("Found no NVIDIA driver".into())));
    }

    #[test]
    fn the_compilers_first_error_is_shown() {
        assert_eq!(first_error("In file x:\nprobe.cpp:3: error: no such file\n"), "probe.cpp:3: error: no such file");
        assert_eq!(first_error(""), "it printed no error");
    }
}
