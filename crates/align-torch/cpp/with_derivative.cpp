// A function whose derivative is ours: a node of LibTorch's graph, which torch-sys has no way to define.
// No exception leaves these functions: across a C boundary it would end the process.

#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <memory>
#include <mutex>

#include "guarded.h"

namespace {

using torch::autograd::variable_list;

// Turns the derivative by the output into that by the input: 0 and a new tensor in `by_input`, or -1 and a problem.
using Derive = int (*)(void* derivative, const at::Tensor* by_output, at::Tensor** by_input, char* problem, size_t room);

class WithDerivative : public torch::autograd::Node {
 public:
  WithDerivative(const at::Tensor& input, Derive derive, std::shared_ptr<void> derivative)
      : Node(torch::autograd::collect_next_edges(input)), derive_(derive), derivative_(std::move(derivative)) {}

  variable_list apply(variable_list&& by_output) override {
    TORCH_CHECK(!at::GradMode::is_enabled(), "a function with its own derivative has first derivatives only");
    TORCH_CHECK(torch::autograd::Engine::get_default_engine().is_checkpoint_valid(),
                "a function with its own derivative adds to its weights' gradients: they cannot be asked for one by one");
    if (!by_output[0].defined()) return {at::Tensor()};
    const std::lock_guard<std::mutex> alone(mutex_);
    const auto derivative = std::move(derivative_);
    TORCH_CHECK(derivative, "a function with its own derivative is gone through a second time");
    char problem[1024] = {0};
    at::Tensor* by_input = nullptr;
    TORCH_CHECK(derive_(derivative.get(), &by_output[0], &by_input, problem, sizeof problem) == 0, problem);
    return {std::move(*std::unique_ptr<at::Tensor>(by_input))};
  }

  void release_variables() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    derivative_.reset();
  }

 private:
  Derive derive_;
  std::shared_ptr<void> derivative_;
};

}  // namespace

// Whether a graph is made of what is computed from `tensor`. 0, or -1 and a problem.
extern "C" int align_torch_records_graph(const at::Tensor* tensor, bool* records, char* problem, size_t room) {
  return guarded(problem, room, [&] { *records = at::GradMode::is_enabled() && tensor->requires_grad(); });
}

// In `gradient` the gradient of `weight`, which is made of zeros if there is none. 0, or -1 and a problem.
extern "C" int align_torch_gradient(const at::Tensor* weight, at::Tensor** gradient, char* problem, size_t room) {
  return guarded(problem, room, [&] {
    auto& found = weight->mutable_grad();
    if (!found.defined()) found = at::zeros_like(weight->detach());
    *gradient = new at::Tensor(found);
  });
}

// In `result` the `output` as a function of `input`. `derivative` is taken over, and given to `forget` when nobody needs it any more.
// 0, or -1 and a problem.
extern "C" int align_torch_with_derivative(const at::Tensor* input, const at::Tensor* output, Derive derive,
                                           void* derivative, void (*forget)(void*), at::Tensor** result, char* problem,
                                           size_t room) {
  return guarded(problem, room, [&] {
    std::shared_ptr<void> owned(derivative, forget);
    const auto node = std::shared_ptr<WithDerivative>(new WithDerivative(*input, derive, std::move(owned)),
                                                      torch::autograd::deleteNode);
    const auto found = output->variable_data();
    torch::autograd::set_history(found, node);
    *result = new at::Tensor(found);
  });
}
