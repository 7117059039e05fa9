/* nd_team.h with POSIX threads: ThreadSanitizer understands every wait of theirs, and none of the OpenMP library's. */
#include <pthread.h>
#include <stdlib.h>
#include "nd_team.h"

typedef struct {
    int member, size;
    void (*work)(int, int, void *);
    void *argument;
} share;

static void *enter(void *given)
{
    const share *own = given;
    own->work(own->member, own->size, own->argument);
    return 0;
}

void nd_team_run(int threads, void (*work)(int member, int size, void *argument), void *argument)
{
    pthread_t made[threads];
    share shares[threads];
    for (int i = 0; i < threads; i++) shares[i] = (share){i, threads, work, argument};
    for (int i = 1; i < threads; i++)
        if (pthread_create(&made[i], 0, enter, &shares[i])) abort();
    enter(&shares[0]);
    for (int i = 1; i < threads; i++) pthread_join(made[i], 0);
}
