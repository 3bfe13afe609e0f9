// RMS normalisation as one node of the autograd graph. LibTorch computes it on a CPU by six operations, each of which makes a pass over
// memory and saves its inputs. Exceptions must not leave this function, because it has C linkage.

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "catch_exceptions.h"
#include "fused_nodes.h"
#include "parallel_for.h"

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Sums of this many numbers are kept side by side, so that they can be added as vectors, in an order that does not depend on the processor.
constexpr int64_t LANES = 16;

// Blocks of rows whose weight gradients are summed one after the other, so that the sum does not depend on the number of threads.
constexpr int64_t BLOCKS = 16;

ALIGN_VECTORISED float sum_of_products(const float* a, const float* b, int64_t width) {
  float lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= width; i += LANES)
    for (int64_t lane = 0; lane < LANES; lane++) lanes[lane] += a[i + lane] * b[i + lane];
  float sum = 0;
  for (; i < width; i++) sum += a[i] * b[i];
  for (float lane : lanes) sum += lane;
  return sum;
}

ALIGN_VECTORISED void scaled_row(const float* x, const float* weight, float offset, float factor, float* y, int64_t width) {
  for (int64_t i = 0; i < width; i++) y[i] = x[i] * factor * (weight[i] + offset);
}

// Writes `dy * (weight + offset)` to `dx`.
ALIGN_VECTORISED void weighted_row(const float* dy, const float* weight, float offset, float* dx, int64_t width) {
  for (int64_t i = 0; i < width; i++) dx[i] = dy[i] * (weight[i] + offset);
}

// Completes `dx`, which holds the result of `weighted_row`.
ALIGN_VECTORISED void input_gradient(const float* x, float factor, float projection, float* dx, int64_t width) {
  for (int64_t i = 0; i < width; i++) dx[i] = factor * (dx[i] - x[i] * projection);
}

ALIGN_VECTORISED void add_weight_gradient(const float* dy, const float* x, float factor, float* sum, int64_t width) {
  for (int64_t i = 0; i < width; i++) sum[i] += dy[i] * x[i] * factor;
}

class RmsNorm : public torch::autograd::Function<RmsNorm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, double eps, double offset) {
    const auto x = input.contiguous();
    const int64_t width = weight.numel(), rows = width ? x.numel() / width : 0;
    auto y = at::empty_like(x);
    auto factors = at::empty({rows}, x.options());
    const float* from = x.const_data_ptr<float>();
    const float* w = weight.const_data_ptr<float>();
    float* to = y.mutable_data_ptr<float>();
    float* factor = factors.mutable_data_ptr<float>();
    parallel_for(rows, std::max<int64_t>(1, 32768 / std::max<int64_t>(1, width)), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        const float* in = from + row * width;
        factor[row] = 1.0f / std::sqrt(sum_of_products(in, in, width) / static_cast<float>(width) + static_cast<float>(eps));
        scaled_row(in, w, static_cast<float>(offset), factor[row], to + row * width, width);
      }
    });
    context->save_for_backward({x, weight, factors});
    context->saved_data["offset"] = offset;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "the fused RMS norm has first derivatives only");
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &factors = saved[2];
    const auto offset = static_cast<float>(context->saved_data["offset"].toDouble());
    const auto gradient = gradients[0].contiguous();
    const int64_t width = weight.numel(), rows = factors.numel();
    auto by_input = at::empty_like(x);
    const bool trains_weight = context->needs_input_grad(1);
    const int64_t blocks = std::min(rows, BLOCKS);
    auto partial = at::zeros({trains_weight ? blocks : 0, width}, x.options());
    const float* from = x.const_data_ptr<float>();
    const float* w = weight.const_data_ptr<float>();
    const float* factor = factors.const_data_ptr<float>();
    const float* dy = gradient.const_data_ptr<float>();
    float* dx = by_input.mutable_data_ptr<float>();
    float* sums = partial.mutable_data_ptr<float>();
    parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; block++) {
        for (int64_t row = rows * block / blocks; row < rows * (block + 1) / blocks; row++) {
          const int64_t at = row * width;
          weighted_row(dy + at, w, offset, dx + at, width);
          const float product = sum_of_products(dx + at, from + at, width);
          const float projection = product * factor[row] * factor[row] / static_cast<float>(width);
          input_gradient(from + at, factor[row], projection, dx + at, width);
          if (trains_weight) add_weight_gradient(dy + at, from + at, factor[row], sums + block * width, width);
        }
      }
    });
    return {by_input, trains_weight ? partial.sum(0) : at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

// Writes `input / √(mean(input²) + eps) · (weight + offset)` to `output`, for float32 on a CPU. Returns 0, or -1 and a message.
extern "C" int align_torch_rms_norm(const at::Tensor* input, const at::Tensor* weight, double eps, double offset,
                                    at::Tensor** output, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    TORCH_CHECK(input->device().is_cpu() && weight->device().is_cpu() && input->scalar_type() == at::kFloat &&
                    weight->scalar_type() == at::kFloat,
                "the fused RMS norm needs float32 tensors on the CPU");
    TORCH_CHECK(weight->dim() == 1 && weight->is_contiguous() && input->dim() >= 1 && input->size(-1) == weight->size(0),
                "an RMS norm of width ", weight->sizes(), " cannot normalise a tensor of shape ", input->sizes());
    *output = new at::Tensor(RmsNorm::apply(*input, *weight, eps, offset));
  });
}
