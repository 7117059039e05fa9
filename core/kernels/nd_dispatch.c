/* Which kernels there are, and which of them this processor runs. */
#include <string.h>
#include "nd_kernels.h"

extern const nd_kernel nd_kernels_base[ND_OPERATION_COUNT];
#if defined(__x86_64__)
extern const nd_kernel nd_kernels_avx2[ND_OPERATION_COUNT], nd_kernels_avx512[ND_OPERATION_COUNT];
static const nd_kernel *const tables[] = {nd_kernels_avx512, nd_kernels_avx2, nd_kernels_base};
#else
static const nd_kernel *const tables[] = {nd_kernels_base};
#endif

const nd_kernel *nd_kernel_of(int64_t kernel)
{
    return &tables[kernel / ND_OPERATION_COUNT][kernel % ND_OPERATION_COUNT];
}

int nd_isa_usable(const char *isa)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!strcmp(isa, "avx2"))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    if (!strcmp(isa, "avx512"))
        return nd_isa_usable("avx2") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
            && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
#endif
    return !strcmp(isa, "base");
}
