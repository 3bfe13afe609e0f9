// Rotary embeddings as one node of the autograd graph. By LibTorch's operations they are nine passes over memory.
// Exceptions must not leave this function, because it has C linkage.

#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "catch_exceptions.h"
#include "fused_nodes.h"
#include "parallel_for.h"

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

ALIGN_VECTORISED void rotate_row(const float* x, const float* cosine, const float* sine, float sign, float* y, int64_t half) {
  for (int64_t i = 0; i < half; i++) {
    const float left = x[i], right = x[i + half], s = sign * sine[i];
    y[i] = left * cosine[i] - right * s;
    y[i + half] = right * cosine[i] + left * s;
  }
}

// Rotates `x`, (batch, heads, seq, head_dim), by the angles with `cosine` and `sine`, (batch, seq, half), forwards or backwards.
at::Tensor rotated(const at::Tensor& given, const at::Tensor& cosine, const at::Tensor& sine, float sign) {
  const auto x = given.stride(3) == 1 ? given : given.contiguous();
  const int64_t batch = x.size(0), heads = x.size(1), seq = x.size(2), width = x.size(3), half = cosine.size(2);
  auto y = at::empty({batch, heads, seq, width}, x.options());
  const float* from = x.const_data_ptr<float>();
  const float* c = cosine.const_data_ptr<float>();
  const float* s = sine.const_data_ptr<float>();
  float* to = y.mutable_data_ptr<float>();
  const int64_t strides[3] = {x.stride(0), x.stride(1), x.stride(2)};
  const int64_t grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(1, width));
  parallel_for(batch * heads * seq, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t token = row % seq, head = row / seq % heads, text = row / seq / heads;
      const float* in = from + text * strides[0] + head * strides[1] + token * strides[2];
      float* out = to + row * width;
      const int64_t angles = (text * seq + token) * half;
      rotate_row(in, c + angles, s + angles, sign, out, half);
      std::copy(in + 2 * half, in + width, out + 2 * half);
    }
  });
  return y;
}

class RotateHalves : public torch::autograd::Function<RotateHalves> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& cosine, const at::Tensor& sine) {
    context->save_for_backward({cosine, sine});
    return rotated(x, cosine, sine, 1);
  }

  // The inverse of a rotation is its transpose.
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "the fused rotary embedding has first derivatives only");
    const auto saved = context->get_saved_variables();
    return {rotated(gradients[0], saved[0], saved[1], -1), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

// Writes to `output` the rotated `x`, for float32 on a CPU. Returns 0, or -1 and a message.
extern "C" int align_torch_rotate_halves(const at::Tensor* x, const at::Tensor* cosine, const at::Tensor* sine,
                                         at::Tensor** output, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    for (const auto* tensor : {x, cosine, sine})
      TORCH_CHECK(tensor->device().is_cpu() && tensor->scalar_type() == at::kFloat,
                  "the fused rotary embedding needs float32 tensors on the CPU");
    TORCH_CHECK(x->dim() == 4 && cosine->dim() == 3 && cosine->size(0) == x->size(0) && cosine->size(1) == x->size(2) &&
                    2 * cosine->size(2) <= x->size(3) && sine->sizes() == cosine->sizes(),
                "angles of shape ", cosine->sizes(), " do not fit heads of shape ", x->sizes());
    *output = new at::Tensor(RotateHalves::apply(*x, cosine->contiguous(), sine->contiguous()));
  });
}
