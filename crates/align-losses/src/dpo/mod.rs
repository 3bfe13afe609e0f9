//! DPO and its variants: losses on preference pairs with a reference model.
//!
//! Each loss is a file with its formula, its derivative in closed form, and its `LOSS`: the paper, the formula, the options that it takes and the
//! texts for help and model cards. To add a loss, add such a file, its module and its line in the list below. Then complete the tables of losses
//! in the crate documentation and in docs/losses.md, and the lists of names in `tests/`. Tests check that they are complete.

mod aot;
mod aot_unpaired;
mod apo_down;
mod apo_zero;
mod bco_pair;
mod cal_dpo;
mod clamped_square;
mod discopop;
mod dpo_loss;
mod dpop;
mod exo_pair;
mod exponential;
mod hinge;
mod ipo;
mod ipo_sum;
mod log_ratio_loss;
mod nca_pair;
mod options;
mod robust;
mod savage;
mod sft;
mod sigmoid;
mod sigmoid_norm;
mod sppo_hard;
mod squared;
mod truncated_quadratic;

pub use dpo_loss::DpoLoss;
pub use options::DpoOptions;

use crate::{LossInfo, PairLoss, Result, loss_info::loss_types};

/// A loss of the family.
struct BuiltinLoss {
    info: LossInfo,
    /// The loss with its options.
    build: fn(&DpoOptions) -> Result<Box<dyn PairLoss>>,
}

loss_types! {
    /// The loss of a [`DpoLoss`], under TRL's name if TRL has the loss.
    pub enum LossType: BuiltinLoss {
        /// [`sigmoid`](crate::sigmoid): DPO, and with label smoothing [`conservative_sigmoid`](crate::conservative_sigmoid).
        #[default]
        Sigmoid = sigmoid,
        /// [`hinge`](crate::hinge): SLiC's margin loss.
        Hinge = hinge,
        /// [`ipo`](crate::ipo): IPO on mean scores per token, as in TRL and in the code of IPO's authors.
        Ipo = ipo,
        /// [`ipo_sum`](crate::ipo_sum): IPO on summed scores, as in eq. 17 of its paper.
        IpoSum = ipo_sum,
        /// [`exo_pair`](crate::exo_pair): needs label smoothing.
        ExoPair = exo_pair,
        /// [`nca_pair`](crate::nca_pair).
        NcaPair = nca_pair,
        /// [`robust`](crate::robust): DPO that corrects for a known rate of flipped labels.
        Robust = robust,
        /// [`bco_pair`](crate::bco_pair).
        BcoPair = bco_pair,
        /// [`sppo_hard`](crate::sppo_hard).
        SppoHard = sppo_hard,
        /// [`aot`](crate::aot): couples the pairs of a batch.
        Aot = aot,
        /// [`aot_unpaired`](crate::aot_unpaired): couples the completions of a batch.
        AotUnpaired = aot_unpaired,
        /// [`apo_zero`](crate::apo_zero).
        ApoZero = apo_zero,
        /// [`apo_down`](crate::apo_down).
        ApoDown = apo_down,
        /// [`discopop`](crate::discopop).
        Discopop = discopop,
        /// [`sigmoid_norm`](crate::sigmoid_norm): DPO on mean scores per token.
        SigmoidNorm = sigmoid_norm,
        /// [`sft`](crate::sft): the negative log-likelihood of the chosen completions, one number for the batch.
        Sft = sft,
        /// [`squared`](crate::squared): from GPO. This loss and those below are not in TRL.
        Squared = squared,
        /// [`exponential`](crate::exponential).
        Exponential = exponential,
        /// [`truncated_quadratic`](crate::truncated_quadratic).
        TruncatedQuadratic = truncated_quadratic,
        /// [`savage`](crate::savage).
        Savage = savage,
        /// [`dpop`](crate::dpop): DPO-Positive.
        Dpop = dpop,
        /// [`cal_dpo`](crate::cal_dpo): calibrated DPO.
        CalDpo = cal_dpo,
    }
}
