"""Compares align with TRL and transformers on one GPU, in bfloat16, and prints one table.

    python3 align-gpu/benches/gpu/compare.py [--minutes 9] [--only NAME] [--device cuda]

It runs in the folder that prepare.py packed, or in a clone with --programs and --models, and needs a Python with torch 2.11 for CUDA,
but no network. First it installs the packages into the folder `site` beside the programs, makes models with random weights and checks in
less than a minute that align finds the GPU and computes what it computes on the CPU. Then the two sides run alternately, each in a
process of its own: all cases once, and again while the time lasts. A case that fails or takes too long becomes a row that says so.

A rate is the median over the runs; a ratio is computed for each pair of runs. "Share" is the time that the least arithmetic of a case
would take at the card's bfloat16 rate, measured first, divided by the time taken. Memory is the largest amount of the card's memory that
was in use while the process ran, beyond that before it. align's weights are bfloat16 with float32 copies in the optimiser. TRL's are
float32 with products in bfloat16 (`bf16=True`), or bfloat16 where the case says so.
"""

import argparse
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BENCHES = pathlib.Path(__file__).resolve().parents[1]
ROOT = BENCHES.parent
sys.path.insert(0, str(BENCHES))

from comparison import gflop_of_dpo_step, macs_of_model, spread, write_lines  # noqa: E402

ANSWERS, NEW_TOKENS, TEXTS = 64, 128, 512
NO_TIME_LEFT = "no time left"


class Case:
    """One row of the table: two commands that do the same work."""

    def __init__(self, name, unit, align, peer, rate, gflop):
        self.name, self.unit, self.align, self.peer = name, unit, align, peer
        # `rate` takes a result to units per second, and `gflop` a result of align to GFLOP per unit.
        self.rate, self.gflop = rate, gflop
        self.results, self.problems = [], []


def install_packages():
    """Installs the wheels beside the programs, without their dependencies: torch and its packages are those of this machine."""
    site, wheels = ROOT / "site", sorted((ROOT / "wheels").glob("*.whl"))
    if wheels and not site.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile", "--no-cache-dir"]
        subprocess.run([*command, "--target", str(site), *map(str, wheels)], check=True)
    return site


def environment(site):
    """The variables of every process. LibTorch's libraries are those of this Python's torch."""
    import torch

    variables = dict(os.environ, HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="true", PYTHONWARNINGS="ignore")
    paths = lambda name, path: os.pathsep.join(filter(None, [str(path), os.environ.get(name)]))
    variables["LD_LIBRARY_PATH"] = paths("LD_LIBRARY_PATH", pathlib.Path(torch.__file__).parent / "lib")
    variables["PYTHONPATH"] = paths("PYTHONPATH", site)
    return variables


