// LibTorch's flash attention on a CPU, with float32 products by BLAS. Its kernel multiplies many small blocks. Under the matmul precisions
// `high` and `medium` each block goes through oneDNN, whose setup takes longer than the product.
// Exceptions must not leave this function, because it has C linkage.

#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h>
#include <torch/csrc/autograd/custom_function.h>

#include "catch_exceptions.h"

// In matmul_precision.cpp; 0 is `highest`.
extern "C" int align_torch_get_matmul_precision();
extern "C" int align_torch_set_matmul_precision(int precision);

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Sets LibTorch's process-wide precision to `highest`, and restores the previous one at the end of its scope.
class HighestPrecision {
 public:
  HighestPrecision() : previous_(align_torch_get_matmul_precision()) {
    if (previous_ > 0) align_torch_set_matmul_precision(0);
  }
  ~HighestPrecision() {
    if (previous_ > 0) align_torch_set_matmul_precision(previous_);
  }
  HighestPrecision(const HighestPrecision&) = delete;
  HighestPrecision& operator=(const HighestPrecision&) = delete;

 private:
  int previous_;
};

at::Tensor with_dense_rows(const at::Tensor& x) { return x.stride(3) == 1 ? x : x.contiguous(); }

class FlashAttention : public torch::autograd::Function<FlashAttention> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                            const std::optional<at::Tensor>& mask, bool is_causal, double scale) {
    const auto q = with_dense_rows(query), k = with_dense_rows(key), v = with_dense_rows(value);
    const HighestPrecision precision;
    auto [output, logsumexp] = at::_scaled_dot_product_flash_attention_for_cpu(q, k, v, /*dropout_p=*/0.0, is_causal, mask, scale);
    context->save_for_backward({q, k, v, output, logsumexp, mask.value_or(at::Tensor())});
    context->saved_data["is_causal"] = is_causal;
    context->saved_data["scale"] = scale;
    return output;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "the fused attention has first derivatives only");
    const auto saved = context->get_saved_variables();
    const auto mask = saved[5].defined() ? std::optional<at::Tensor>(saved[5]) : std::nullopt;
    const HighestPrecision precision;
    const auto [by_query, by_key, by_value] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
        gradients[0], saved[0], saved[1], saved[2], saved[3], saved[4], /*dropout_p=*/0.0, context->saved_data["is_causal"].toBool(), mask,
        context->saved_data["scale"].toDouble());
    return {by_query, by_key, by_value, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

// Writes to `output` the attention of `query`, (batch, heads, seq, head_dim), to `key` and `value`, (batch, heads, keys, head_dim), in
// float32 on a CPU. `mask`, which may be null, is added to the scores; it broadcasts to (batch, heads, seq, keys). Returns 0, or -1 and a
// message.
extern "C" int align_torch_flash_attention(const at::Tensor* query, const at::Tensor* key, const at::Tensor* value, const at::Tensor* mask,
                                           bool is_causal, double scale, at::Tensor** output, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    for (const auto* tensor : {query, key, value})
      TORCH_CHECK(tensor->device().is_cpu() && tensor->scalar_type() == at::kFloat && tensor->dim() == 4 && tensor->numel() > 0,
                  "flash attention needs non-empty float32 tensors of four dimensions on the CPU");
    TORCH_CHECK(key->sizes() == value->sizes() && query->size(0) == key->size(0) && query->size(1) == key->size(1) &&
                    query->size(3) == key->size(3),
                "queries of shape ", query->sizes(), ", keys of shape ", key->sizes(), " and values of shape ", value->sizes(),
                " do not fit each other");
    const auto fits = [](const at::Tensor& mask) {
      return (mask.dim() == 2 || mask.dim() == 4) && mask.scalar_type() == at::kFloat && !mask.requires_grad();
    };
    TORCH_CHECK(!mask || (!is_causal && fits(*mask)),
                "a mask of flash attention has float32 numbers, two or four dimensions, no gradient, and is not combined with is_causal");
    const auto given = mask ? std::optional<at::Tensor>(*mask) : std::nullopt;
    *output = new at::Tensor(FlashAttention::apply(*query, *key, *value, given, is_causal, scale));
  });
}
