// LibTorch's AdamW in one pass over memory, which torch-sys does not expose.
// No exception leaves this function: across a C boundary it would end the process.

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <c10/core/GradMode.h>

#include "guarded.h"

// Updates `weight`, `exp_avg` and `exp_avg_sq` in place by `grad`; `step` counts from 1. 0, or -1 and a problem.
extern "C" int align_torch_fused_adamw(at::Tensor* weight, const at::Tensor* grad, at::Tensor* exp_avg,
                                       at::Tensor* exp_avg_sq, double step, double lr, double beta1, double beta2,
                                       double weight_decay, double eps, char* problem, size_t room) {
  return guarded(problem, room, [&] {
    const c10::AutoGradMode no_grad(false);
    const auto steps = at::full({}, step, weight->options().dtype(at::kFloat));
    at::_fused_adamw_({*weight}, {*grad}, {*exp_avg}, {*exp_avg_sq}, {}, {steps}, lr, beta1, beta2, weight_decay, eps,
                      /*amsgrad=*/false, /*maximize=*/false);
  });
}
