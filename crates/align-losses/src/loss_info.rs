//! Metadata of the built-in losses, from which names, help, model cards and checks are derived.

use std::fmt;

/// A method and its paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// The name of the method.
    pub name: &'static str,
    /// The URL of the paper.
    pub paper: &'static str,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ([paper]({}))", self.name, self.paper)
    }
}

/// An option that only some losses take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LossOption {
    /// The assumed fraction of wrong labels.
    LabelSmoothing,
    /// The [`Divergence`](crate::Divergence) from the reference model.
    Divergence,
    /// The regularisation per token in a [`length_regularised`](crate::length_regularised) margin.
    LengthAlpha,
    /// Whether the expectation over each pair's `chosen_probability` is taken ([`SoftLabels`](crate::SoftLabels)).
    SoftLabels,
    /// The scale of ODPO's offset ([`odpo_offset`](crate::odpo_offset)).
    OdpoAlpha,
    /// The temperature of [`discopop`](crate::discopop).
    DiscopopTau,
    /// The weight of [`dpop`](crate::dpop)'s penalty.
    DpopLambda,
    /// The weight of the chosen completion's negative log-likelihood in a loss without a reference model.
    CpoAlpha,
    /// The target margin of [`simpo`](crate::simpo).
    SimpoGamma,
    /// The shape of [`alpha_po`](crate::alpha_po)'s reward.
    Alpha,
    /// The margin of [`slic_hf`](crate::slic_hf).
    SlicDelta,
    /// The weight of desirable completions in [`kto`](crate::kto).
    DesirableWeight,
    /// The weight of undesirable completions in [`kto`](crate::kto).
    UndesirableWeight,
}

impl LossOption {
    /// The name in configurations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LabelSmoothing => "label_smoothing",
            Self::Divergence => "f_divergence_type",
            Self::LengthAlpha => "length_alpha",
            Self::SoftLabels => "soft_labels",
            Self::OdpoAlpha => "odpo_alpha",
            Self::DiscopopTau => "discopop_tau",
            Self::DpopLambda => "dpop_lambda",
            Self::CpoAlpha => "cpo_alpha",
            Self::SimpoGamma => "simpo_gamma",
            Self::Alpha => "alpha",
            Self::SlicDelta => "slic_delta",
            Self::DesirableWeight => "desirable_weight",
            Self::UndesirableWeight => "undesirable_weight",
        }
    }

    /// How to remove the option from a configuration.
    pub(crate) const fn removal(self) -> &'static str {
        match self {
            Self::LabelSmoothing => "set it to 0",
            Self::Divergence => "set it to reverse_kl",
            _ => "remove it",
        }
    }
}

impl fmt::Display for LossOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Metadata of a built-in loss, defined next to its formula in the file with the name of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LossInfo {
    /// The method, for model cards.
    pub method: Method,
    /// Options that turn the loss into another method, with that method.
    pub methods_with: &'static [(LossOption, Method)],
    /// A description for the help of a program.
    pub help: &'static str,
    /// The loss of a pair or a row, in the notation of docs/losses.md.
    pub formula: &'static str,
    /// The options that the loss takes, besides those of all losses.
    pub options: &'static [LossOption],
    /// Whether log-probabilities are divided by the number of tokens.
    pub length_normalised: bool,
    /// Whether the loss of a row depends on the other rows of its batch.
    pub couples_batch: bool,
    /// The metrics that evaluations log in addition to those of every loss of the family.
    pub metrics: &'static [&'static str],
}

impl LossInfo {
    /// Defaults: a loss of each row's summed log-probabilities, without specific options.
    pub(crate) const DEFAULT: Self = Self {
        method: Method { name: "", paper: "" },
        methods_with: &[],
        help: "",
        formula: "",
        options: &[],
        length_normalised: false,
        couples_batch: false,
        metrics: &[],
    };
}

/// Defines the enum of a family of losses from a list. Each line has a variant and the module that defines its `LOSS`. The name of the
/// module is the name of the loss. All other public items of the module are re-exported.
macro_rules! loss_types {
    ($(#[$meta:meta])* pub enum $family:ident: $builtin:ty { $($(#[$doc:meta])* $variant:ident = $module:ident,)+ }) => {
        $(#[allow(unused_imports)] // A loss may have no formula of its own.
        pub use $module::*;)+

        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $family {
            $($(#[$doc])* $variant,)+
        }

        impl $family {
            /// All losses of the family.
            pub const ALL: [Self; [$(stringify!($variant)),+].len()] = [$(Self::$variant),+];

            /// The name in configurations.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($module),)+
                }
            }

            fn builtin(self) -> &'static $builtin {
                match self {
                    $(Self::$variant => &$module::LOSS,)+
                }
            }

            /// The metadata of the loss.
            #[must_use]
            pub fn info(self) -> &'static $crate::LossInfo {
                &self.builtin().info
            }

            /// Whether the loss takes an option.
            #[must_use]
            pub fn takes(self, option: $crate::LossOption) -> bool {
                self.info().options.contains(&option)
            }

            /// The names and metadata of all losses of the family.
            pub fn names_and_info() -> impl Iterator<Item = (&'static str, &'static $crate::LossInfo)> {
                Self::ALL.into_iter().map(|loss_type| (loss_type.name(), loss_type.info()))
            }
        }

        impl std::fmt::Display for $family {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use loss_types;
