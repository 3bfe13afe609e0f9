// A node of the autograd graph with a custom backward function; torch-sys has no way to define one.
// Exceptions must not leave these functions, because they have C linkage.

#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <memory>
#include <mutex>

#include "catch_exceptions.h"

namespace {

using torch::autograd::variable_list;

// Computes the gradient of the input from that of the output. Returns 0 and a new tensor in `grad_input`, or -1 and a message.
using BackwardFn = int (*)(void* state, const at::Tensor* grad_output, at::Tensor** grad_input, char* message, size_t capacity);

class CustomBackward : public torch::autograd::Node {
 public:
  CustomBackward(const at::Tensor& input, BackwardFn backward, std::shared_ptr<void> state)
      : Node(torch::autograd::collect_next_edges(input)), backward_(backward), state_(std::move(state)) {}

  variable_list apply(variable_list&& grad_output) override {
    TORCH_CHECK(!at::GradMode::is_enabled(), "a function with a custom backward has first derivatives only");
    TORCH_CHECK(torch::autograd::Engine::get_default_engine().is_checkpoint_valid(),
                "a function with a custom backward adds to its weights' gradients: they cannot be computed one by one");
    if (!grad_output[0].defined()) return {at::Tensor()};
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto state = std::move(state_);
    TORCH_CHECK(state, "the backward pass runs through a function with a custom backward a second time");
    char message[1024] = {0};
    at::Tensor* grad_input = nullptr;
    TORCH_CHECK(backward_(state.get(), &grad_output[0], &grad_input, message, sizeof message) == 0, message);
    return {std::move(*std::unique_ptr<at::Tensor>(grad_input))};
  }

  void release_variables() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    state_.reset();
  }

 private:
  BackwardFn backward_;
  std::shared_ptr<void> state_;
};

}  // namespace

// Whether autograd records operations on `tensor`. Returns 0, or -1 and a message.
extern "C" int align_torch_records_graph(const at::Tensor* tensor, bool* records, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] { *records = at::GradMode::is_enabled() && tensor->requires_grad(); });
}

// Writes the gradient of `weight` to `gradient`; creates zeros if there is none. Returns 0, or -1 and a message.
extern "C" int align_torch_gradient(const at::Tensor* weight, at::Tensor** gradient, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    auto& found = weight->mutable_grad();
    if (!found.defined()) found = at::zeros_like(weight->detach());
    *gradient = new at::Tensor(found);
  });
}

// Frees the gradient of `weight`. Returns 0, or -1 and a message.
extern "C" int align_torch_clear_gradient(const at::Tensor* weight, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] { weight->mutable_grad().reset(); });
}

// Writes to `result` the `output` as a function of `input` in the graph. Takes ownership of `state`, which is freed with `drop`.
// Returns 0, or -1 and a message.
extern "C" int align_torch_with_custom_backward(const at::Tensor* input, const at::Tensor* output, BackwardFn backward,
                                           void* state, void (*drop)(void*), at::Tensor** result, char* message,
                                           size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    std::shared_ptr<void> owned(state, drop);
    const auto node = std::shared_ptr<CustomBackward>(new CustomBackward(*input, backward, std::move(owned)),
                                                      torch::autograd::deleteNode);
    const auto found = output->variable_data();
    torch::autograd::set_history(found, node);
    *result = new at::Tensor(found);
  });
}
