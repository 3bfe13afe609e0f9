use align::prelude::*;

fn main() -> align::Result<()> {
    let pairs = PreferencePairs::read("pairs.jsonl")?;
    DpoRun::new("lvwerra/gpt2-imdb", pairs, DpoConfig { beta: 0.1, ..Default::default() })?
        .output_dir("runs/dpo")
        .train()?;
    Ok(())
}
