// Runs C++ for C: what is thrown becomes a message.

#pragma once

#include <c10/util/Exception.h>

#include <cstring>

// `f()`, then 0; or -1, with what it threw in `problem`, cut to `room` bytes with the final 0.
template <typename F>
int guarded(char* problem, size_t room, F f) {
  const auto tell = [&](const char* what) {
    std::strncpy(problem, what, room - 1);
    problem[room - 1] = 0;
    return -1;
  };
  try {
    f();
    return 0;
  } catch (const c10::Error& e) {
    return tell(e.what_without_backtrace());
  } catch (const std::exception& e) {
    return tell(e.what());
  } catch (...) {
    return tell("an exception of unknown type");
  }
}
