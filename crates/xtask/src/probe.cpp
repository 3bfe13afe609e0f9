// Loads each given library as a program would, then queries LibTorch for GPUs.
// Prints one line per result: a keyword, a space, a value.
#include <cstdio>
#include <dlfcn.h>
#include <exception>
#include <optional>
#include <string>
#include <unistd.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 9
#error "LibTorch's headers need GCC 9 or newer"
#endif
#if defined(__clang__) && __clang_major__ < 9
#error "LibTorch's headers need Clang 9 or newer"
#endif

static std::optional<std::string> load(const char* library) {
    if (dlopen(library, RTLD_NOW | RTLD_GLOBAL) != nullptr) return std::nullopt;
    const char* reason = dlerror();
    return std::string(reason != nullptr ? reason : "no reason given");
}

int main(int count, char** libraries) {
#ifdef __GLIBC__
    std::printf("glibc %s\n", gnu_get_libc_version());
#endif
    for (int i = 1; i < count; i++) {
        const auto reason = load(libraries[i]);
        if (reason) {
            std::printf("broken %s\n", reason->c_str());
        } else {
            std::printf("loaded %s\n", libraries[i]);
        }
    }
    // c10::cuda::device_count_ensure_non_zero(), if libtorch_cuda.so was loaded.
    using Count = signed char();
    auto* gpus = reinterpret_cast<Count*>(dlsym(RTLD_DEFAULT, "_ZN3c104cuda28device_count_ensure_non_zeroEv"));
    if (gpus != nullptr) {
        try {
            std::printf("gpus %d\n", static_cast<int>(gpus()));
        } catch (const std::exception& error) {
            const std::string what = error.what();
            std::printf("no_gpu %s\n", what.substr(0, what.find('\n')).c_str());
        }
    }
    std::fflush(stdout);
    // Skip the libraries' clean-up: it is not part of the test.
    _exit(0);
}
