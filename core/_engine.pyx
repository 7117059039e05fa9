# cython: language_level=3, boundscheck=False, wraparound=False, embedsignature=False
"""Checks arrays, then runs a plan in one call of plain C, without the interpreter's lock."""

import os
import platform
import threading

from cpython.buffer cimport (
    PyBUF_FORMAT, PyBUF_ND, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)
from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int64_t, uint8_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

MAX_THREADS = ND_MAX_THREADS
SETS = ("avx512", "avx2", "base")

# What signals' handlers raised during runs, by the thread that ran.
cdef dict raised_in = {}


cdef int poll() noexcept nogil:
    """Lets Python handle signals; 1 when a handler raised."""
    with gil:
        try:
            PyErr_CheckSignals()
        except BaseException as raised:
            raised_in[threading.get_ident()] = raised
            return 1
    return 0


def field_names():
    """Names of the columns of a record, in order."""
    return [nd_field_table[i].name.decode() for i in range(ND_FIELD_COUNT)]


def real_fields():
    """Names of the columns that hold the bits of a double; the others are integers."""
    return frozenset(nd_field_table[i].name.decode() for i in range(ND_FIELD_COUNT) if nd_field_table[i].real)


def kernel_names():
    """The table of kernels as (operation, instruction set); the row is what the field `kernel` holds."""
    return [(nd_kernel_of(i).name.decode(), nd_kernel_of(i).isa.decode()) for i in range(ND_KERNEL_COUNT)]


def kernel_hash():
    """A hash of the sources of the kernels that were compiled."""
    return ND_HASH.decode()


def isas():
    """Instruction sets that this processor runs, the fastest first."""
    return [name for name in SETS if nd_isa_usable(name.encode())]


def isa(name=None):
    """The instruction set to use: `name`, else the environment's NETDSL_ISA, else the fastest.

    Raises ValueError for a name that is unknown or that this processor lacks.
    """
    wanted = name or os.environ.get("NETDSL_ISA") or isas()[0]
    if wanted not in SETS:
        raise ValueError(f"unknown instruction set `{wanted}`; known are {', '.join(SETS)}")
    if wanted not in isas():
        raise ValueError(f"this processor has no `{wanted}`; it has {', '.join(isas())}")
    return wanted


def cpu():
    """The processor's name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def default_threads():
    """The processors that this process may use, at most 256."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MAX_THREADS)


