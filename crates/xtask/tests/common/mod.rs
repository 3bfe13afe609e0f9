//! A workspace in a temporary folder with its own PATH, which has the real compiler and fake versions of Python, curl and other tools.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use zip::CompressionMethod;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub const TORCH_LIBRARIES: [&str; 4] = ["libtorch_cpu.so", "libtorch.so", "libc10.so", "libgomp.so.1"];

const HEADERS: [&str; 3] = ["ATen/Context.h", "torch/csrc/autograd/engine.h", "torch/csrc/api/include/torch/torch.h"];

/// A fake pip that records each requested download.
const PIP: &str = r#"
case "$*" in
    *"pip --version"*) echo "pip 99.0 from /fake (python 3.99)"; exit 0 ;;
    *"pip download"*) ;;
    *) exit 0 ;;
esac
while [ $# -gt 0 ]; do
    case "$1" in
        --requirement) requirement=$(sed 's/==.*//' "$2") ;;
        --dest) dest=$2 ;;
    esac
    shift
done
echo "$requirement" >> "$HERE/downloads"
"#;

pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub fn new() -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["work/crates/xtask", "bin", "home", "tmp"] {
            fs::create_dir_all(sandbox.path(folder)).unwrap();
        }
        let path = std::env::var("PATH").unwrap();
        for tool in ["c++", "sync"] {
            sandbox.tool(tool, &format!("PATH='{path}' exec {tool} \"$@\""));
        }
        sandbox.tool("rustc", &format!("echo 'rustc {}.0 (fake)'", env!("CARGO_PKG_RUST_VERSION")));
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds a shell script to the PATH. Its variable HERE is the sandbox's folder.
    pub fn tool(&self, name: &str, script: &str) {
        let file = self.path("bin").join(name);
        let here = self.folder.path().display();
        fs::write(&file, format!("#!/bin/sh\nHERE='{here}'\nPATH=$PATH:/usr/bin:/bin\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn remove_tool(&self, tool: &str) {
        fs::remove_file(self.path("bin").join(tool)).unwrap();
    }

    /// Adds a Python whose pip records the download and then runs this script.
    pub fn pip(&self, script: &str) {
        self.tool("python3", &format!("{PIP}{script}"));
    }

    /// Adds a Python whose pip provides the wheels of a CPU-only LibTorch.
    pub fn working_pip(&self) {
        let library = self.library();
        let library = library.as_slice();
        let mut torch = torch_files("torch", 11, library);
        torch.push(("torch/__init__.py".into(), b"no".to_vec()));
        write_zip(&self.path("wheels/torch.whl"), &torch);
        for (name, entry) in [("runtime", "libcudart.so.13"), ("cupti", "libcupti.so.13")] {
            let entry = format!("nvidia/cu13/lib/{entry}");
            write_zip(&self.path(&format!("wheels/nvidia-cuda-{name}.whl")), &[(entry, library.to_vec())]);
        }
        self.pip(r#"cp "$HERE/wheels/$requirement.whl" "$dest""#);
    }

    /// The bytes of an empty library, which can be loaded.
    pub fn library(&self) -> Vec<u8> {
        let (source, file) = (self.path("tmp/empty.cpp"), self.path("tmp/empty.so"));
        fs::write(&source, "").unwrap();
        let compiled = Command::new("c++").args(["-shared", "-fPIC", "-o"]).arg(&file).arg(&source).status();
        assert!(compiled.unwrap().success());
        fs::read(file).unwrap()
    }

    /// Writes an unpacked torch with this minor version.
    pub fn torch(&self, name: &str, minor: u32) -> PathBuf {
        for (entry, bytes) in torch_files(name, minor, &self.library()) {
            let file = self.path(&entry);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
        self.path(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("CARGO_MANIFEST_DIR", self.path("work/crates/xtask"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Finished {
        Finished::from(self.command(arguments).output().unwrap())
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The packages that pip has downloaded, in order.
    pub fn downloads(&self) -> Vec<String> {
        let list = fs::read_to_string(self.path("downloads")).unwrap_or_default();
        list.lines().map(str::to_owned).collect()
    }

    pub fn wait_for(&self, name: &str) {
        let begin = Instant::now();
        while !self.path(name).exists() {
            assert!(begin.elapsed() < Duration::from_secs(60), "{name} did not appear");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asserts that `.libtorch` is complete and that no temporary files are left.
    pub fn assert_installed(&self) {
        let library = self.path("work/.libtorch/lib/libtorch_cpu.so");
        assert!(library.is_file() && self.path("work/.libtorch/align-setup.txt").is_file());
        self.assert_no_leftovers();
    }

    pub fn assert_not_installed(&self) {
        assert!(self.path("work/.libtorch").symlink_metadata().is_err(), ".libtorch exists");
        self.assert_no_leftovers();
    }

    pub fn assert_no_leftovers(&self) {
        let setup_folder = self.path("work/.libtorch-setup");
        let names = fs::read_dir(setup_folder).into_iter().flatten().map(|entry| entry.unwrap().file_name());
        let leftovers: Vec<_> = names.filter(|name| name != "lock").collect();
        assert!(leftovers.is_empty(), "{leftovers:?} are left");
    }
}

/// The output and exit code of a command.
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Finished {
    #[track_caller]
    pub fn assert_success(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that the command failed and that its message contains these parts.
    #[track_caller]
    pub fn assert_failure(self, message_parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        for part in message_parts {
            assert!(self.stderr.contains(part), "{part:?} is not in:\n{}", self.stderr);
        }
        self
    }
}

/// The files of a torch in a folder named `root`.
pub fn torch_files(root: &str, minor: u32, library: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = HEADERS.iter().map(|header| (format!("{root}/include/{header}"), Vec::new())).collect();
    let numbers =
        format!("#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR {minor}\n#define TORCH_VERSION_PATCH 0\n");
    files.push((format!("{root}/include/torch/headeronly/version.h"), numbers.into_bytes()));
    files.extend(TORCH_LIBRARIES.iter().map(|name| (format!("{root}/lib/{name}"), library.to_vec())));
    files
}

pub fn write_zip(file: &Path, entries: &[(String, Vec<u8>)]) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let mut writer = ZipWriter::new(fs::File::create(file).unwrap());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in entries {
        writer.start_file(name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
}
