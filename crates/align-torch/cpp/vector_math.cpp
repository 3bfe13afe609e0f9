// MKL chooses the kernels of its vector functions (exp, log, ...) at their first call. If two threads make it at the same time, one of them may
// get numbers with relative errors of 1e-5 and more. Therefore one thread makes it, before main.

#include <ATen/ops/exp.h>
#include <ATen/ops/zeros.h>

static const bool initialised = [] {
  try {
    return at::exp(at::zeros({16}, at::kFloat)).numel() == 16;
  } catch (...) {
    return false;
  }
}();

// Whether the first call was made. Rust refers to this function, so that this file is linked into every program.
extern "C" bool align_torch_vector_math_is_initialised() { return initialised; }
