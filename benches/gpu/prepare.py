"""Collects what the comparison on a GPU needs, for a machine without a network: programs, Python packages and models without weights.

    python benches/gpu/prepare.py OUTPUT_DIR --gpt2 DIR --smollm2 DIR [--python-version 3.12] [--installed FILE]

Run it on a machine with a network and the Rust toolchain, with a Python that has transformers, trl and datasets: the packages that they
need are collected in the versions that are installed here, except torch and its own packages. --gpt2 and --smollm2 are folders with
config.json and the files of the tokeniser. Weights are left behind unless --weights is given: speed does not depend on their values, and
the other machine makes random ones. --python-version is that of the other machine, and --installed a list of the packages that it
has (as printed by `pip freeze`), which are not collected.

The result is one archive, align-gpu.tar.xz, cut into parts of at most --max-mib. On the other machine, which needs one NVIDIA GPU and a
Python with torch 2.11 for CUDA:

    cat align-gpu.tar.xz.* | tar -xJ
    python3 align-gpu/benches/gpu/compare.py
"""

import argparse
import importlib.metadata
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

BENCHES = pathlib.Path(__file__).resolve().parents[1]
ROOT = BENCHES.parent
SCRIPTS = ["comparison.py", "trl_dpo.py", "transformers_texts.py", "gpu/compare.py"]
PACKAGES = ["trl", "transformers", "datasets", "accelerate", "safetensors"]
# pip compares these tags for equality, so all that a package may have are listed.
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in (17, 24, 26, 27, 28, 31, 34, 35)] + ["manylinux2014_x86_64"]


def normal_name(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(names):
    """The packages that these need, with themselves, by name and version, as they are installed here."""
    from packaging.requirements import Requirement

    found, queue = {}, list(names)
    while queue:
        name = normal_name(queue.pop())
        if name in found:
            continue
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            sys.exit(f"the package {name} is not installed here: install trl, transformers and datasets first")
        found[name] = package.version
        needed = [Requirement(text) for text in package.requires or []]
        # An extra's packages are skipped. Markers that name no extra hold here or do not; the other machine is Linux too.
        queue += [r.name for r in needed if not r.marker or r.marker.evaluate({"extra": ""})]
    return found


def collect_packages(folder, python_version, installed):
    packages = closure(PACKAGES)
    left_out = closure(["torch"]).keys() | installed
    wanted = [f"{name}=={version}" for name, version in sorted(packages.items()) if name not in left_out]
    folder.mkdir()
    platforms = [part for platform in PLATFORMS for part in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    command += ["--python-version", python_version, "--implementation", "cp", *platforms, *wanted]
    if wanted and subprocess.run(command).returncode != 0:
        sys.exit("pip cannot download the packages")
    return wanted


def build(folder, profile):
    """Builds the program and the benchmarks, without debugging symbols."""
    sys.path.insert(0, str(BENCHES))
    from comparison import build_bench

    cargo_profile = "release" if profile == "bench" else profile
    subprocess.run(["cargo", "build", "--package", "align-cli", "--profile", cargo_profile], cwd=ROOT, check=True)
    program = ROOT / "target" / ("debug" if profile == "dev" else cargo_profile) / "align"
    programs = {"align": program} | {bench: build_bench(bench, profile) for bench in ("dpo_step", "texts")}
    folder.mkdir()
    for name, path in programs.items():
        subprocess.run(["strip", "-o", folder / name, path], check=True)


def copy_model(source, target, with_weights):
    """Copies a model's folder, by default without its weights."""
    source, is_weights = pathlib.Path(source), re.compile(r".*\.(safetensors|bin|gguf|pt|h5|index\.json)$")
    files = [file for file in source.iterdir() if file.is_file() and (with_weights or not is_weights.match(file.name))]
    names = {file.name for file in files}
    if not {"config.json", "tokenizer.json"} <= names:
        sys.exit(f"{source}: expected a folder with config.json and tokenizer.json, found {', '.join(sorted(names)) or 'no files'}")
    target.mkdir(parents=True)
    for file in files:
        shutil.copy(file, target / file.name)


def write_parts(folder, output, max_bytes):
    """Writes the folder as an archive in parts. Returns their paths."""
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob("align-gpu.tar.xz.*"):
        old.unlink()
    with tempfile.TemporaryFile(dir=output) as archive:
        with tarfile.open(fileobj=archive, mode="w:xz", preset=6) as tar:
            tar.add(folder, arcname="align-gpu")
        archive.seek(0)
        paths = []
        while part := archive.read(max_bytes):
            paths.append(output / f"align-gpu.tar.xz.{len(paths):02}")
            paths[-1].write_bytes(part)
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--gpt2", required=True)
    parser.add_argument("--smollm2", required=True)
    parser.add_argument("--weights", action="store_true", help="copy the models' weights too")
    parser.add_argument("--python-version", default="3.12", help="that of the other machine")
    parser.add_argument("--installed", help="file with the names of packages that the other machine has, one on a line")
    parser.add_argument("--max-mib", type=int, default=60, help="size of a part")
    parser.add_argument("--profile", default="bench", help="cargo's profile of the programs")
    parser.add_argument("--programs", help="folder with align, dpo_step and texts, instead of building them")
    args = parser.parse_args()
    lines = pathlib.Path(args.installed).read_text().split() if args.installed else []
    installed = {normal_name(re.split(r"[=@<>~!]", line)[0]) for line in lines}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "align-gpu"
        for name in SCRIPTS:
            (folder / "benches" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(BENCHES / name, folder / "benches" / name)
        copy_model(args.gpt2, folder / "models/gpt2", args.weights)
        copy_model(args.smollm2, folder / "models/smollm2", args.weights)
        packages = collect_packages(folder / "wheels", args.python_version, installed)
        if args.programs:
            shutil.copytree(args.programs, folder / "programs")
        else:
            build(folder / "programs", args.profile)
        parts = write_parts(folder, args.output, args.max_mib * 2**20)
    print(f"{len(packages)} packages: {' '.join(packages)}")
    for part in parts:
        print(f"{part}  {part.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