cdef class Engine:
    """The steps of a plan, checked, with their arena and scratch.

    `records`: int64 (steps, len(field_names())). `sizes`: for each buffer, the arena first, its elements as
    (fixed, for each image). `batch`: the most images of a run. Raises ValueError for a plan that is not well
    formed, MemoryError. Runs of one engine take turns; engines run side by side. Arrays stay held until a run brings
    others, but those of the buffers in `passing` are let go after each run.
    """

    def __cinit__(self, const int64_t[:, ::1] records not None, object sizes, int64_t batch, object passing=()):
        if records.shape[1] != ND_FIELD_COUNT:
            raise ValueError(f"a record has {ND_FIELD_COUNT} fields, not {records.shape[1]}")
        self.lock = threading.Lock()
        self.count, self.batch, self.buffer_count = records.shape[0], batch, len(sizes)
        if self.buffer_count < 1:
            raise ValueError("a plan has at least one buffer, its arena")
        self.steps = <nd_step *> calloc(self.count + 1, sizeof(nd_step))
        self.sizes = <nd_size *> calloc(self.buffer_count, sizeof(nd_size))
        self.buffers = <float **> calloc(self.buffer_count, sizeof(float *))
        self.views = <Py_buffer *> calloc(self.buffer_count, sizeof(Py_buffer))
        self.usage = <uint8_t *> calloc(self.buffer_count, 1)
        self.passing = <uint8_t *> calloc(self.buffer_count, 1)
        self.arrays = [None] * self.buffer_count
        if not (self.steps and self.sizes and self.buffers and self.views and self.usage and self.passing):
            raise MemoryError
        for i in passing:
            if not 0 < i < self.buffer_count:
                raise ValueError(f"there is no buffer {i} to let go")
            self.passing[i] = 1
        if self.count:
            memcpy(self.steps, &records[0, 0], self.count * sizeof(nd_step))
        self.load_sizes(sizes)
        fault = nd_check(self.steps, self.count, self.sizes, self.buffer_count, batch)
        if fault.reason:
            raise ValueError(f"step {fault.step}: {fault.reason.decode()}")
        self.study()
        self.arena = nd_allocate(self.sizes[0].fixed)
        if not self.arena:
            raise MemoryError
        self.buffers[0] = self.arena

    def __dealloc__(self):
        cdef int64_t i
        for i in range(self.buffer_count if self.views else 0):
            PyBuffer_Release(&self.views[i])  # nothing where nothing is held
        nd_release(self.arena)
        nd_release(self.scratch)
        free(self.steps)
        free(self.sizes)
        free(self.buffers)
        free(self.views)
        free(self.usage)
        free(self.passing)

    cdef int load_sizes(self, object sizes) except -1:
        cdef int64_t i
        for i in range(self.buffer_count):
            self.sizes[i].fixed, self.sizes[i].image = sizes[i]
        return 0

    @property
    def arena_bytes(self):
        """Bytes of the arena and of the scratch reserved so far."""
        return 4 * (self.sizes[0].fixed + self.scratch_elements * self.scratch_threads)

    @property
    def team(self):
        """Threads of the last run: 1 where it had too little work for more, or another run had them."""
        return self.members

    def fill_arena(self, float number):
        """Overwrite the arena and the scratch, so that a test sees whether anything reads what was not written."""
        cdef int64_t i
        with self.lock:
            for i in range(self.sizes[0].fixed):
                self.arena[i] = number
            for i in range(self.scratch_elements * self.scratch_threads):
                self.scratch[i] = number

    def run(self, object buffers, int64_t n, int64_t threads, int64_t[::1] nanoseconds=None):
        """Run the plan on `n` images, 0 to `batch`, with 1 to 256 threads.

        `buffers`: an array for each buffer but the arena, in order: float32 or int32, contiguous, aligned, large
        enough, writable where a step writes; None where no step needs it. Raises ValueError before anything
        runs, and what a signal's handler raised (KeyboardInterrupt): within a run that has not begun to change
        weights, else after it. `nanoseconds`: a number for each step, to which the time it took is added.
        """
        cdef int64_t i
        cdef int64_t *times = NULL
        if nanoseconds is not None:
            if nanoseconds.shape[0] != self.count:
                raise ValueError(f"there are {self.count} steps, and {nanoseconds.shape[0]} numbers for their times")
            if self.count:
                times = &nanoseconds[0]
        caller = threading.get_ident()
        if self.runner == caller:
            raise RuntimeError("a signal's handler runs the engine that it interrupts")
        if not 0 <= n <= self.batch:
            raise ValueError(f"a run takes 0 to {self.batch} images, not {n}")
        if not 1 <= threads <= ND_MAX_THREADS:
            raise ValueError(f"a run takes 1 to {ND_MAX_THREADS} threads, not {threads}")
        if len(buffers) != self.buffer_count - 1:
            raise ValueError(f"the plan has {self.buffer_count - 1} buffers beside its arena, not {len(buffers)}")
        with self.lock:
            self.runner = caller
            try:
                for i in range(1, self.buffer_count):
                    self.hold(i, buffers[i - 1], n)
                self.check_code()
                self.reserve(threads)
                self.call(n, <int> threads, times)
            finally:
                for i in range(1, self.buffer_count):
                    if self.passing[i]:
                        self.let_go(i)
                self.runner = None
        if raised_in and caller in raised_in:
            raise raised_in.pop(caller)

    cdef int let_go(self, int64_t index) except -1:
        """Forget an array."""
        PyBuffer_Release(&self.views[index])  # nothing where nothing is held
        self.buffers[index] = NULL
        self.arrays[index] = None
        return 0

    cdef int hold(self, int64_t index, object array, int64_t n) except -1:
        """Take hold of an array's memory, checked, unless it is held."""
        cdef Py_buffer *view = &self.views[index]
        cdef int64_t needed = self.sizes[index].fixed + self.sizes[index].image * n
        cdef int flags = PyBUF_ND | PyBUF_FORMAT
        if not self.usage[index]:
            return 0
        if array is None:
            raise ValueError(f"buffer {index} is missing")
        if self.arrays[index] is array and view.len >= 4 * needed:
            return 0
        self.let_go(index)
        if self.usage[index] & 2:
            flags |= PyBUF_WRITABLE
        try:
            PyObject_GetBuffer(array, view, flags)
        except (BufferError, TypeError, ValueError) as cause:
            raise ValueError(f"buffer {index}: {cause}") from None
        cdef int64_t elements = view.len // 4
        reason = None
        if view.itemsize != 4 or view.format[0] not in b"fil":
            reason = "is not of float32 or int32"
        elif <uintptr_t> view.buf % 4:
            reason = "is not aligned"
        elif elements < needed:
            reason = f"holds {elements} elements; {n} images need {needed}"
        if reason:
            self.let_go(index)
            raise ValueError(f"buffer {index} {reason}")
        self.buffers[index] = <float *> view.buf
        self.arrays[index] = array
        return 0

    def renew(self, const int64_t[:, ::1] records not None):
        """Other records for the same steps and buffers, from the next run on; ValueError leaves the old ones."""
        if records.shape[0] != self.count or records.shape[1] != ND_FIELD_COUNT:
            raise ValueError(f"there are {self.count} records of {ND_FIELD_COUNT} fields")
        cdef nd_step *fresh = <nd_step *> calloc(self.count + 1, sizeof(nd_step))
        cdef int64_t i
        if not fresh:
            raise MemoryError
        if self.count:
            memcpy(fresh, &records[0, 0], self.count * sizeof(nd_step))
        with self.lock:
            fault = nd_check(fresh, self.count, self.sizes, self.buffer_count, self.batch)
            if fault.reason:
                free(fresh)
                raise ValueError(f"step {fault.step}: {fault.reason.decode()}")
            free(self.steps)
            self.steps = fresh
            for i in range(1, self.buffer_count):
                self.let_go(i)
            self.checked = NULL
            self.study()

    cdef int study(self) except -1:
        """What the records need of whoever runs them; ValueError where no check of an expression would hold."""
        cdef int64_t needed = nd_scratch(self.steps, self.count)
        nd_usage(self.steps, self.count, self.buffer_count, self.usage)
        self.code = nd_code_lies(self.steps, self.count, self.usage)
        if needed > self.scratch_elements:
            self.scratch_elements, self.scratch_threads = needed, 0
        if self.code == ND_CODE_WRITTEN:
            raise ValueError("the words of an expression lie where a step writes")
        return 0

    def check_constants(self, object constants):
        """Check the words of expressions in an array for buffer 1, before a run; ValueError where one is not sound."""
        with self.lock:
            self.hold(1, constants, 0)
            if self.code != ND_CODE_CONSTANT:
                raise ValueError("the words of an expression lie outside the constants")
            self.check_code()

    cdef int check_code(self) except -1:
        """Check the words of expressions, unless they lie among the constants and were checked there."""
        if self.code == ND_CODE_WRITTEN:
            raise ValueError("the words of an expression lie where a step writes")
        if self.code == ND_CODE_CONSTANT and (self.buffer_count < 2 or self.checked == self.buffers[1] != NULL):
            return 0
        fault = nd_check_code(self.steps, self.count, self.buffers)
        if fault.reason:
            raise ValueError(f"step {fault.step}: {fault.reason.decode()}")
        self.checked = self.buffers[1]
        return 0

    cdef int reserve(self, int64_t threads) except -1:
        """Scratch for so many threads, kept for later runs."""
        if threads <= self.scratch_threads:
            return 0
        nd_release(self.scratch)
        self.scratch, self.scratch_threads = NULL, 0
        self.scratch = nd_allocate(self.scratch_elements * threads)
        if not self.scratch:
            raise MemoryError
        self.scratch_threads = threads
        return 0

    cdef int call(self, int64_t n, int threads, int64_t *nanoseconds) except -1:
        cdef nd_plan_run run
        run.steps, run.count, run.buffers = self.steps, self.count, <float *const *> self.buffers
        run.n, run.threads = n, threads
        run.scratch, run.scratch_elements = self.scratch, self.scratch_elements
        run.poll = poll
        run.nanoseconds = nanoseconds
        run.team = &self.members
        with nogil:
            nd_run(&run)
        return 0
