/* The interpreter of a plan.
 *
 * A stage is one phase of one step (stage 0 opens the run). Its tasks are parted evenly, a part a member, so that a member finds
 * in its cache what it made a step before; it claims from the ticket of its own part, then of the others'. A ticket holds the
 * stage and the next task, so that whoever is late claims from the stage that is running. Whoever finishes a stage's last
 * task opens the next, and runs small ones alone before; nobody waits for a thread that has claimed nothing.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include "nd_kernels.h"
#include "nd_operations.h"
#include "nd_team.h"
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum { PHASES = 8, OPENING = 0, SPINS = 2000, YIELDS = 50 };
static const int64_t small_step = 4000, small_plan = 20000; /* nanoseconds of work that are not worth a second thread */
static const int64_t poll_interval = 50000000, nap = 20000000;

typedef struct { _Alignas(64) _Atomic uint64_t next; } ticket;

typedef struct {
    const nd_plan_run *run;
    ticket tickets[ND_MAX_THREADS];
    _Alignas(64) _Atomic int64_t done;
    _Alignas(64) _Atomic uint32_t epoch;
    _Atomic int sleepers, stop, committed;
    int64_t polled, began;
} run_state;

#define ND_PHASES(operation, written, phases) phases,
static const int phases_of[] = {ND_RULES(ND_PHASES)};
#undef ND_PHASES

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Images of a step: those of the run that it works on, or groups of them. */
static int64_t images_of(const nd_plan_run *run, const nd_step *step)
{
    const int64_t left = run->n > step->first_image ? run->n - step->first_image : 0;
    if (step->lanes) return (run->n + step->lanes - 1) / step->lanes;
    return step->most_images && step->most_images < left ? step->most_images : left;
}

static int64_t tasks_of(const nd_plan_run *run, uint64_t stage)
{
    if (stage == OPENING) return 1;
    const nd_step *step = &run->steps[stage / PHASES - 1];
    return nd_kernel_of(step->kernel)->tasks(step, (int)(stage % PHASES), images_of(run, step));
}

static nd_call call_of(const nd_plan_run *run, uint64_t stage, int member)
{
    const nd_step *step = &run->steps[stage / PHASES - 1];
    nd_call call = {.step = step,
                    .n = images_of(run, step),
                    .phase = (int)(stage % PHASES),
                    .scratch = run->scratch + member * run->scratch_elements};
    for (int i = 0; i < ND_OPERANDS; i++) {
        const nd_operand *o = nd_operand_of(step, i);
        if (o->buffer >= 0 && run->buffers[o->buffer]) call.x[i] = run->buffers[o->buffer] + o->offset;
    }
    return call;
}

/* Asks, on the calling thread, whether to stop. */
static void poll(run_state *state, int member)
{
    if (member || !state->run->poll || atomic_load_explicit(&state->committed, memory_order_relaxed)) return;
    const int64_t time = now();
    if (time - state->polled < poll_interval) return;
    state->polled = time;
    if (state->run->poll()) atomic_store(&state->stop, 1);
}

/* Measured by whoever opens and whoever ends a stage; no two do so at once. */
static void begin_time(run_state *state)
{
    if (state->run->nanoseconds) state->began = now();
}

static void end_time(run_state *state, uint64_t stage)
{
    if (state->run->nanoseconds && stage != OPENING) state->run->nanoseconds[stage / PHASES - 1] += now() - state->began;
}

static int stopped(run_state *state) { return atomic_load(&state->stop) && !atomic_load(&state->committed); }

static void run_stage(run_state *state, uint64_t stage, int64_t tasks, int member)
{
    const nd_call call = call_of(state->run, stage, member);
    const nd_kernel *kernel = nd_kernel_of(call.step->kernel);
    for (int64_t task = 0; task < tasks && !stopped(state); task++) {
        kernel->run(&call, task);
        poll(state, member);
    }
}

static uint64_t end_of(const nd_plan_run *run) { return ((uint64_t)run->count + 1) * PHASES; }

static uint64_t next_stage(const nd_plan_run *run, uint64_t stage)
{
    if (stage == OPENING) return PHASES;
    const nd_step *step = &run->steps[stage / PHASES - 1];
    const int phases = phases_of[step->kernel % ND_OPERATION_COUNT];
    return (int)(stage % PHASES) + 1 < phases ? stage + 1 : (stage / PHASES + 1) * PHASES;
}

/* Runs stages from `stage` on until one is worth sharing (if there is anyone to share with); returns it. Nothing else
 * runs meanwhile. */
static uint64_t advance(run_state *state, uint64_t stage, int member, int share)
{
    const nd_plan_run *run = state->run;
    const uint64_t end = end_of(run);
    while (stage < end && !stopped(state)) {
        const nd_step *step = &run->steps[stage / PHASES - 1];
        if (step->update_starts) {
            if (atomic_load(&state->stop)) break;
            atomic_store(&state->committed, 1);
        }
        const int64_t tasks = tasks_of(run, stage);
        if (share && tasks > 1 && step->cost >= small_step) return stage;
        begin_time(state);
        run_stage(state, stage, tasks, member);
        end_time(state, stage);
        stage = next_stage(run, stage);
    }
    return end;
}

