use super::TOLERANCE;
use super::common::{Drawn, assert_near, tensors, values};
use super::formulas;
use align_losses::{
    DpoLoss, DpoOptions, FDivergence, LossType, PairLoss, cal_dpo, dpop, exponential, length_regularised, savage,
    sigmoid, squared, truncated_quadratic,
};
use tch::Tensor;

const BETAS: [f64; 3] = [0.05, 0.4, 2.0];

/// The same by name, as configurations have it.
fn by_name(drawn: &Drawn, options: DpoOptions) -> Vec<f64> {
    values(&DpoLoss::new(options).unwrap().evaluate(&drawn.logps()).unwrap().losses)
}

fn named(loss_type: LossType, beta: f64) -> DpoOptions {
    DpoOptions { loss_type, beta, ..DpoOptions::default() }
}

#[test]
fn the_links_of_gpo() {
    type Plain = fn(f64) -> f64;
    type SurrogateLoss = fn(&Tensor, f64) -> align_losses::Result<Tensor>;
    let surrogates: [(LossType, SurrogateLoss, Plain); 4] = [
        (LossType::Squared, squared, formulas::gpo_squared),
        (LossType::Exponential, exponential, formulas::gpo_exponential),
        (LossType::TruncatedQuadratic, truncated_quadratic, formulas::gpo_truncated_quadratic),
        (LossType::Savage, savage, formulas::gpo_savage),
    ];
    for drawn in Drawn::several("gpo") {
        for ((loss_type, surrogate, plain), beta) in
            surrogates.into_iter().flat_map(|surrogate| BETAS.map(|beta| (surrogate, beta)))
        {
            let expected: Vec<f64> = drawn.margins().into_iter().map(|margin| plain(beta * margin)).collect();
            let found = surrogate(&Tensor::from_slice(&drawn.margins()), beta).unwrap();
            assert_near(loss_type.name(), &values(&found), &expected, TOLERANCE);
            assert_near(loss_type.name(), &by_name(&drawn, named(loss_type, beta)), &expected, TOLERANCE);
        }
    }
}

#[test]
fn chi_squared_po() {
    for (drawn, beta) in Drawn::several("chi").flat_map(|drawn| BETAS.map(|beta| (drawn.clone(), beta))) {
        let expected = drawn.of_ratios(|h| formulas::chi_po(h.chosen, h.rejected, beta));
        let options = DpoOptions { divergence: FDivergence::ChiSquared, ..named(LossType::Sigmoid, beta) };
        assert_near("chi_squared", &by_name(&drawn, options), &expected, 1e-10);
    }
}

#[test]
fn r_dpo() {
    for (drawn, alpha) in Drawn::several("r-dpo").flat_map(|drawn| [0.005, 0.05].map(|alpha| (drawn.clone(), alpha))) {
        let tokens = drawn.tokens.chosen.iter().copied().zip(drawn.tokens.rejected.iter().copied());
        let plain = |(margin, tokens)| formulas::r_dpo(margin, tokens, 0.1, alpha);
        let expected: Vec<f64> = drawn.margins().into_iter().zip(tokens).map(plain).collect();
        let margin = Tensor::from_slice(&drawn.margins());
        let margin = length_regularised(&margin, &tensors(&drawn.tokens), 0.1, alpha).unwrap();
        assert_near("r-dpo", &values(&sigmoid(&margin, 0.1).unwrap()), &expected, TOLERANCE);
        let options = DpoOptions { length_alpha: Some(alpha), ..named(LossType::Sigmoid, 0.1) };
        assert_near("length_alpha", &by_name(&drawn, options), &expected, TOLERANCE);
    }
}

#[test]
fn dpo_positive() {
    for (drawn, beta) in Drawn::several("dpop").flat_map(|drawn| BETAS.map(|beta| (drawn.clone(), beta))) {
        for lambda in [0.0, 0.5, 5.0] {
            let expected = drawn.of_ratios(|h| formulas::dpop(h.chosen, h.rejected, beta, lambda));
            let found = dpop(&tensors(&drawn.log_ratios()), beta, lambda).unwrap();
            assert_near("dpop", &values(&found), &expected, TOLERANCE);
            let options = DpoOptions { dpop_lambda: Some(lambda), ..named(LossType::Dpop, beta) };
            assert_near("dpop by name", &by_name(&drawn, options), &expected, TOLERANCE);
        }
        // Unless it is given, the paper's 50.
        let expected = drawn.of_ratios(|h| formulas::dpop(h.chosen, h.rejected, beta, 50.0));
        assert_near("dpop's default", &by_name(&drawn, named(LossType::Dpop, beta)), &expected, TOLERANCE);
    }
}

#[test]
fn calibrated_dpo() {
    for (drawn, beta) in Drawn::several("cal-dpo").flat_map(|drawn| BETAS.map(|beta| (drawn.clone(), beta))) {
        let expected = drawn.of_ratios(|h| formulas::cal_dpo(h.chosen, h.rejected, beta));
        let found = cal_dpo(&tensors(&drawn.log_ratios()), beta).unwrap();
        assert_near("cal_dpo", &values(&found), &expected, TOLERANCE);
        assert_near("cal_dpo by name", &by_name(&drawn, named(LossType::CalDpo, beta)), &expected, TOLERANCE);
    }
}
