// What the fused nodes of decoders share.

#pragma once

// A function compiled for several processors, of which the best is chosen when the program starts. Its loops are simple enough for the
// compiler to vectorise.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define ALIGN_VECTORISED __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define ALIGN_VECTORISED
#endif
