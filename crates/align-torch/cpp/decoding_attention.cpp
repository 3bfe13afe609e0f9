// Attention of one new token in each row over the keys and values that a cache holds. Rows may have different lengths, and the result of a
// row does not depend on the other rows. By LibTorch's operations it takes two batched products, each of which sets up one product for
// each head. Exceptions must not leave this function, because it has C linkage.

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "catch_exceptions.h"
#include "exp_of_negative.h"
#include "fused_nodes.h"
#include "parallel_for.h"

namespace {

// Sums of this many numbers are kept side by side, so that they can be added as vectors.
constexpr int64_t LANES = 16;

// y += a x
ALIGN_VECTORISED void add_scaled(float a, const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] += a * x[i];
}

ALIGN_VECTORISED void scale(float a, float* x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] *= a;
}

ALIGN_VECTORISED void exp_of_differences(float* x, float from, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = exp_of_negative(x[i] - from);
}

ALIGN_VECTORISED float largest(const float* x, int64_t n) {
  float found = -std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < n; i++) found = x[i] > found ? x[i] : found;
  return found;
}

ALIGN_VECTORISED float sum(const float* x, int64_t n) {
  float lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int64_t lane = 0; lane < LANES; lane++) lanes[lane] += x[i + lane];
  float total = 0;
  for (; i < n; i++) total += x[i];
  for (float lane : lanes) total += lane;
  return total;
}

struct Shape {
  int64_t rows, heads, kv_heads, head_dim, slots;
};

struct Options {
  float scale, softcap;
  int64_t window;
};

// The values as floats: themselves, or converted to `buffer`.
const float* floats(const float* x, float*, int64_t) { return x; }

const float* floats(const at::BFloat16* x, float* buffer, int64_t n) {
  for (int64_t i = 0; i < n; i++) buffer[i] = x[i];
  return buffer;
}

// Stores the new key and value of one head of one row, and writes the attention of the query heads that share it.
template <typename T>
void attend(const T* query, const T* key, const T* value, T* keys, T* values, int64_t length, const Shape& shape,
            const Options& options, T* output, std::vector<float>& scratch) {
  const int64_t dim = shape.head_dim, group = shape.heads / shape.kv_heads, total = length + 1;
  for (int64_t i = 0; i < dim; i++) keys[i * shape.slots + length] = key[i];
  std::copy(value, value + dim, values + length * dim);
  const int64_t first = options.window > 0 ? std::max<int64_t>(0, total - options.window) : 0, n = total - first;
  scratch.assign(group * (n + dim) + std::max(n, dim), 0.0f);
  float *scores = scratch.data(), *sums = scores + group * n, *buffer = sums + group * dim;
  for (int64_t i = 0; i < dim; i++) {
    const float* row = floats(keys + i * shape.slots + first, buffer, n);
    for (int64_t head = 0; head < group; head++)
      add_scaled(static_cast<float>(query[head * dim + i]) * options.scale, row, scores + head * n, n);
  }
  for (int64_t head = 0; head < group; head++) {
    float* weights = scores + head * n;
    if (options.softcap > 0)
      for (int64_t i = 0; i < n; i++) weights[i] = options.softcap * std::tanh(weights[i] / options.softcap);
    exp_of_differences(weights, largest(weights, n), n);
    scale(1.0f / sum(weights, n), weights, n);
  }
  for (int64_t token = 0; token < n; token++) {
    const float* row = floats(values + (first + token) * dim, buffer, dim);
    for (int64_t head = 0; head < group; head++) add_scaled(scores[head * n + token], row, sums + head * dim, dim);
  }
  std::copy(sums, sums + group * dim, output);
}

