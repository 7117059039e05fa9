from libc.stdint cimport int64_t, uint8_t


cdef extern from "nd_kernels.h" nogil:
    """
    #define ND_NAME_OF_INT(name) {#name, 0},
    #define ND_NAME_OF_REAL(name) {#name, 1},
    static const struct { const char *name; int real; } nd_field_table[] = {ND_FIELDS(ND_NAME_OF_INT, ND_NAME_OF_REAL)};
    enum { ND_FIELD_COUNT = sizeof nd_field_table / sizeof nd_field_table[0] };
    _Static_assert(sizeof(nd_step) == 8 * ND_FIELD_COUNT, "a field is 8 bytes");
    """
    enum:
        ND_FIELD_COUNT
        ND_KERNEL_COUNT
        ND_MAX_THREADS

    ctypedef struct nd_field:
        const char *name
        int real

    const nd_field nd_field_table[]

    ctypedef struct nd_step:
        int64_t kernel

    ctypedef struct nd_kernel:
        const char *name
        const char *isa

    ctypedef struct nd_size:
        int64_t fixed
        int64_t image

    ctypedef struct nd_fault:
        int64_t step
        const char *reason

    ctypedef struct nd_plan_run:
        const nd_step *steps
        int64_t count
        float *const *buffers
        int64_t n
        int threads
        float *scratch
        int64_t scratch_elements
        int (*poll)() noexcept nogil
        int64_t *nanoseconds
        int *team

    const nd_kernel *nd_kernel_of(int64_t kernel)
    int nd_isa_usable(const char *isa)
    nd_fault nd_check(const nd_step *steps, int64_t count, const nd_size *sizes, int64_t buffers, int64_t batch)
    nd_fault nd_check_code(const nd_step *steps, int64_t count, float *const *buffers)
    ctypedef enum nd_place_of_code:
        ND_CODE_CONSTANT
        ND_CODE_BOUND
        ND_CODE_WRITTEN

    nd_place_of_code nd_code_lies(const nd_step *steps, int64_t count, const uint8_t *usage)
    int64_t nd_scratch(const nd_step *steps, int64_t count)
    void nd_usage(const nd_step *steps, int64_t count, int64_t buffers, uint8_t *usage)
    int nd_run(const nd_plan_run *run)


cdef extern from "nd_hash.h":
    const char *ND_HASH


cdef extern from "nd_memory.h" nogil:
    float *nd_allocate(int64_t elements)
    void nd_release(float *memory)


cdef class Engine:
    cdef nd_step *steps
    cdef nd_size *sizes
    cdef float **buffers
    cdef Py_buffer *views
    cdef uint8_t *usage
    cdef uint8_t *passing
    cdef list arrays
    cdef float *arena
    cdef float *scratch
    cdef float *checked
    cdef nd_place_of_code code
    cdef readonly int64_t count
    cdef readonly int64_t batch
    cdef int64_t buffer_count
    cdef int64_t scratch_elements
    cdef int64_t scratch_threads
    cdef int members
    cdef object lock
    cdef object runner

    cdef int load_sizes(self, object sizes) except -1
    cdef int hold(self, int64_t index, object array, int64_t n) except -1
    cdef int study(self) except -1
    cdef int let_go(self, int64_t index) except -1
    cdef int reserve(self, int64_t threads) except -1
    cdef int check_code(self) except -1
    cdef int call(self, int64_t n, int threads, int64_t *nanoseconds) except -1
