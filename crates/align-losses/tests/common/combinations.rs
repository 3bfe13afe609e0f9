//! Every loss with every option that it takes, and compositions of them.

use super::own::{Hellinger, Steep};
use align_losses::{
    DpoLoss, DpoOptions, FDivergence, LogRatioPenalty, LossOption, LossType, MarginLoss, PairLoss, Penalised, Savage,
    Sigmoid, WeightedSum,
};

pub const PENALTIES: [LogRatioPenalty; 4] =
    [LogRatioPenalty::Square, LogRatioPenalty::PseudoHuber, LogRatioPenalty::Softplus, LogRatioPenalty::Exponential];

pub fn of(loss_type: LossType, beta: f64) -> DpoLoss {
    let label_smoothing = if loss_type == LossType::ExoPair { 0.1 } else { 0.0 };
    DpoLoss::new(DpoOptions { loss_type, beta, label_smoothing, ..DpoOptions::default() }).unwrap()
}

pub fn divergences() -> Vec<FDivergence> {
    let mut all = vec![FDivergence::ReverseKl, FDivergence::ForwardKl, FDivergence::JsDivergence];
    all.extend([-0.5, 0.0, 0.3, 0.999, 2.0].map(|coefficient| FDivergence::AlphaDivergence { coefficient }));
    all.push(FDivergence::ChiSquared);
    all
}

/// Every `DpoLoss` by its options.
pub fn dpo_losses(beta: f64) -> Vec<DpoLoss> {
    LossType::ALL.into_iter().flat_map(|loss_type| options(loss_type, beta)).map(|o| DpoLoss::new(o).unwrap()).collect()
}

fn options(loss_type: LossType, beta: f64) -> Vec<DpoOptions> {
    let mut all = vec![DpoOptions { loss_type, beta, ..DpoOptions::default() }];
    if loss_type.takes(LossOption::Divergence) {
        all = with(&all, &divergences(), |options, divergence| options.divergence = divergence);
    }
    let smoothings: &[f64] = if loss_type == LossType::ExoPair { &[1e-3, 0.15] } else { &[0.0, 0.15] };
    if loss_type.takes(LossOption::LabelSmoothing) {
        all = with(&all, smoothings, |options, smoothing| options.label_smoothing = smoothing);
    }
    if loss_type.takes(LossOption::LengthAlpha) {
        all = with(&all, &[None, Some(0.02)], |options, alpha| options.length_alpha = alpha);
    }
    match loss_type {
        LossType::Discopop => with(&all, &[None, Some(0.7), Some(3.0)], |options, tau| options.discopop_tau = tau),
        LossType::Dpop => with(&all, &[None, Some(0.0), Some(5.0)], |options, lambda| options.dpop_lambda = lambda),
        _ => all,
    }
}

fn with<T: Copy>(all: &[DpoOptions], values: &[T], set: impl Fn(&mut DpoOptions, T)) -> Vec<DpoOptions> {
    let changed = |options: &DpoOptions, value| {
        let mut options = *options;
        set(&mut options, value);
        options
    };
    all.iter()
        .flat_map(|options| values.iter().map(move |value| (options, *value)))
        .map(|(o, v)| changed(o, v))
        .collect()
}

/// Sums, penalties, and losses of a user's own parts; none of the batch as a whole.
pub fn compositions(beta: f64) -> Vec<Box<dyn PairLoss>> {
    let dpo = |loss_type| of(loss_type, beta);
    let boxed = |loss_type| Box::new(of(loss_type, beta)) as Box<dyn PairLoss>;
    let chi = DpoOptions { divergence: FDivergence::ChiSquared, beta, ..DpoOptions::default() };
    let chi = || Box::new(DpoLoss::new(chi).unwrap()) as Box<dyn PairLoss>;
    // All in closed form; one that is not among them.
    let closed = || WeightedSum::new(vec![(chi(), 0.8), (boxed(LossType::Hinge), 0.3), (boxed(LossType::Ipo), 2.0)]);
    let mixed = WeightedSum::new(vec![(dpo(LossType::Sigmoid), 0.7), (dpo(LossType::BcoPair), 0.3)]);
    let sigmoid = Sigmoid { label_smoothing: 0.1 };
    let mut all: Vec<Box<dyn PairLoss>> = vec![
        Box::new(closed().unwrap()),
        Box::new(mixed.unwrap()),
        Box::new(MarginLoss::new(Hellinger, sigmoid, beta).unwrap()),
        Box::new(MarginLoss::new(Hellinger, Savage, beta).unwrap().with_length_alpha(0.02).unwrap()),
        Box::new(MarginLoss::new(FDivergence::JsDivergence, Steep, beta).unwrap()),
        Box::new(MarginLoss::new(Hellinger, Steep, beta).unwrap().length_normalised()),
        Box::new(Penalised::new(closed().unwrap(), LogRatioPenalty::Softplus, 0.2).unwrap()),
        Box::new(
            WeightedSum::new(vec![(Penalised::new(dpo(LossType::Robust), PENALTIES[1], 0.4).unwrap(), 0.5)]).unwrap(),
        ),
    ];
    for penalty in PENALTIES {
        all.push(Box::new(Penalised::new(dpo(LossType::Sigmoid), penalty, 0.3).unwrap()));
    }
    all
}

/// Everything whose losses belong to one pair each.
pub fn losses_of_pairs(beta: f64) -> Vec<Box<dyn PairLoss>> {
    let named = dpo_losses(beta).into_iter().filter(|loss| !loss.couples_batch());
    named.map(|loss| Box::new(loss) as Box<dyn PairLoss>).chain(compositions(beta)).collect()
}

/// Everything whose losses belong to the batch.
pub fn losses_of_batches(beta: f64) -> Vec<Box<dyn PairLoss>> {
    let named = dpo_losses(beta).into_iter().filter(|loss| loss.couples_batch());
    let mpo = [(LossType::Sigmoid, 0.8), (LossType::BcoPair, 0.2), (LossType::Sft, 1.0)];
    let mpo = WeightedSum::new(mpo.map(|(loss_type, weight)| (of(loss_type, beta), weight)).into()).unwrap();
    let mut all: Vec<Box<dyn PairLoss>> = named.map(|loss| Box::new(loss) as Box<dyn PairLoss>).collect();
    all.push(Box::new(mpo));
    all
}
