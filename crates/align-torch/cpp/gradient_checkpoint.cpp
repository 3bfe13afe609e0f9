// Gradient checkpointing: a node of the autograd graph that computes a layer again in the backward pass; torch-sys has no way to
// define one. Exceptions must not leave these functions, because they have C linkage.

#include <ATen/Context.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

#include <memory>
#include <mutex>

#include "catch_exceptions.h"

namespace {

using torch::autograd::variable_list;

// Runs a layer on `input`, of which it takes ownership. Returns 0 and a new tensor in `output`, or -1 and a message.
using Run = int (*)(void* layer, at::Tensor* input, at::Tensor** output, char* message, size_t capacity);

// Sets the state of a device's random number generator if `rng_state` is defined, and returns the previous state.
at::Tensor exchange_rng_state(at::Device device, const at::Tensor& rng_state) {
  auto generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  const auto before = generator.get_state();
  if (rng_state.defined()) generator.set_state(rng_state);
  return before;
}

// Sets the generator to `rng_state` if it is defined, and restores the previous state at the end of the scope.
class RngStateGuard {
 public:
  RngStateGuard(at::Device device, const at::Tensor& rng_state) : device_(device) {
    if (rng_state.defined()) previous_ = exchange_rng_state(device, rng_state);
  }
  RngStateGuard(const RngStateGuard&) = delete;
  RngStateGuard& operator=(const RngStateGuard&) = delete;
  ~RngStateGuard() {
    if (previous_.defined()) exchange_rng_state(device_, previous_);
  }

 private:
  at::Device device_;
  at::Tensor previous_;
};

class GradientCheckpoint : public torch::autograd::Node {
 public:
  GradientCheckpoint(const at::Tensor& input, at::Tensor rng_state, Run run, std::shared_ptr<void> layer)
      : Node(torch::autograd::collect_next_edges(input)),
        input_(input, /*is_output=*/false),
        rng_state_(std::move(rng_state)),
        run_(run),
        layer_(std::move(layer)) {}

  variable_list apply(variable_list&& gradients) override {
    TORCH_CHECK(!at::GradMode::is_enabled(), "a layer under gradient checkpointing has first derivatives only");
    TORCH_CHECK(torch::autograd::Engine::get_default_engine().is_checkpoint_valid(),
                "under gradient checkpointing gradients are added to all weights: they cannot be computed one by one");
    if (!gradients[0].defined()) return {at::Tensor()};
    at::Tensor input, output;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      // Throws in a second backward pass, and if the input was changed meanwhile.
      input = input_.unpack().detach().set_requires_grad(task_should_compute_output(0));
      const c10::AutoGradMode with_graph(true);
      output = recompute(input);
      TORCH_CHECK(output.requires_grad() && output.sizes() == gradients[0].sizes(),
                  "a layer returned another output when it was run again, of shape ", output.sizes());
    }
    torch::autograd::backward({std::move(output)}, std::move(gradients));
    return {input.grad()};
  }

  void release_variables() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    input_.reset_data();
    rng_state_.reset();
    layer_.reset();
  }

 private:
  at::Tensor recompute(const at::Tensor& input) const {
    const RngStateGuard guard(input.device(), rng_state_);
    char message[1024] = {0};
    at::Tensor* output = nullptr;
    TORCH_CHECK(run_(layer_.get(), new at::Tensor(input), &output, message, sizeof message) == 0, message);
    return std::move(*std::unique_ptr<at::Tensor>(output));
  }

  torch::autograd::SavedVariable input_;
  at::Tensor rng_state_;
  Run run_;
  std::shared_ptr<void> layer_;
};

}  // namespace

// Call before the first run of a layer. Writes to `leaf` the input for that run, or null if autograd records no graph. Writes to
// `rng_state` the state of the generator, or null unless `preserve_rng_state`. Returns 0, or -1 and a message.
extern "C" int align_torch_gradient_checkpoint_begin(const at::Tensor* input, bool preserve_rng_state, at::Tensor** leaf,
                                                     at::Tensor** rng_state, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    if (!at::GradMode::is_enabled()) return;
    if (preserve_rng_state) *rng_state = new at::Tensor(exchange_rng_state(input->device(), at::Tensor()));
    *leaf = new at::Tensor(input->detach().set_requires_grad(input->requires_grad()));
  });
}

// Call after the first run. Writes to `result` the output with this node as its graph, or the output itself if nothing in the layer
// needs a gradient. Takes ownership of `layer`, which is freed with `drop_layer`. `rng_state` may be null. Returns 0, or -1 and a
// message.
extern "C" int align_torch_gradient_checkpoint_end(const at::Tensor* input, const at::Tensor* output,
                                                   const at::Tensor* rng_state, Run run, void* layer, void (*drop_layer)(void*),
                                                   at::Tensor** result, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    std::shared_ptr<void> owned(layer, drop_layer);
    if (!output->requires_grad()) {
      *result = new at::Tensor(*output);
      return;
    }
    const auto node = std::shared_ptr<GradientCheckpoint>(
        new GradientCheckpoint(*input, rng_state ? *rng_state : at::Tensor(), run, std::move(owned)),
        torch::autograd::deleteNode);
    const auto result_tensor = output->variable_data();
    torch::autograd::set_history(result_tensor, node);
    *result = new at::Tensor(result_tensor);
  });
}
