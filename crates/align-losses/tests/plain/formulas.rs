//! The papers' formulas as they stand there, of numbers. `h` are log-ratios `log π - log π_ref`.

pub fn sigma(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// DPO on a margin.
pub fn dpo(margin: f64, beta: f64) -> f64 {
    -sigma(beta * margin).ln()
}

/// DPO-Positive, eq. 3 of arXiv:2402.13228, its maximum on `log(π_ref / π)`.
pub fn dpop(chosen: f64, rejected: f64, beta: f64, lambda: f64) -> f64 {
    -sigma(beta * (chosen - rejected - lambda * f64::max(0.0, -chosen))).ln()
}

/// χPO, arXiv:2407.13399: rewards `φ(π / π_ref)` with `φ(z) = z + log z`.
pub fn chi_po(chosen: f64, rejected: f64, beta: f64) -> f64 {
    let phi = |z: f64| z + z.ln();
    -sigma(beta * (phi(chosen.exp()) - phi(rejected.exp()))).ln()
}

/// R-DPO, eq. 9 of arXiv:2403.19159.
pub fn r_dpo(margin: f64, tokens: (f64, f64), beta: f64, alpha: f64) -> f64 {
    -sigma(beta * margin + (alpha * tokens.0 - alpha * tokens.1)).ln()
}

/// Cal-DPO, eq. 10 of arXiv:2412.14516.
pub fn cal_dpo(chosen: f64, rejected: f64, beta: f64) -> f64 {
    let calibration = (chosen - 0.5 / beta).powi(2) + (rejected + 0.5 / beta).powi(2);
    -sigma(chosen - rejected).ln() + calibration
}

/// The functions of GPO's table 1, arXiv:2402.05749, of `x = β · margin`.
pub fn gpo_squared(x: f64) -> f64 {
    (x - 1.0).powi(2)
}

pub fn gpo_exponential(x: f64) -> f64 {
    (-x).exp()
}

pub fn gpo_truncated_quadratic(x: f64) -> f64 {
    f64::max(0.0, 1.0 - x).powi(2)
}

pub fn gpo_savage(x: f64) -> f64 {
    1.0 / (1.0 + x.exp()).powi(2)
}

/// AlphaPO's reward, arXiv:2501.03884, of a text whose probability is `exp(logp)`.
pub fn alpha_reward(logp: f64, tokens: f64, beta: f64, alpha: f64) -> f64 {
    beta * (1.0 - logp.exp().powf(-alpha / tokens)) / alpha
}

/// BCO's two terms, arXiv:2404.04656, of a reward.
pub fn bco(reward: f64, desirable: bool, delta: f64) -> f64 {
    if desirable { -sigma(reward - delta).ln() } else { -sigma(-(reward - delta)).ln() }
}

/// APO-zero's two terms, eq. 7 of arXiv:2408.06266.
pub fn apo_zero(log_ratio: f64, desirable: bool, beta: f64) -> f64 {
    if desirable { 1.0 - sigma(beta * log_ratio) } else { sigma(beta * log_ratio) }
}

/// `KL(p ‖ q)` of two distributions.
pub fn kl(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).map(|(p, q)| p * (p / q).ln()).sum()
}

/// TDPO₁ and TDPO₂, eqs. 15 and 17 of arXiv:2404.11999, of log-ratios and sequential divergences.
pub fn tdpo1(h: (f64, f64), d: (f64, f64), beta: f64) -> f64 {
    let (u, delta) = (beta * h.0 - beta * h.1, beta * d.1 - beta * d.0);
    -sigma(u - delta).ln()
}

pub fn tdpo2(h: (f64, f64), d: (f64, f64), beta: f64, alpha: f64) -> f64 {
    let (u, delta) = (beta * h.0 - beta * h.1, beta * d.1 - beta * d.0);
    -sigma(u - alpha * delta).ln()
}

/// WPO's aligned weight of a text, eq. 2 of arXiv:2406.11827, from each token's distribution.
pub fn wpo(tokens: &[(Vec<f64>, usize)]) -> f64 {
    let logs = tokens.iter().map(|(p, token)| (p[*token] / p.iter().map(|p| p * p).sum::<f64>()).ln());
    (logs.sum::<f64>() / tokens.len() as f64).exp()
}
