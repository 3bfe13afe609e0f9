// Guards in front of and behind every block that posix_memalign gives, which LibTorch and oneDNN compute in. Whoever frees a block
// whose guards were written to ends the process with 99.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

enum { GUARD = 256, BUCKETS = 1 << 16 };

// Stands at the very front of an allocation, before the front guard.
struct block {
    struct block *next;
    unsigned char *user;
    size_t size;
};

static struct block *blocks[BUCKETS];
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static struct block **bucket(void *user) { return &blocks[((uintptr_t)user / GUARD * 2654435761u) % BUCKETS]; }

static int intact(const unsigned char *guard) {
    for (int at = 0; at < GUARD; at++)
        if (guard[at] != 0xA5) return 0;
    return 1;
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    int (*real)(void **, size_t, size_t) = (int (*)(void **, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
    if (alignment < GUARD) alignment = GUARD;
    // The description takes one alignment, the guard as much of a second one as it needs.
    size_t front = alignment + (sizeof(struct block) + GUARD > alignment ? alignment : 0);
    void *base;
    int failed = real(&base, alignment, front + size + GUARD);
    if (failed) return failed;
    struct block *block = base;
    *block = (struct block){NULL, (unsigned char *)base + front, size};
    memset(block->user - GUARD, 0xA5, GUARD);
    memset(block->user + size, 0xA5, GUARD);
    pthread_mutex_lock(&held);
    struct block **first = bucket(block->user);
    block->next = *first;
    *first = block;
    pthread_mutex_unlock(&held);
    *out = block->user;
    return 0;
}

void free(void *user) {
    static void (*real)(void *);
    if (!real) real = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    if (user != NULL && (uintptr_t)user % GUARD == 0) {
        pthread_mutex_lock(&held);
        struct block **at = bucket(user);
        while (*at != NULL && (*at)->user != user) at = &(*at)->next;
        struct block *block = *at;
        if (block != NULL) *at = block->next;
        pthread_mutex_unlock(&held);
        if (block != NULL) {
            if (!intact(block->user - GUARD) || !intact(block->user + block->size)) {
                static const char told[] = "a guard of the heap was written to\n";
                if (write(2, told, sizeof told - 1) < 0) _exit(98);
                _exit(99);
            }
            user = block;
        }
    }
    real(user);
}
