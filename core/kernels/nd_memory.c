#define _GNU_SOURCE
#include "nd_memory.h"
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { LINE = 64, HUGE_PAGE = 1 << 21 };

float *nd_allocate(int64_t elements)
{
    void *memory = 0;
    if (elements < 1) elements = 1;
    if (elements > (int64_t)1 << 56) return 0;
    const size_t bytes = (size_t)elements * sizeof(float);
    if (posix_memalign(&memory, bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : LINE, bytes)) return 0;
#if defined(__linux__)
    if (bytes >= 2 * HUGE_PAGE) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    return memory;
}

void nd_release(float *memory) { free(memory); }
