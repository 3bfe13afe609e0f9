// c10d's key-value store on TCP, through which the processes of a group find each other.
// Exceptions must not leave these functions, because they have C linkage. Each returns 0, or -1 and a message.

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <c10/util/Flags.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "catch_exceptions.h"

C10_DECLARE_int(caffe2_log_level);

namespace {

using Store = c10::intrusive_ptr<c10d::Store>;

std::vector<uint8_t> bytes(const char* data, size_t length) { return std::vector<uint8_t>(data, data + length); }

// c10d writes a stack trace to standard error for each connection that fails, in addition to the exception. A library must not print, so
// only fatal errors are logged, unless the user asked for a level. The level is one for all of LibTorch.
void silence_log() {
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = 3;
}

}  // namespace

// Connects to the store at an address. If `listener` is a file descriptor, hosts the store on this listening socket, which it owns then.
extern "C" int align_distributed_store_connect(const char* host, uint16_t port, int listener, int64_t timeout_ms, Store** store,
                                               char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    silence_log();
    c10d::TCPStoreOptions options;
    options.port = port;
    options.isServer = listener >= 0;
    if (listener >= 0) options.masterListenFd = listener;
    options.waitWorkers = false;
    options.timeout = std::chrono::milliseconds(timeout_ms);
    *store = new Store(c10::make_intrusive<c10d::TCPStore>(host, options));
  });
}

// The part of a store whose keys begin with `prefix`, on the same connection.
extern "C" int align_distributed_store_part(const Store* store, const char* prefix, Store** part, char* message, size_t capacity) {
  return catch_exceptions(message, capacity,
                          [&] { *part = new Store(c10::make_intrusive<c10d::PrefixStore>(prefix, *store)); });
}

// The same store on a connection of its own, for another thread.
extern "C" int align_distributed_store_clone(const Store* store, Store** clone, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] { *clone = new Store((*store)->clone()); });
}

extern "C" int align_distributed_store_set(const Store* store, const char* key, const char* value, size_t length, char* message,
                                           size_t capacity) {
  return catch_exceptions(message, capacity, [&] { (*store)->set(key, bytes(value, length)); });
}

// Sets a key that has no value. Writes the value that it has then to `value`, of which there are `*length` bytes, and its length to
// `length`.
extern "C" int align_distributed_store_set_once(const Store* store, const char* key, char* value, size_t* length, size_t value_capacity,
                                                char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    const auto found = (*store)->compareSet(key, {}, bytes(value, *length));
    TORCH_CHECK(found.size() <= value_capacity, "a value of the store has ", found.size(), " bytes, expected at most ", value_capacity);
    std::copy(found.begin(), found.end(), value);
    *length = found.size();
  });
}

// Waits until the key has a value.
extern "C" int align_distributed_store_get(const Store* store, const char* key, char* value, size_t* length, size_t value_capacity,
                                           char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] {
    const auto found = (*store)->get(key);
    TORCH_CHECK(found.size() <= value_capacity, "a value of the store has ", found.size(), " bytes, expected at most ", value_capacity);
    std::copy(found.begin(), found.end(), value);
    *length = found.size();
  });
}

extern "C" int align_distributed_store_has(const Store* store, const char* key, bool* has, char* message, size_t capacity) {
  return catch_exceptions(message, capacity, [&] { *has = (*store)->check({key}); });
}

// Adds to a number, which is 0 at first, and writes the sum.
extern "C" int align_distributed_store_add(const Store* store, const char* key, int64_t number, int64_t* sum, char* message,
                                           size_t capacity) {
  return catch_exceptions(message, capacity, [&] { *sum = (*store)->add(key, number); });
}

extern "C" void align_distributed_store_free(Store* store) { delete store; }
