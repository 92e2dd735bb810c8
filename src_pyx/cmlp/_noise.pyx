"""What is drawn at random for each pass: dropout masks, and noise on the inputs.

Each number is a function of the seed, the layer, the update, the sample and the unit alone: no thread and no tile has a part
in it. Equations: cmlp/reference/random.py.
"""

from cython cimport floating
from libc.math cimport log, sqrt
from libc.stdint cimport uint32_t, uint64_t

from cmlp._elementary cimport cosine_of, sine_of
from cmlp._plan cimport n_tiles
from cmlp._random cimport NOISE, Draw, philox
from cmlp._row_loops cimport ROW_LOOPS

cdef extern from *:
    """
    #define TWO_PI 6.2831853071795864769252867665590
    """
    const double TWO_PI

cdef enum:
    UNITS = 16                           # that share the four words of a counter: 16 bits for each
    NORMALS = 8                          # 32 bits for each


cdef inline void draw_words(const Draw* draw, uint64_t purpose, uint64_t block, uint64_t row, uint64_t* words) noexcept nogil:
    cdef uint64_t[4] counter
    counter[0], counter[1], counter[2], counter[3] = block, row, draw.t, purpose
    philox(counter, draw.seed, draw.layer, words)


cdef void draw_mask(
    const Draw* draw, double rate, Py_ssize_t row, Py_ssize_t column, Py_ssize_t stride, Py_ssize_t n_rows,
    Py_ssize_t n_columns, floating* mask,
) noexcept nogil:
    cdef Py_ssize_t i, block, start, j
    cdef uint64_t[4] words
    cdef floating[UNITS] drawn
    cdef uint32_t limit = min(<uint32_t>(65536 * rate + 0.5), <uint32_t>65535), bits
    cdef floating kept = <floating>(1 / (1 - limit / 65536.0))
    # mask = 0 where 16 random bits < 65536 rate, else 1 / (1 - rate)
    for i in range(n_rows):
        for block in range(n_tiles(n_columns, UNITS)):
            start = block * UNITS
            draw_words(draw, draw.purpose, column // UNITS + block, row + i, words)
            for j in range(UNITS):
                bits = <uint32_t>(words[j // 4] >> (16 * (j % 4))) & 0xFFFF
                drawn[j] = kept if bits >= limit else <floating>0
            for j in range(min(<Py_ssize_t>UNITS, n_columns - start)):
                mask[i * stride + start + j] = drawn[j]


cdef void add_noise(
    const Draw* draw, double deviation, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t width, floating* X,
) noexcept nogil:
    cdef Py_ssize_t i, block, start, j
    cdef uint64_t[4] words
    cdef double[NORMALS] drawn
    cdef double radius, angle
    # X += deviation sqrt(-2 log((u + 1/2) / 2^32)) (cos, sin)(2 pi v / 2^32) for the words 2^32 u + v
    for i in range(n_rows):
        for block in range(n_tiles(width, NORMALS)):
            start = block * NORMALS
            draw_words(draw, NOISE, block, row + i, words)
            for j in range(4):
                radius = deviation * sqrt(-2 * log(((words[j] >> 32) + 0.5) / 4294967296.0))
                angle = TWO_PI * <double><uint32_t>words[j] / 4294967296.0
                drawn[2 * j] = radius * cosine_of(angle)
                drawn[2 * j + 1] = radius * sine_of(angle)
            for j in range(min(<Py_ssize_t>NORMALS, width - start)):
                X[i * width + start + j] += <floating>drawn[j]


ROW_LOOPS.draw_mask32, ROW_LOOPS.draw_mask64 = draw_mask[float], draw_mask[double]
ROW_LOOPS.add_noise32, ROW_LOOPS.add_noise64 = add_noise[float], add_noise[double]
