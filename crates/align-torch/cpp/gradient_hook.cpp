// A function that is called when a backward pass has added to the gradient of a weight; torch-sys has no way to register one.
// Exceptions must not leave these functions, because they have C linkage.

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>

#include "catch_exceptions.h"

namespace {

// Returns 0, or -1 and a message.
using Run = int (*)(void* state, char* message, size_t capacity);

class Hook : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(Run run, std::shared_ptr<void> state) : run_(run), state_(std::move(state)) {}

  void operator()(const torch::autograd::Variable&) override {
    char message[1024] = {0};
    TORCH_CHECK(run_(state_.get(), message, sizeof message) == 0, message);
  }

 private:
  Run run_;
  std::shared_ptr<void> state_;
};

}  // namespace

// Calls `run` whenever a backward pass has added to the gradient of `weight`, a leaf. Takes ownership of `state`, also when it fails.
// Returns 0, or -1 and a message.
extern "C" int align_torch_set_gradient_hook(const at::Tensor* weight, Run run, void* state, void (*drop)(void*), char* message,
                                             size_t capacity) {
  const std::shared_ptr<void> owned(state, drop);
  return catch_exceptions(message, capacity, [&] {
    TORCH_CHECK(weight->is_leaf(), "only a leaf of the graph can have a hook for its gradient");
    torch::autograd::impl::set_post_acc_grad_hooks(*weight, std::make_unique<Hook>(run, owned));
  });
}

// Removes the function of `align_torch_set_gradient_hook`. Returns 0, or -1 and a message.
extern "C" int align_torch_remove_gradient_hook(const at::Tensor* weight, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] { torch::autograd::impl::set_post_acc_grad_hooks(*weight, nullptr); });
}