def add_weights(folder):
    """Gives a model's folder random weights in bfloat16 if it has none."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    if not any(folder.glob("*.safetensors")):
        torch.manual_seed(0)
        config = AutoConfig.from_pretrained(folder)
        AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained(folder)


def write_data(folder):
    """Writes pairs, conversations and texts of random words."""
    words = "the film was a very good story and it had some bad acting but I liked its music more than people said".split()
    draw = random.Random(0)
    text = lambda low, high: " ".join(draw.choices(words, k=draw.randint(low, high)))
    say = lambda role, content: [{"role": role, "content": content}]
    pairs = [(text(16, 48), text(80, 160), text(80, 160)) for _ in range(64 * 7)]
    write_lines(folder / "plain.jsonl", [dict(prompt=a + " ", chosen=b, rejected=c) for a, b, c in pairs])
    chat = [dict(prompt=say("user", a), chosen=say("assistant", b), rejected=say("assistant", c)) for a, b, c in pairs]
    write_lines(folder / "chat.jsonl", chat)
    write_lines(folder / "messages.jsonl", [{"messages": row["prompt"]} for row in chat[:ANSWERS]])
    rows = [text(80, 240) for _ in range(TEXTS)]
    (folder / "texts.csv").write_text("text\n" + "\n".join(rows) + "\n")


class Runner:
    """Runs commands with a time limit, and watches the card's memory meanwhile."""

    def __init__(self, variables, is_cuda, deadline):
        self.variables, self.is_cuda, self.deadline = variables, is_cuda, deadline

    def used_bytes(self):
        import torch

        free, total = torch.cuda.mem_get_info() if self.is_cuda else (0, 0)
        return total - free

    def run(self, command, limit):
        """The last line of a command's output as JSON, with `card_gb`. Raises RuntimeError with the reason if it fails."""
        output, card_gb = self.output_of(command, limit)
        return json.loads(output.strip().splitlines()[-1]) | {"card_gb": card_gb}

    def output_of(self, command, limit):
        """What a command prints, and the card's memory that it used. Raises RuntimeError with the reason if it fails."""
        left = self.deadline - time.monotonic()
        if left < 5:
            raise RuntimeError(NO_TIME_LEFT)
        before, peak, is_done = self.used_bytes(), 0, threading.Event()

        def watch():
            nonlocal peak
            while not is_done.wait(0.02):
                peak = max(peak, self.used_bytes())

        process = subprocess.Popen(
            list(map(str, command)), env=self.variables, text=True, start_new_session=True, cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            output, errors = process.communicate(timeout=min(limit, left))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise RuntimeError(f"not finished after {limit:.0f} s" if limit < left else NO_TIME_LEFT) from None
        finally:
            is_done.set()
            watcher.join()
        if process.returncode != 0:
            reasons = [line.strip() for line in errors.splitlines() if line.strip()]
            print(f"{' '.join(map(str, command))}\n" + "\n".join(reasons[-15:]), file=sys.stderr, flush=True)
            panics = [after for line, after in zip(reasons, reasons[1:]) if "panicked at" in line]
            raise RuntimeError((panics or reasons or [f"exit status {process.returncode}"])[-1][:200])
        return output, max(0, peak - before) / 1e9


def check_gpu(args, runner, folder):
    """Prints what this machine is, and compares log-probabilities of the GPU with those of the CPU."""
    import torch
    import transformers

    card = torch.cuda.get_device_name() if args.is_cuda else "none used"
    driver = subprocess.run(
        ["nvidia-smi", "--query-gpu=driver_version,memory.total", "--format=csv,noheader"], capture_output=True, text=True
    ).stdout.strip() if args.is_cuda else ""  # fmt: skip
    print(f"GPU: {card} {driver}; torch {torch.__version__}, transformers {transformers.__version__}, Python {sys.version.split()[0]}")
    version = subprocess.run([args.programs / "align", "--version"], env=runner.variables, capture_output=True, text=True)
    print(f"program: {version.stdout.strip() or version.stderr.strip()}")
    rows = (folder / "plain.jsonl").read_text().splitlines(keepends=True)[:4]
    (folder / "check.jsonl").write_text("".join(rows))
    command = [args.programs / "align", "logps", "--model", args.models / "gpt2", "--input", folder / "check.jsonl"]
    logps = {}
    for device in ("cpu", args.device):
        output = folder / f"logps-{device}.jsonl"
        runner.output_of([*command, "--device", device, "--output", output, "--overwrite"], 60)
        logps[device] = [json.loads(line)["chosen_logps"] for line in output.read_text().splitlines()]
    difference = max(abs(a - b) / abs(b) for a, b in zip(logps[args.device], logps["cpu"]))
    print(f"align on {args.device}: log-probabilities differ from those on the CPU by at most {difference:.1e}", flush=True)
    if not difference < 1e-3:
        sys.exit("expected a difference below 1e-3")


def matmul_gflops(device):
    """The bfloat16 rate of a large matrix product."""
    import torch

    size = 8192 if device != "cpu" else 512
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    synchronize = torch.cuda.synchronize if device != "cpu" else lambda: None
    for _ in range(3):
        a @ b
    synchronize()
    begin = time.perf_counter()
    for _ in range(10):
        a @ b
    synchronize()
    return 10 * 2 * size**3 / 1e9 / (time.perf_counter() - begin)


def dpo_case(args, folder, model, data, batch, peer_name, peer_options):
    directory = args.models / model
    steps = args.steps or (20 if batch == 8 else 6)
    shared = ["--model", directory, "--pairs", folder / data, "--batch", batch, "--steps", steps, "--max-length", 1024]
    shared += ["--live-reference", "--dtype", "bfloat16", "--device", args.device]
    align = [args.programs / "dpo_step", "--bench", *shared, "--micro-batch-tokens", args.micro_batch_tokens]
    peer = [sys.executable, BENCHES / "trl_dpo.py", *shared, *peer_options]
    rate = lambda result: batch / statistics.median(result["step_s"])
    gflop = lambda result: gflop_of_dpo_step(directory, result["first_batch_ids"], False, True) / batch
    return Case(f"{model}: DPO, {batch} pairs in a step, {peer_name}", "pairs/s", align, peer, rate, gflop)


def generation_case(args, folder, model, messages):
    directory = args.models / model
    shared = ["--model", directory, "--batch", ANSWERS, "--new-tokens", args.new_tokens, "--sampling"]
    shared += ["--dtype", "bfloat16", "--device", args.device, *(["--messages", folder / messages] if messages else [])]
    align = [args.programs / "texts", "--bench", *shared]
    peer = [sys.executable, BENCHES / "transformers_texts.py", *shared]
    blocks, head, _ = macs_of_model(directory)
    rate = lambda result: args.new_tokens / statistics.median(result["s_per_text"])
    prompts = "conversations of different lengths" if messages else "equal prompts"
    name = f"{model}: sampling of {ANSWERS} answers of {args.new_tokens} tokens, {prompts}, transformers"
    return Case(name, "tokens/s", align, peer, rate, lambda _: 2 * (blocks + head) / 1e9)


def scoring_case(args, folder, model):
    directory = args.models / model
    shared = ["--model", directory, "--logps", folder / "texts.csv", "--batch", 64, "--dtype", "bfloat16", "--device", args.device]
    align = [args.programs / "texts", "--bench", *shared]
    peer = [sys.executable, BENCHES / "transformers_texts.py", *shared]
    blocks, head, _ = macs_of_model(directory)
    rate = lambda result: result["tokens"] / TEXTS / statistics.median(result["s_per_text"])
    gflop = lambda _: 2 * (blocks + head) / 1e9
    return Case(f"{model}: log-probabilities of {TEXTS} texts, transformers", "tokens/s", align, peer, rate, gflop)


def cases(args, folder):
    """All cases; the most important ones come first, since the last ones may find no time."""
    models = {"gpt2": ("plain.jsonl", None), "smollm2": ("chat.jsonl", "messages.jsonl")}
    trl = ("TRL", ["--autocast"])
    for batch in (8, 64):
        yield from (dpo_case(args, folder, model, pairs, batch, *trl) for model, (pairs, _) in models.items())
    yield from (generation_case(args, folder, model, messages) for model, (_, messages) in models.items())
    yield from (scoring_case(args, folder, model) for model in models)
    yield from (dpo_case(args, folder, model, pairs, 8, "TRL with bfloat16 weights", []) for model, (pairs, _) in models.items())


def run_case(case, runner, limit):
    """Runs both sides of a case once."""
    results = {}
    for side, command in (("peer", case.peer), ("align", case.align)):
        try:
            results[side] = runner.run(command, limit)
        except RuntimeError as reason:
            # The end of the time is a problem only of a case without results.
            if str(reason) != NO_TIME_LEFT or not case.results:
                case.problems.append(f"{side}: {reason}")
    case.results.append(results)


def row(case, gflops):
    """The table's row of a case."""
    of = lambda side: [result[side] for result in case.results if side in result]
    rates = {side: statistics.median(map(case.rate, of(side))) if of(side) else None for side in ("peer", "align")}
    gflop = case.gflop(of("align")[0]) if of("align") else None
    number = lambda value, form: format(value, form) if value is not None else ""
    share = lambda side: number(gflop * rates[side] / gflops if gflop and rates[side] else None, ".1%")
    memory = lambda side: number(max((result["card_gb"] for result in of(side)), default=None), ".1f")
    ratios = [case.rate(r["align"]) / case.rate(r["peer"]) for r in case.results if len(r) == 2]
    cells = [case.name, case.unit, number(rates["peer"], ",.1f"), number(rates["align"], ",.1f"), spread(ratios) if ratios else ""]
    cells += [share("peer"), share("align"), memory("peer"), memory("align"), str(len(ratios)), "; ".join(dict.fromkeys(case.problems))]
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def print_table(all_cases, gflops):
    print("| case | unit | theirs | align | ratio | their share | align's share | their GB | align's GB | pairs of runs | problems |")
    print("| --- | --- |" + " ---: |" * 8 + " --- |")
    for case in all_cases:
        print(row(case, gflops))
    print(f"\nbfloat16 products on this card: {gflops / 1e3:.0f} TFLOP/s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=9, help="time for everything")
    parser.add_argument("--case-seconds", type=float, default=100, help="time limit of one side of a case")
    parser.add_argument("--only", action="append", help="run only the cases whose name contains this")
    parser.add_argument("--check-only", action="store_true", help="stop after the check that align finds the GPU")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--programs", type=os.path.abspath, default=ROOT / "programs")
    parser.add_argument("--models", type=os.path.abspath, default=ROOT / "models", help="folder with the folders gpt2 and smollm2")
    parser.add_argument("--steps", type=int, help="timed steps of a DPO case [default: 20 of 8 pairs, 6 of 64]")
    parser.add_argument("--new-tokens", type=int, default=NEW_TOKENS)
    parser.add_argument("--micro-batch-tokens", type=int, default=32768, help="align's limit for tokens in one forward pass")
    args = parser.parse_args()
    deadline = time.monotonic() + 60 * args.minutes
    args.is_cuda, args.programs, args.models = args.device != "cpu", pathlib.Path(args.programs), pathlib.Path(args.models)
    site = install_packages()
    sys.path.insert(0, str(site))
    runner = Runner(environment(site), args.is_cuda, deadline)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        write_data(folder)
        for model in ("gpt2", "smollm2"):
            add_weights(args.models / model)
        check_gpu(args, runner, folder)
        if args.check_only:
            return
        gflops = matmul_gflops(args.device)
        selected = [case for case in cases(args, folder) if not args.only or any(part in case.name for part in args.only)]
        has_time = lambda: time.monotonic() < deadline - 30
        for case in selected:
            run_case(case, runner, args.case_seconds)
        # Printed before the further rounds, in case this process is stopped.
        print_table(selected, gflops)
        # A case that has failed is not tried again.
        repeated = [case for case in selected if not case.problems]
        if not repeated or not has_time():
            return
        while repeated and has_time():
            for case in filter(lambda _: has_time(), repeated):
                run_case(case, runner, args.case_seconds)
            repeated = [case for case in repeated if not case.problems]
        print_table(selected, gflops)


if __name__ == "__main__":
    main()