static void publish(run_state *state, uint64_t stage, int size)
{
    begin_time(state);
    atomic_store(&state->done, 0);
    for (int i = 0; i < size; i++) atomic_store(&state->tickets[i].next, stage << 32);
    atomic_fetch_add(&state->epoch, 1);
#if defined(__linux__)
    if (atomic_load(&state->sleepers)) syscall(SYS_futex, &state->epoch, FUTEX_WAKE_PRIVATE, ND_MAX_THREADS, 0, 0, 0);
#endif
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Until the member's ticket is of another stage: spin, then give the processor away, then sleep, so that more threads than cores
 * do no harm. */
static void wait_for_next(run_state *state, uint64_t stage, int member)
{
    const _Atomic uint64_t *own = &state->tickets[member].next;
    for (int64_t turn = 0; atomic_load(own) >> 32 == stage; turn++) {
        if (turn < SPINS) {
            relax();
            continue;
        }
        poll(state, member);
#if defined(__linux__)
        if (turn >= SPINS + YIELDS) {
            const struct timespec limit = {0, nap};
            const uint32_t epoch = atomic_load(&state->epoch);
            atomic_fetch_add(&state->sleepers, 1);
            if (atomic_load(own) >> 32 == stage)
                syscall(SYS_futex, &state->epoch, FUTEX_WAIT_PRIVATE, epoch, &limit, 0, 0);
            atomic_fetch_sub(&state->sleepers, 1);
            continue;
        }
#endif
        sched_yield();
    }
}

/* What a member knows of the stage that it works at. */
typedef struct {
    uint64_t stage;
    int64_t tasks;
    nd_call call;
    const nd_kernel *kernel;
} work_place;

static void enter_stage(run_state *state, work_place *at, uint64_t stage, int member)
{
    at->stage = stage;
    at->tasks = tasks_of(state->run, stage);
    at->call = call_of(state->run, stage, member);
    at->kernel = nd_kernel_of(at->call.step->kernel);
}

/* The next task of any part, the member's own first; -1 where none is left. Enters the stage that the task is of. A part whose
 * ticket still holds an older stage is passed by: who publishes will come to it. */
static int64_t claim(run_state *state, work_place *at, int member, int size)
{
    const uint64_t end = end_of(state->run);
    for (int i = 0; i < size; i++) {
        const int part = (member + i) % size;
        _Atomic uint64_t *next = &state->tickets[part].next;
        const uint64_t seen = atomic_load(next);
        if (i && seen >> 32 == at->stage && (int64_t)(seen & UINT32_MAX) * size > at->tasks + size) continue;
        const uint64_t taken = atomic_fetch_add(next, 1), stage = taken >> 32;
        if (stage < at->stage) continue;
        const int entered = stage != at->stage;
        if (entered && stage >= end) {
            at->stage = stage;
            return -1;
        }
        if (entered) enter_stage(state, at, stage, member);
        const int64_t first = at->tasks * part / size, task = first + (int64_t)(taken & UINT32_MAX);
        if (task < at->tasks * (part + 1) / size) return task;
        if (entered) i = -1; /* parts seen before may have tasks of this stage */
    }
    return -1;
}

static void work(int member, int size, void *argument)
{
    run_state *state = argument;
    const nd_plan_run *run = state->run;
    const uint64_t end = end_of(run);
    if (run->team && !member) *run->team = size;
    if (size == 1) {
        advance(state, PHASES, 0, 0);
        return;
    }
    work_place at = {.stage = OPENING, .tasks = 1};
    for (;;) {
        const int64_t task = claim(state, &at, member, size);
        if (at.stage >= end) return;
        if (task < 0) {
            wait_for_next(state, at.stage, member);
            continue;
        }
        const uint64_t stage = at.stage;
        if (stage != OPENING && !stopped(state)) at.kernel->run(&at.call, task);
        poll(state, member);
        if (atomic_fetch_add(&state->done, 1) == at.tasks - 1) {
            end_time(state, stage);
            publish(state, advance(state, next_stage(run, stage), member, 1), size);
        }
    }
}

int nd_run(const nd_plan_run *run)
{
    run_state state;
    state.run = run;
    state.polled = now();
    atomic_init(&state.done, 0);
    atomic_init(&state.epoch, 0);
    atomic_init(&state.sleepers, 0);
    atomic_init(&state.stop, 0);
    atomic_init(&state.committed, 0);
    for (int i = 0; i < run->threads; i++) atomic_init(&state.tickets[i].next, 0);
    int64_t total = 0;
    for (int64_t i = 0; i < run->count; i++) total += run->steps[i].cost;
    nd_team_run(total < small_plan ? 1 : run->threads, work, &state);
    return stopped(&state);
}
