// Converts C++ exceptions to error messages for C callers.

#pragma once

#include <c10/util/Exception.h>

#include <cstring>

// Calls `f()`. Returns 0, or -1 with the exception's message in `message`, truncated to `capacity` bytes including the final 0.
template <typename F>
int catch_exceptions(char* message, size_t capacity, F f) {
  const auto fail = [&](const char* what) {
    std::strncpy(message, what, capacity - 1);
    message[capacity - 1] = 0;
    return -1;
  };
  try {
    f();
    return 0;
  } catch (const c10::Error& e) {
    return fail(e.what_without_backtrace());
  } catch (const std::exception& e) {
    return fail(e.what());
  } catch (...) {
    return fail("an exception of unknown type");
  }
}
