//! A small C++ program, compiled on the spot: whether there is a compiler, and whether LibTorch loads.

use crate::failure::{Context, Failure};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = include_str!("probe.cpp");

/// The compiled program, in a folder of the caller's.
pub struct Probe {
    program: PathBuf,
}

/// What it found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answers {
    pub glibc: Option<String>,
    /// What the loader said of each library that did not load.
    pub broken: Vec<String>,
    /// The GPUs that LibTorch sees, or why it sees none; asked only where its CUDA half was loaded.
    pub gpus: Option<Result<usize, String>>,
}

impl Probe {
    /// Compiles it as torch's bindings will be compiled.
    pub fn compile(folder: &Path) -> Result<Self, Failure> {
        let (source, program) = (folder.join("probe.cpp"), folder.join("probe"));
        fs::write(&source, SOURCE).context(|| format!("cannot write {}", source.display()))?;
        let compiler = compiler();
        let mut words =
            compiler.to_string_lossy().split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter();
        let output = Command::new(words.next().unwrap_or_default())
            .args(words)
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
                Err(Failure::new(format!("there is no C++ compiler `{name}`, and LibTorch's bindings need one"))
                    .remedy(INSTALL))
            }
            Err(error) => Err(Failure::new(format!("cannot run the C++ compiler `{name}`: {error}")).remedy(INSTALL)),
        }
    }

    /// Loads the libraries one after the other.
    pub fn load(&self, libraries: &[PathBuf]) -> Result<Answers, Failure> {
        let doing = || "cannot try to load LibTorch".to_owned();
        let output = Command::new(&self.program).args(libraries).output().context(doing)?;
        if !output.status.success() {
            return Err(Failure::new(format!("loading LibTorch ended the program that tried it ({})", output.status)));
        }
        Ok(read(&String::from_utf8_lossy(&output.stdout)))
    }
}

/// The one that the build scripts will take.
pub fn compiler() -> OsString {
    env::var_os("CXX").filter(|name| !name.is_empty()).unwrap_or_else(|| "c++".into())
}

const INSTALL: &str = "Install GCC 9 or newer: `apt install g++` on Debian and Ubuntu, `dnf install gcc-c++` on Fedora; \
                       or name another compiler: CXX=clang++";

fn first_error(said: &str) -> &str {
    let line = said.lines().find(|line| line.contains("error")).or_else(|| said.lines().next());
    line.unwrap_or("it does not say why").trim()
}

fn read(lines: &str) -> Answers {
    let mut answers = Answers::default();
    for (word, rest) in lines.lines().filter_map(|line| line.split_once(' ')) {
        match word {
            "glibc" => answers.glibc = Some(rest.to_owned()),
            "broken" => answers.broken.push(rest.to_owned()),
            "gpus" => answers.gpus = rest.parse().ok().map(Ok),
            "no_gpu" => answers.gpus = Some(Err(rest.to_owned())),
            _ => {}
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn it_tells_what_loads_from_what_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let probe = Probe::compile(folder.path()).unwrap();
        let broken = folder.path().join("libbroken.so");
        fs::write(&broken, "no library").unwrap();
        let answers = probe.load(&["libc.so.6".into(), broken, "/nowhere/libx.so".into()]).unwrap();
        assert!(answers.glibc.is_some_and(|version| version.starts_with("2.")));
        assert_eq!(answers.broken.len(), 2, "{:?}", answers.broken);
        assert!(answers.broken[0].contains("libbroken.so") && answers.broken[1].contains("/nowhere/libx.so"));
        assert_eq!(answers.gpus, None);
    }

    #[test]
    fn its_lines_are_read() {
        let answers = read("glibc 2.36\nloaded /a b\nbroken libz.so.1: cannot open\ngpus 2\nodd\n");
        assert_eq!(answers.glibc.as_deref(), Some("2.36"));
        assert_eq!(answers.broken, ["libz.so.1: cannot open"]);
        assert_eq!(answers.gpus, Some(Ok(2)));
        assert_eq!(read("no_gpu Found no NVIDIA driver").gpus, Some(Err("Found no NVIDIA driver".into())));
    }

    #[test]
    fn of_the_compilers_words_the_error_is_passed_on() {
        assert_eq!(first_error("In file x:\nprobe.cpp:3: error: no such file\n"), "probe.cpp:3: error: no such file");
        assert_eq!(first_error(""), "it does not say why");
    }
}
