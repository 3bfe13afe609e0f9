// The CPU capability that LibTorch's kernels use on this processor; torch-sys does not expose it.
// Exceptions must not leave this function, because it has C linkage.

#include <ATen/Version.h>

#include <cstring>

// Writes the name returned by `torch.backends.cpu.get_cpu_capability()` with a terminating zero. Returns 0, or -1 if it does not fit.
extern "C" int align_torch_cpu_capability(char* name, size_t capacity) {
  try {
    const std::string found = at::get_cpu_capability();
    if (found.size() + 1 > capacity) return -1;
    std::memcpy(name, found.c_str(), found.size() + 1);
    return 0;
  } catch (...) {
    return -1;
  }
}