template <typename T>
void attend_rows(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, at::Tensor& keys, at::Tensor& values,
                 const int64_t* lengths, const Shape& shape, const Options& options, at::Tensor& output) {
  const int64_t dim = shape.head_dim, group = shape.heads / shape.kv_heads;
  const T *q = query.const_data_ptr<T>(), *k = key.const_data_ptr<T>(), *v = value.const_data_ptr<T>();
  T *all_keys = keys.mutable_data_ptr<T>(), *all_values = values.mutable_data_ptr<T>(), *out = output.mutable_data_ptr<T>();
  const int64_t longest = *std::max_element(lengths, lengths + shape.rows) + 1;
  const int64_t grain = std::max<int64_t>(1, 65536 / std::max<int64_t>(1, longest * dim * group));
  parallel_for(shape.rows * shape.kv_heads, grain, [&](int64_t begin, int64_t end) {
    std::vector<float> scratch;
    for (int64_t i = begin; i < end; i++) {
      const int64_t held = i * shape.slots * dim;
      attend<T>(q + i * group * dim, k + i * dim, v + i * dim, all_keys + held, all_values + held, lengths[i / shape.kv_heads], shape,
                options, out + i * group * dim, scratch);
    }
  });
}

}  // namespace

// Writes `key` and `value`, (rows, kv_heads, 1, head_dim), to the slots `lengths` of `keys`, (rows, kv_heads, head_dim, slots), and `values`,
// (rows, kv_heads, slots, head_dim). Then writes the attention of `query`, (rows, heads, 1, head_dim), to `output`. Tensors are float32 or
// bfloat16 on a CPU. Returns 0, or -1 and a message.
extern "C" int align_torch_decoding_attention(const at::Tensor* query, const at::Tensor* key, const at::Tensor* value, at::Tensor* keys,
                                              at::Tensor* values, const int64_t* lengths, double scale, double softcap, int64_t window,
                                              at::Tensor** output, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    const auto kind = query->scalar_type();
    TORCH_CHECK(kind == at::kFloat || kind == at::kBFloat16, "decoding attention needs float32 or bfloat16, found ", kind);
    for (const auto* tensor : {query, key, value, static_cast<const at::Tensor*>(keys), static_cast<const at::Tensor*>(values)})
      TORCH_CHECK(tensor->device().is_cpu() && tensor->scalar_type() == kind && tensor->dim() == 4,
                  "decoding attention needs tensors of four dimensions and one dtype on the CPU");
    const Shape shape{query->size(0), query->size(1), keys->size(1), query->size(3), keys->size(3)};
    const int64_t one_token[] = {shape.rows, shape.kv_heads, 1, shape.head_dim};
    const int64_t held_keys[] = {shape.rows, shape.kv_heads, shape.head_dim, shape.slots};
    const int64_t held_values[] = {shape.rows, shape.kv_heads, shape.slots, shape.head_dim};
    TORCH_CHECK(shape.rows > 0 && shape.kv_heads > 0 && shape.heads % shape.kv_heads == 0 && query->size(2) == 1 &&
                    key->sizes() == at::IntArrayRef(one_token) && value->sizes() == at::IntArrayRef(one_token) &&
                    keys->sizes() == at::IntArrayRef(held_keys) && values->sizes() == at::IntArrayRef(held_values) &&
                    keys->is_contiguous() && values->is_contiguous(),
                "a query of shape ", query->sizes(), ", a key of shape ", key->sizes(), ", keys of shape ", keys->sizes(),
                " and values of shape ", values->sizes(), " do not fit each other");
    for (int64_t row = 0; row < shape.rows; row++)
      TORCH_CHECK(lengths[row] >= 0 && lengths[row] < shape.slots, "row ", row, " has ", lengths[row], " tokens in ", shape.slots, " slots");
    const Options options{static_cast<float>(scale), static_cast<float>(softcap), window};
    auto result = at::empty({shape.rows, shape.heads, 1, shape.head_dim}, query->options());
    const auto q = query->contiguous(), k = key->contiguous(), v = value->contiguous();
    if (kind == at::kFloat)
      attend_rows<float>(q, k, v, *keys, *values, lengths, shape, options, result);
    else
      attend_rows<at::BFloat16>(q, k, v, *keys, *values, lengths, shape, options, result);
    *output = new at::Tensor(result);
  });
}
