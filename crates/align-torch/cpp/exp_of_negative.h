// The exponential function for loops that the compiler vectorises, since those of the C library are calls.

#pragma once

#include <cstdint>
#include <cstring>

// exp(x) for x <= 0, within 2 units of the last place; 0 below -87. Of exp(x) = 2^k exp(r), the second factor is Taylor's polynomial.
__attribute__((always_inline)) inline float exp_of_negative(float x) {
  const float bounded = x < -87.0f ? -87.0f : x;
  const float k = static_cast<float>(static_cast<int32_t>(bounded * 1.44269504f - 0.5f));
  const float r = (bounded - k * 0.693359375f) + k * 2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  // A mask, since compilers turn a condition on the result into a branch.
  const int32_t mask = -static_cast<int32_t>(x >= -87.0f);
  const int32_t bits = ((static_cast<int32_t>(k) + 127) << 23) & mask;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}
