// LibTorch's fused AdamW, which makes one pass over memory; torch-sys does not expose it.
// Exceptions must not leave this function, because it has C linkage.

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <c10/core/GradMode.h>

#include "catch_exceptions.h"

// Updates `weight`, `exp_avg` and `exp_avg_sq` in place with `grad`; `step` counts from 1. Returns 0, or -1 and a message.
extern "C" int align_torch_fused_adamw(at::Tensor* weight, const at::Tensor* grad, at::Tensor* exp_avg,
                                       at::Tensor* exp_avg_sq, double step, double lr, double beta1, double beta2,
                                       double weight_decay, double eps, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    const c10::AutoGradMode no_grad(false);
    const auto steps = at::full({}, step, weight->options().dtype(at::kFloat));
    at::_fused_adamw_({*weight}, {*grad}, {*exp_avg}, {*exp_avg_sq}, {}, {steps}, lr, beta1, beta2, weight_decay, eps,
                      /*amsgrad=*/false, /*maximize=*/false);
  });
}
