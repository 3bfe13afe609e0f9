//! The examples at the end of each command's help. A test parses them.

/// The examples of each command.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "dpo",
        &[
            "align dpo --train-file pairs.jsonl --output-dir runs/dpo",
            "align dpo --train-file pairs.jsonl --loss-type hinge --beta 0.3 --use-peft --output-dir runs/hinge",
        ],
    ),
    (
        "online-dpo",
        &[
            "align online-dpo --rounds 5 --output-dir runs/online",
            "align online-dpo --prompts prompts.txt --judge film=runs/sentiment/model --max-kl 10 --output-dir runs/online",
        ],
    ),
    ("grpo", &["align grpo --reward-funcs max-words:20 --reward-funcs regex:film --output-dir runs/grpo"]),
    ("rloo", &["align rloo --judge film=runs/sentiment/model --num-generations 8 --output-dir runs/rloo"]),
    ("cpo", &["align cpo --train-file pairs.jsonl --loss-type simpo --beta 2 --output-dir runs/simpo"]),
    ("kto", &["align kto --train-file likes.jsonl --output-dir runs/kto"]),
    (
        "sft",
        &[
            "align sft --train-file texts.jsonl --max-length 128 --output-dir runs/sft",
            "align sft --train-file texts.jsonl --model-config config.json --vocab-size 8192 --output-dir runs/new",
        ],
    ),
    (
        "reward",
        &[
            "align reward --train-file pairs.jsonl --output-dir runs/reward",
            "align reward --train-file pairs.jsonl --center-rewards-coefficient 0.01 --use-peft --output-dir runs/reward",
        ],
    ),
    ("train-classifier", &["align train-classifier --train-file labelled.csv --output-dir runs/classifier"]),
    (
        "generate",
        &[
            "align generate --prompt \"This movie\" --do-sample --top-p 0.9 --stream",
            "align generate --do-sample --texts-per-prompt 10 --max-new-tokens 40 --output generated.csv",
        ],
    ),
    ("chat", &["align chat --model HuggingFaceTB/SmolLM2-135M-Instruct"]),
    (
        "classify",
        &[
            "align classify --input generated.csv --output scored.csv",
            "align classify --input generated.csv --judge a=runs/a/model --judge b=runs/b/model --output scored.csv",
            "align classify --pairs --model runs/reward/model --input held-out.jsonl --output scored.jsonl",
        ],
    ),
    (
        "pair",
        &[
            "align pair --input scored.csv --strategy best-worst --output pairs.jsonl",
            "align pair --aggregate schulze --judges a,b,c --input judged.csv --output pairs.jsonl",
            "align pair --likes --input answers.csv --output pairs.jsonl",
        ],
    ),
    ("logps", &["align logps --input pairs.jsonl --output logps.jsonl"]),
    ("evaluate", &["align evaluate --input scored.csv", "align evaluate --input before.csv after.csv"]),
    (
        "audit",
        &[
            "align audit pairs.jsonl --eval-file held-out.jsonl --report audit.html",
            "align audit pairs.jsonl --eval-file held-out.jsonl --fail-on leakage,duplicates=1%",
        ],
    ),
    (
        "judges",
        &[
            "align judges --input judged.csv --judges a,b,c --report judges.html",
            "align judges --input judged.csv --judges a,b --judge-weights 2,1 --rules borda,leximin:quantile",
        ],
    ),
    (
        "compare",
        &[
            "align compare runs/sft/model runs/dpo/model --input texts.csv",
            "align compare gpt2/ runs/a/model runs/b/model --texts-per-prompt 8 --output-dir distances",
        ],
    ),
    ("frontier", &["align frontier --quick --output-dir runs/frontier"]),
    ("notebook", &["align notebook --loss hinge --report report.html"]),
    (
        "convert",
        &[
            "align convert --model runs/dpo/model --dtype bfloat16 --output-dir runs/bfloat16",
            "align convert --model runs/dpo/model --dtype q8_0 --output model.gguf",
        ],
    ),
    ("soup", &["align soup --model runs/a/model=0.7 --model runs/b/model=0.3 --output-dir runs/soup"]),
    ("merge-adapter", &["align merge-adapter --adapter runs/lora/model --output-dir runs/merged"]),
    ("push-to-hub", &["align push-to-hub --model runs/dpo/model --hub-model-id user/name"]),
    ("losses", &["align losses", "align losses simpo"]),
    ("metrics", &["align metrics"]),
    ("completions", &["align completions bash"]),
    ("man", &["align man --output-dir man"]),
];

/// The examples of a command.
pub fn of(command: &str) -> &'static [&'static str] {
    EXAMPLES.iter().find(|(name, _)| *name == command).map_or(&[], |(_, examples)| *examples)
}
