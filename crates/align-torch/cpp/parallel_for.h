// Loops on LibTorch's threads.

#pragma once

#include <ATen/TensorIterator.h>
#include <ATen/ops/from_blob.h>
#include <c10/util/FunctionRef.h>

#include <cstdint>

// Calls `work(begin, end)` for consecutive parts of 0..n, on LibTorch's threads if there are more than `grain` numbers.
//
// at::parallel_for is compiled into its caller, and without -fopenmp it runs on one thread. With -fopenmp there may be two OpenMP libraries in
// the process, each with its own threads. So this iterates over a tensor of n bytes, which LibTorch distributes to its threads. The bytes
// are never read: their addresses are the numbers.
inline void parallel_for(int64_t n, int64_t grain, c10::function_ref<void(int64_t, int64_t)> work) {
  if (n <= grain) {
    if (n > 0) work(0, n);
    return;
  }
  static char origin;
  const auto numbers = at::from_blob(&origin, {n}, at::kByte);
  auto iterator = at::TensorIteratorConfig().add_const_input(numbers).build();
  iterator.for_each(
      [&](char** data, const int64_t*, int64_t count) {
        const auto begin = static_cast<int64_t>(reinterpret_cast<uintptr_t>(data[0]) - reinterpret_cast<uintptr_t>(&origin));
        work(begin, begin + count);
      },
      grain);
}
