// oneDNN's products with weights laid out ahead, which torch-sys does not expose: operators that LibTorch registers by name.
// No exception leaves these functions: across a C boundary it would end the process.

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "guarded.h"

namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;

c10::OperatorHandle named(const char* name, const char* overload) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
}

}  // namespace

// A (out, in) weight in oneDNN's layout for products of about `rows` rows. 0 and a new tensor in `packed`, or -1 and a problem.
extern "C" int align_torch_pack_weight(const at::Tensor* weight, int64_t rows, at::Tensor** packed, char* problem, size_t room) {
  return guarded(problem, room, [&] {
    static const auto op = named("mkldnn::_reorder_linear_weight", "")
                               .typed<at::Tensor(const at::Tensor&, std::optional<c10::SymInt>)>();
    *packed = new at::Tensor(op.call(*weight, c10::SymInt(rows)));
  });
}

// activation(x weightᵀ + bias); `bias` may be null. `activation` and `algorithm` are LibTorch's names ("none", "gelu"; "tanh").
extern "C" int align_torch_packed_linear(const at::Tensor* x, const at::Tensor* weight, const at::Tensor* bias,
                                         const char* activation, const char* algorithm, at::Tensor** y, char* problem,
                                         size_t room) {
  return guarded(problem, room, [&] {
    static const auto op =
        named("mkldnn::_linear_pointwise", "")
            .typed<at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, c10::string_view,
                              Scalars, std::optional<c10::string_view>)>();
    const auto given = bias ? std::optional<at::Tensor>(*bias) : std::nullopt;
    *y = new at::Tensor(op.call(*x, *weight, given, activation, Scalars(), c10::string_view(algorithm)));
  });
}
