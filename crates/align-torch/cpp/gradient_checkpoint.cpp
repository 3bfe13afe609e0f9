// A layer that is computed again in the backward pass: a node of LibTorch's graph, which torch-sys has no way to define.
// No exception leaves these functions: across a C boundary it would end the process.

#include <ATen/Context.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

#include <memory>
#include <mutex>

#include "guarded.h"

namespace {

using torch::autograd::variable_list;

// Runs a layer on `input`, which it takes over: 0 and a new tensor in `output`, or -1 and a problem.
using Run = int (*)(void* layer, at::Tensor* input, at::Tensor** output, char* problem, size_t room);

// Gives a device's generator of random numbers another state, and returns the one before.
at::Tensor exchange_state(at::Device device, const at::Tensor& state) {
  auto generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  const auto before = generator.get_state();
  if (state.defined()) generator.set_state(state);
  return before;
}

// While it lives, the generator goes on from `state`, if there is one.
class DrawsFrom {
 public:
  DrawsFrom(at::Device device, const at::Tensor& state) : device_(device) {
    if (state.defined()) before_ = exchange_state(device, state);
  }
  DrawsFrom(const DrawsFrom&) = delete;
  DrawsFrom& operator=(const DrawsFrom&) = delete;
  ~DrawsFrom() {
    if (before_.defined()) exchange_state(device_, before_);
  }

 private:
  at::Device device_;
  at::Tensor before_;
};

class GradientCheckpoint : public torch::autograd::Node {
 public:
  GradientCheckpoint(const at::Tensor& input, at::Tensor state, Run run, std::shared_ptr<void> layer)
      : Node(torch::autograd::collect_next_edges(input)),
        input_(input, /*is_output=*/false),
        state_(std::move(state)),
        run_(run),
        layer_(std::move(layer)) {}

  variable_list apply(variable_list&& gradients) override {
    TORCH_CHECK(!at::GradMode::is_enabled(), "a layer under gradient checkpointing has first derivatives only");
    TORCH_CHECK(torch::autograd::Engine::get_default_engine().is_checkpoint_valid(),
                "under gradient checkpointing gradients are added to all weights: they cannot be asked for one by one");
    if (!gradients[0].defined()) return {at::Tensor()};
    at::Tensor input, output;
    {
      const std::lock_guard<std::mutex> alone(mutex_);
      // Refuses a second backward pass, and an input that was changed meanwhile.
      input = input_.unpack().detach().set_requires_grad(task_should_compute_output(0));
      const c10::AutoGradMode with_graph(true);
      output = again(input);
      TORCH_CHECK(output.requires_grad() && output.sizes() == gradients[0].sizes(),
                  "a layer gave another output when it was run again, of shape ", output.sizes());
    }
    torch::autograd::backward({std::move(output)}, std::move(gradients));
    return {input.grad()};
  }

  void release_variables() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    input_.reset_data();
    state_.reset();
    layer_.reset();
  }

 private:
  at::Tensor again(const at::Tensor& input) const {
    const DrawsFrom as_before(input.device(), state_);
    char problem[1024] = {0};
    at::Tensor* output = nullptr;
    TORCH_CHECK(run_(layer_.get(), new at::Tensor(input), &output, problem, sizeof problem) == 0, problem);
    return std::move(*std::unique_ptr<at::Tensor>(output));
  }

  torch::autograd::SavedVariable input_;
  at::Tensor state_;
  Run run_;
  std::shared_ptr<void> layer_;
};

}  // namespace

// Before a layer's first run: in `leaf` its input for that run, or null where no graph is made, and in `state` where the generator
// stands, or null unless the layer `draws`. 0, or -1 and a problem.
extern "C" int align_torch_gradient_checkpoint_begin(const at::Tensor* input, bool draws, at::Tensor** leaf,
                                                     at::Tensor** state, char* problem, size_t room) {
  return guarded(problem, room, [&] {
    if (!at::GradMode::is_enabled()) return;
    if (draws) *state = new at::Tensor(exchange_state(input->device(), at::Tensor()));
    *leaf = new at::Tensor(input->detach().set_requires_grad(input->requires_grad()));
  });
}

// Behind it: in `result` its output with this node for a graph, or as it is if nothing in the layer needs a gradient. `layer` is taken
// over, and given to `forget` when nobody needs it any more. `state` may be null. 0, or -1 and a problem.
extern "C" int align_torch_gradient_checkpoint_end(const at::Tensor* input, const at::Tensor* output,
                                                   const at::Tensor* state, Run run, void* layer, void (*forget)(void*),
                                                   at::Tensor** result, char* problem, size_t room) {
  return guarded(problem, room, [&] {
    std::shared_ptr<void> owned(layer, forget);
    if (!output->requires_grad()) {
      *result = new at::Tensor(*output);
      return;
    }
    const auto node = std::shared_ptr<GradientCheckpoint>(
        new GradientCheckpoint(*input, state ? *state : at::Tensor(), run, std::move(owned)),
        torch::autograd::deleteNode);
    const auto found = output->variable_data();
    torch::autograd::set_history(found, node);
    *result = new at::Tensor(found);
  });
}
