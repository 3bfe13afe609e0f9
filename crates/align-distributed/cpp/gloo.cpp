// Collective operations between CPUs by c10d's Gloo. Exceptions must not leave these functions, because they have C linkage. Each
// returns 0, or -1 and a message.

#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <chrono>
#include <vector>

#include <mutex>

#include "catch_exceptions.h"

namespace {

using Store = c10::intrusive_ptr<c10d::Store>;
using Gloo = c10::intrusive_ptr<c10d::ProcessGroupGloo>;

// The tensor's memory without its place in a graph.
std::vector<at::Tensor> values(const at::Tensor& tensor) { return {tensor.detach()}; }

std::mutex recorder;

// Begins an operation. c10d notes each one in a recorder of the process, whose maps are not protected against groups in several threads.
template <typename Operation>
auto begin(Operation operation) {
  const std::lock_guard<std::mutex> lock(recorder);
  return operation();
}

}  // namespace

// Connects a process to the others of its group. It listens on an interface if one is given, or else on an address.
extern "C" int align_distributed_gloo_connect(const Store* store, int rank, int size, const char* address, const char* interface,
                                              int64_t timeout_ms, Gloo** gloo, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    const auto options = c10d::ProcessGroupGloo::Options::create(std::chrono::milliseconds(timeout_ms));
    options->devices.push_back(interface ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                                         : c10d::ProcessGroupGloo::createDeviceForHostname(address));
    // Operations come one at a time.
    options->threads = 1;
    *gloo = new Gloo(c10::make_intrusive<c10d::ProcessGroupGloo>(*store, rank, size, options));
  });
}

// Operations: 0 is the sum, 1 the minimum, 2 the maximum.
extern "C" int align_distributed_gloo_all_reduce(const Gloo* gloo, const at::Tensor* tensor, int operation, int64_t timeout_ms,
                                                 char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    using Op = c10d::ReduceOp;
    c10d::AllreduceOptions options;
    options.reduceOp = operation == 0 ? Op::SUM : operation == 1 ? Op::MIN : Op::MAX;
    options.timeout = std::chrono::milliseconds(timeout_ms);
    auto tensors = values(*tensor);
    begin([&] { return (*gloo)->allreduce(tensors, options); })->wait();
  });
}

extern "C" int align_distributed_gloo_broadcast(const Gloo* gloo, const at::Tensor* tensor, int root, int64_t timeout_ms, char* message,
                                                size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    c10d::BroadcastOptions options;
    options.rootRank = root;
    options.timeout = std::chrono::milliseconds(timeout_ms);
    auto tensors = values(*tensor);
    begin([&] { return (*gloo)->broadcast(tensors, options); })->wait();
  });
}

// Writes the tensor of each rank into the row of `output` with the rank's number.
extern "C" int align_distributed_gloo_all_gather(const Gloo* gloo, const at::Tensor* output, const at::Tensor* input,
                                                 int64_t timeout_ms, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    c10d::AllgatherOptions options;
    options.timeout = std::chrono::milliseconds(timeout_ms);
    std::vector<std::vector<at::Tensor>> outputs{output->detach().unbind()};
    auto inputs = values(*input);
    begin([&] { return (*gloo)->allgather(outputs, inputs, options); })->wait();
  });
}

// Sends row `i` of `input` to rank `i`, and writes what rank `j` sends here into row `j` of `output`.
extern "C" int align_distributed_gloo_all_to_all(const Gloo* gloo, const at::Tensor* output, const at::Tensor* input,
                                                 int64_t timeout_ms, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    c10d::AllToAllOptions options;
    options.timeout = std::chrono::milliseconds(timeout_ms);
    std::vector<int64_t> equal_parts;
    auto received = output->detach();
    auto sent = input->detach();
    begin([&] { return (*gloo)->alltoall_base(received, sent, equal_parts, equal_parts, options); })->wait();
  });
}

extern "C" void align_distributed_gloo_free(Gloo* gloo) { delete gloo; }
