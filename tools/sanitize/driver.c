/* Runs plans that sanitize/plans.py wrote, with one thread and with several, and compares every byte.
 *
 *     driver THREADS FILE...
 *
 * Each buffer is an allocation of its own, exactly as large as the plan says. Prints a line for each kernel that had
 * something to do; exit 1 where a plan is refused or the bytes differ.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nd_kernels.h"
#include "nd_operations.h"

typedef struct {
    int64_t fields, steps, buffers, batch, n;
    nd_size *sizes;
    nd_step *records;
    int64_t *bytes;
    char **start; /* what each buffer holds before a run */
} plan;

static int seen[ND_KERNEL_COUNT];

static void *take(size_t bytes)
{
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory) abort();
    return memory;
}

static void *take_from(FILE *file, size_t bytes)
{
    void *memory = take(bytes);
    if (fread(memory, 1, bytes, file) != bytes) {
        fprintf(stderr, "a plan ends early\n");
        exit(1);
    }
    return memory;
}

static plan load(const char *path)
{
    plan p;
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    int64_t *head = take_from(file, 5 * sizeof(int64_t));
    p.fields = head[0], p.steps = head[1], p.buffers = head[2], p.batch = head[3], p.n = head[4];
    free(head);
    if (p.fields * 8 != (int64_t)sizeof(nd_step)) {
        fprintf(stderr, "%s: a record of other fields\n", path);
        exit(1);
    }
    p.sizes = take_from(file, (size_t)p.buffers * sizeof(nd_size));
    p.records = take_from(file, (size_t)p.steps * sizeof(nd_step));
    p.bytes = take_from(file, (size_t)p.buffers * sizeof(int64_t));
    p.start = take((size_t)p.buffers * sizeof(char *));
    for (int64_t i = 0; i < p.buffers; i++) p.start[i] = take_from(file, (size_t)p.bytes[i]);
    fclose(file);
    return p;
}

static void release(plan *p)
{
    for (int64_t i = 0; i < p->buffers; i++) free(p->start[i]);
    free(p->start);
    free(p->bytes);
    free(p->records);
    free(p->sizes);
}

static int go_on(void) { return 0; }

/* The buffers after a run with `threads` threads. */
static float **run(const plan *p, int threads)
{
    const int64_t scratch = nd_scratch(p->records, p->steps);
    float **buffers = take((size_t)p->buffers * sizeof(float *));
    for (int64_t i = 0; i < p->buffers; i++) {
        buffers[i] = take((size_t)p->bytes[i]);
        memcpy(buffers[i], p->start[i], (size_t)p->bytes[i]);
    }
    nd_fault fault = nd_check_code(p->records, p->steps, buffers);
    if (fault.reason) {
        fprintf(stderr, "step %lld: %s\n", (long long)fault.step, fault.reason);
        exit(1);
    }
    float *memory = take((size_t)(scratch * threads) * sizeof(float));
    const nd_plan_run all = {.steps = p->records, .count = p->steps, .buffers = buffers, .n = p->n, .threads = threads,
                             .scratch = memory, .scratch_elements = scratch, .poll = go_on};
    nd_run(&all);
    free(memory);
    return buffers;
}

static void forget(const plan *p, float **buffers)
{
    for (int64_t i = 0; i < p->buffers; i++) free(buffers[i]);
    free(buffers);
}

static void note_kernels(const plan *p)
{
    for (int64_t i = 0; i < p->steps; i++) {
        const nd_step *s = p->records + i;
        if (nd_kernel_of(s->kernel)->tasks(s, 0, p->n) > 0) seen[s->kernel] = 1;
    }
}

/* Whether a run with `threads` threads leaves the bytes of a run with one. */
static int same(const plan *p, int threads)
{
    float **alone = run(p, 1), **together = run(p, threads);
    int equal = 1;
    for (int64_t i = 1; i < p->buffers; i++) equal &= !memcmp(alone[i], together[i], (size_t)p->bytes[i]);
    forget(p, alone);
    forget(p, together);
    return equal;
}

static int check(const char *path, int threads)
{
    plan p = load(path);
    const nd_fault fault = nd_check(p.records, p.steps, p.sizes, p.buffers, p.batch);
    if (fault.reason) {
        fprintf(stderr, "%s: step %lld: %s\n", path, (long long)fault.step, fault.reason);
        exit(1);
    }
    int equal = same(&p, threads);
    for (int64_t i = 0; i < p.steps; i++) p.records[i].cost = 1000000; /* worth sharing, every one */
    equal &= same(&p, threads);
    note_kernels(&p);
    release(&p);
    if (!equal) fprintf(stderr, "%s: %d threads give other bytes than one\n", path, threads);
    return equal;
}

int main(int count, char **words)
{
    int fine = 1;
    if (count < 3) {
        fprintf(stderr, "usage: driver THREADS FILE...\n");
        return 2;
    }
    for (int i = 2; i < count; i++) fine &= check(words[i], atoi(words[1]));
    for (int64_t k = 0; k < ND_KERNEL_COUNT; k++)
        if (seen[k]) printf("kernel %s %s\n", nd_kernel_of(k)->name, nd_kernel_of(k)->isa);
    return !fine;
}
