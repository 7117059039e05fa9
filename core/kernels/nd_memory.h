/* Memory for arenas and scratch: aligned to 64 bytes; large ones to 2 MiB, with huge pages advised. */
#ifndef ND_MEMORY_H
#define ND_MEMORY_H

#include <stdint.h>

/* Room for `elements` floats, at least one, or NULL. */
float *nd_allocate(int64_t elements);
void nd_release(float *memory);

#endif
