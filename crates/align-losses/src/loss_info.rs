//! What is known of a built-in loss besides its arithmetic: names, help, model cards and checks are derived from it.

use std::fmt;

/// A method by name, and the paper that it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// What it is called.
    pub name: &'static str,
    /// The paper's address.
    pub paper: &'static str,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ([paper]({}))", self.name, self.paper)
    }
}

/// An option that some losses take and the others would ignore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LossOption {
    /// The share of labels taken to be wrong.
    LabelSmoothing,
    /// The [`Divergence`](crate::Divergence) that keeps the policy near the reference.
    Divergence,
    /// The price of a token in a [`length_regularised`](crate::length_regularised) margin.
    LengthAlpha,
    /// The width of [`discopop`](crate::discopop)'s blend.
    DiscopopTau,
    /// The weight of [`dpop`](crate::dpop)'s penalty.
    DpopLambda,
    /// The weight of the chosen completion's likelihood beside a loss without a reference.
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
    /// The name, as configurations spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LabelSmoothing => "label_smoothing",
            Self::Divergence => "f_divergence_type",
            Self::LengthAlpha => "length_alpha",
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

    /// How a configuration goes without it.
    pub(crate) const fn without(self) -> &'static str {
        match self {
            Self::LabelSmoothing => "set it to 0",
            Self::Divergence => "set it to reverse_kl",
            _ => "leave it out",
        }
    }
}

impl fmt::Display for LossOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is known of a built-in loss. Each stands beside its formula, in the file that has the loss's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LossInfo {
    /// The method, as a model card names it.
    pub method: Method,
    /// The methods that it is instead when an option is given.
    pub methods_with: &'static [(LossOption, Method)],
    /// One sentence for a program's help.
    pub help: &'static str,
    /// The options that it takes, besides those that all losses take.
    pub options: &'static [LossOption],
    /// Whether it divides log-probabilities by completions' numbers of tokens.
    pub length_normalised: bool,
    /// Whether a row's loss depends on the other rows of its batch.
    pub couples_batch: bool,
    /// What evaluations log for it besides what they log for every loss of its family.
    pub metrics: &'static [&'static str],
}

impl LossInfo {
    /// A loss of each row by its summed log-probabilities, with no options of its own.
    pub(crate) const PLAIN: Self = Self {
        method: Method { name: "", paper: "" },
        methods_with: &[],
        help: "",
        options: &[],
        length_normalised: false,
        couples_batch: false,
        metrics: &[],
    };
}

/// Defines the enum of a family's losses from a list: each line names a variant and the module that has its `LOSS`, whose name is
/// the loss's. What else that module shows is the family's.
macro_rules! loss_types {
    ($(#[$meta:meta])* pub enum $family:ident: $formula:ty { $($(#[$doc:meta])* $variant:ident = $module:ident,)+ }) => {
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
            /// All of them.
            pub const ALL: [Self; [$(stringify!($variant)),+].len()] = [$(Self::$variant),+];

            /// The name, as configurations spell it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($module),)+
                }
            }

            fn formula(self) -> &'static $formula {
                match self {
                    $(Self::$variant => &$module::LOSS,)+
                }
            }

            /// What is known of it besides its arithmetic.
            #[must_use]
            pub fn info(self) -> &'static $crate::LossInfo {
                &self.formula().info
            }

            /// Whether it takes an option, which it would ignore otherwise.
            #[must_use]
            pub fn takes(self, option: $crate::LossOption) -> bool {
                self.info().options.contains(&option)
            }

            /// Every loss by its name, with what is known of it.
            pub fn known() -> impl Iterator<Item = (&'static str, &'static $crate::LossInfo)> {
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
