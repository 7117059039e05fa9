#include "nd_team.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(_OPENMP)
static atomic_flag busy = ATOMIC_FLAG_INIT;
static atomic_int used, alone;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void after_fork(void)
{
    atomic_flag_clear(&busy);
    if (atomic_load(&used)) atomic_store(&alone, 1);
}

static void watch_forks(void) { pthread_atfork(0, 0, after_fork); }
#endif

/* Sets flush-to-zero, denormals-are-zero, no traps, rounding to nearest; gives what was set before. */
static uint64_t enter_arithmetic(void)
{
#if defined(__x86_64__)
    const unsigned before = _mm_getcsr();
    _mm_setcsr(0x9fc0);
    return before;
#elif defined(__aarch64__)
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)1 << 24));
    return before;
#else
    return 0;
#endif
}

static void leave_arithmetic(uint64_t before)
{
#if defined(__x86_64__)
    _mm_setcsr((unsigned)before);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
    (void)before;
#endif
}

static void as_member(int member, int size, void (*work)(int, int, void *), void *argument)
{
    const uint64_t before = enter_arithmetic();
    work(member, size, argument);
    leave_arithmetic(before);
}

void nd_team_run(int threads, void (*work)(int member, int size, void *argument), void *argument)
{
#if defined(_OPENMP)
    pthread_once(&once, watch_forks);
    if (threads > 1 && !atomic_load(&alone) && !atomic_flag_test_and_set(&busy)) {
        atomic_store(&used, 1);
#pragma omp parallel num_threads(threads)
        as_member(omp_get_thread_num(), omp_get_num_threads(), work, argument);
        atomic_flag_clear(&busy);
        return;
    }
#else
    (void)threads;
#endif
    as_member(0, 1, work, argument);
}
