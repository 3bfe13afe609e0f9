// LibTorch's process-wide float32 matmul precision; torch-sys does not expose it.
// Exceptions must not leave these functions, because they have C linkage.

#include <ATen/Context.h>

// Returns 0 for highest, 1 for high, 2 for medium, or -1 if LibTorch throws.
extern "C" int align_torch_get_matmul_precision() {
  try {
    switch (at::globalContext().float32MatmulPrecision()) {
      case at::Float32MatmulPrecision::HIGHEST: return 0;
      case at::Float32MatmulPrecision::HIGH: return 1;
      case at::Float32MatmulPrecision::MEDIUM: return 2;
    }
    return -1;
  } catch (...) {
    return -1;
  }
}

// Returns 0 on success, else -1.
extern "C" int align_torch_set_matmul_precision(int precision) {
  try {
    switch (precision) {
      case 0: at::globalContext().setFloat32MatmulPrecision("highest"); return 0;
      case 1: at::globalContext().setFloat32MatmulPrecision("high"); return 0;
      case 2: at::globalContext().setFloat32MatmulPrecision("medium"); return 0;
    }
    return -1;
  } catch (...) {
    return -1;
  }
}
