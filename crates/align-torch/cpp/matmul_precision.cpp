// LibTorch's process-wide float32 matmul precision, which torch-sys does not expose.
// No exception leaves these functions: across a C boundary it would end the process.

#include <ATen/Context.h>

// 0 highest, 1 high, 2 medium; -1 where LibTorch refuses to tell.
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

// 0 when it was set, -1 when not.
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
