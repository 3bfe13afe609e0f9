// oneDNN's matrix products with prepacked weights. LibTorch registers them as operators; torch-sys does not expose them.
// Exceptions must not leave these functions, because they have C linkage.

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "catch_exceptions.h"

namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;

c10::OperatorHandle find_operator(const char* name, const char* overload) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
}

}  // namespace

// Packs a weight (out, in) into oneDNN's layout for products of about `rows` rows. Returns 0 and a new tensor in `packed`, or -1 and a
// message.
extern "C" int align_torch_pack_weight(const at::Tensor* weight, int64_t rows, at::Tensor** packed, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    static const auto op = find_operator("mkldnn::_reorder_linear_weight", "")
                               .typed<at::Tensor(const at::Tensor&, std::optional<c10::SymInt>)>();
    *packed = new at::Tensor(op.call(*weight, c10::SymInt(rows)));
  });
}

// Computes activation(x weightᵀ + bias); `bias` may be null. `activation` ("none", "gelu", …) and `algorithm` ("none", "tanh") are names
// in LibTorch.
extern "C" int align_torch_packed_linear(const at::Tensor* x, const at::Tensor* weight, const at::Tensor* bias,
                                         const char* activation, const char* algorithm, at::Tensor** y, char* message,
                                         size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    static const auto op =
        find_operator("mkldnn::_linear_pointwise", "")
            .typed<at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, c10::string_view,
                              Scalars, std::optional<c10::string_view>)>();
    const auto given = bias ? std::optional<at::Tensor>(*bias) : std::nullopt;
    *y = new at::Tensor(op.call(*x, *weight, given, activation, Scalars(), c10::string_view(algorithm)));
  });
}
