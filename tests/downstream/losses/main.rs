use align_losses::{DpoLoss, DpoOptions, Pair, PairLogps, PairLoss};
use tch::{Kind, Tensor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Summed log-probabilities of two pairs, shape (pairs,).
    let policy = Pair {
        chosen: Tensor::from_slice(&[-12.0_f32, -20.0]).set_requires_grad(true),
        rejected: Tensor::from_slice(&[-15.0_f32, -18.0]),
    };
    let reference = Pair {
        chosen: Tensor::from_slice(&[-13.0_f32, -20.0]),
        rejected: Tensor::from_slice(&[-14.0_f32, -18.0]),
    };
    let dpo = DpoLoss::new(DpoOptions { beta: 0.1, ..DpoOptions::default() })?;
    let result = dpo.evaluate(&PairLogps::new(&policy, &reference)?)?;
    let loss = result.losses.mean(Kind::Float);
    loss.backward();

    println!("loss {:.6}", loss.double_value(&[]));
    println!("gradient {:.6}", policy.chosen.grad().double_value(&[0]));
    Ok(())
}
