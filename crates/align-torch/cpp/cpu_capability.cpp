// Which of its kernels LibTorch takes on this processor, which torch-sys does not expose.
// No exception leaves this function: across a C boundary it would end the process.

#include <ATen/Version.h>

#include <cstring>

// Writes the name, as `torch.backends.cpu.get_cpu_capability()` gives it, with a zero behind it; -1 where it has no room.
extern "C" int align_torch_cpu_capability(char* name, size_t room) {
  try {
    const std::string found = at::get_cpu_capability();
    if (found.size() + 1 > room) return -1;
    std::memcpy(name, found.c_str(), found.size() + 1);
    return 0;
  } catch (...) {
    return -1;
  }
}
