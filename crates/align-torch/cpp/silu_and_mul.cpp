// The gate of SwiGLU as one node of the autograd graph. LibTorch saves the activated gate too, and makes three passes over memory.
// Exceptions must not leave this function, because it has C linkage.

#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "catch_exceptions.h"
#include "exp_of_negative.h"
#include "fused_nodes.h"
#include "parallel_for.h"

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t GRAIN = 16384;

__attribute__((always_inline)) inline float sigmoid(float x) {
  const float e = exp_of_negative(-std::fabs(x));
  return (x < 0 ? e : 1.0f) / (1.0f + e);
}

ALIGN_VECTORISED void activate(const float* gate, const float* up, float* y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = gate[i] * sigmoid(gate[i]) * up[i];
}

ALIGN_VECTORISED void differentiate(const float* gate, const float* up, const float* dy, float* d_gate, float* d_up, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const float s = sigmoid(gate[i]);
    d_gate[i] = dy[i] * up[i] * s * (1.0f + gate[i] * (1.0f - s));
    d_up[i] = dy[i] * gate[i] * s;
  }
}

class SiluAndMul : public torch::autograd::Function<SiluAndMul> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& given_gate, const at::Tensor& given_up) {
    const auto gate = given_gate.contiguous(), up = given_up.contiguous();
    auto y = at::empty_like(gate);
    const float *g = gate.const_data_ptr<float>(), *u = up.const_data_ptr<float>();
    float* to = y.mutable_data_ptr<float>();
    parallel_for(gate.numel(), GRAIN, [&](int64_t begin, int64_t end) { activate(g + begin, u + begin, to + begin, end - begin); });
    context->save_for_backward({gate, up});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "the fused gate has first derivatives only");
    const auto saved = context->get_saved_variables();
    const auto gradient = gradients[0].contiguous();
    auto by_gate = at::empty_like(saved[0]), by_up = at::empty_like(saved[1]);
    const float *g = saved[0].const_data_ptr<float>(), *u = saved[1].const_data_ptr<float>(), *dy = gradient.const_data_ptr<float>();
    float *dg = by_gate.mutable_data_ptr<float>(), *du = by_up.mutable_data_ptr<float>();
    parallel_for(gradient.numel(), GRAIN, [&](int64_t begin, int64_t end) {
      differentiate(g + begin, u + begin, dy + begin, dg + begin, du + begin, end - begin);
    });
    return {by_gate, by_up};
  }
};

}  // namespace

// Writes `silu(gate) * up` to `output`, for float32 on a CPU. Returns 0, or -1 and a message.
extern "C" int align_torch_silu_and_mul(const at::Tensor* gate, const at::Tensor* up, at::Tensor** output, char* message,
                                        size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    for (const auto* tensor : {gate, up})
      TORCH_CHECK(tensor->device().is_cpu() && tensor->scalar_type() == at::kFloat, "the fused gate needs float32 tensors on the CPU");
    TORCH_CHECK(gate->sizes() == up->sizes(), "a gate of shape ", gate->sizes(), " does not fit values of shape ", up->sizes());
    *output = new at::Tensor(SiluAndMul::apply(*gate, *up));
  });
}
