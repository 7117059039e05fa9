/* The one team of threads of the process. */
#ifndef ND_TEAM_H
#define ND_TEAM_H

/* Run `work(member, size, argument)` on up to `threads` threads, the caller being member 0, and return when all have.
 * The size is what could be had: 1 while another caller has the team, and for ever in a child forked after a team was
 * used, since OpenMP's threads do not survive that. Denormal numbers are 0 while it runs. */
void nd_team_run(int threads, void (*work)(int member, int size, void *argument), void *argument);

#endif
