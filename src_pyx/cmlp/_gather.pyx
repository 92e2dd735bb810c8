"""Rows of the caller's data brought into the work space: picked by index, converted and scaled, never the whole set.

A number is read with memcpy, so the data may lie at any address and with any strides.
"""

from cython cimport floating
from libc.math cimport ldexp
from libc.string cimport memcpy
from numpy cimport (
    NPY_BOOL, NPY_BYTE, NPY_DOUBLE, NPY_FLOAT, NPY_INT, NPY_LONG, NPY_LONGDOUBLE, NPY_LONGLONG, NPY_SHORT,
    NPY_UBYTE, NPY_UINT, NPY_ULONG, NPY_ULONGLONG, NPY_USHORT,
)

from cmlp._row_loops cimport ROW_LOOPS
from cmlp._source cimport Source, holds_rows

cdef extern from "numpy/ndarraytypes.h" nogil:
    int NPY_HALF                 # NumPy's own .pxd leaves it out

cdef extern from *:
    """
    #if defined(__GNUC__)
        #define cmlp_prefetch(p) __builtin_prefetch(p)
    #else
        #define cmlp_prefetch(p) ((void)(p))
    #endif
    """
    void prefetch "cmlp_prefetch"(const void* p) noexcept nogil

cdef enum:
    AHEAD = 4096                 # bytes of the next rows that are asked for while a row is read

cdef struct Half:
    unsigned short bits

ctypedef fused real:
    signed char
    unsigned char
    short
    unsigned short
    int
    unsigned int
    long
    unsigned long
    long long
    unsigned long long
    float
    double
    long double
    Half


cdef inline double half_value(unsigned int bits) noexcept nogil:
    """IEEE 754 binary16: 1 bit sign, 5 exponent, 10 fraction."""
    cdef int exponent = (bits >> 10) & 31
    cdef double fraction = bits & 1023, value
    if exponent == 31:
        value = 1e999 if fraction == 0 else 1e999 - 1e999
    elif exponent == 0:
        value = ldexp(fraction, -24)
    else:
        value = ldexp(1024 + fraction, exponent - 25)
    return -value if bits >> 15 else value


cdef inline void load(const char* address, bint swapped, real* value) noexcept nogil:
    cdef size_t byte
    if swapped:
        for byte in range(sizeof(real)):
            (<char*>value)[byte] = address[sizeof(real) - 1 - byte]
    else:
        memcpy(value, address, sizeof(real))


cdef inline floating convert(real value, floating scale) noexcept nogil:
    if real is Half:
        return <floating>half_value(value.bits) * scale
    else:
        return <floating>value * scale


cdef inline void gather_row(
    const real* data, const char* row, const Source* source, Py_ssize_t width, floating* out,
) noexcept nogil:
    cdef Py_ssize_t j
    cdef real value
    cdef floating scale = <floating>source.scale
    if source.column_stride == sizeof(real) and not source.swapped:
        for j in range(width):
            load(row + j * <Py_ssize_t>sizeof(real), False, &value)
            out[j] = convert(value, scale)
    else:
        for j in range(width):
            load(row + j * source.column_stride, source.swapped, &value)
            out[j] = convert(value, scale)


cdef inline void gather_numbers(
    const real* data, const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t width,
    floating* out,
) noexcept nogil:
    cdef Py_ssize_t i, row
    for i in range(n_rows):
        row = start + i if order == NULL else order[start + i]
        gather_row(data, source.data + row * source.row_stride, source, width, out + i * width)


cdef inline void fetch(const char* row, Py_ssize_t n_bytes) noexcept nogil:
    """Ask for a row before it is needed: rows in random order are beyond the processor's guesses."""
    cdef Py_ssize_t line
    for line in range((<Py_ssize_t>(<size_t>row % 64) + min(n_bytes, <Py_ssize_t>AHEAD) + 63) // 64):
        prefetch(row + 64 * line)


cdef inline void copy_rows(
    const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t width, floating* out,
) noexcept nogil:
    cdef Py_ssize_t i, row, n_bytes = width * sizeof(floating), ahead = max(<Py_ssize_t>1, AHEAD // n_bytes)
    if order != NULL:
        for i in range(min(ahead, n_rows)):
            fetch(source.data + order[start + i] * source.row_stride, n_bytes)
    for i in range(n_rows):
        row = start + i if order == NULL else order[start + i]
        if order != NULL and i + ahead < n_rows:
            fetch(source.data + order[start + i + ahead] * source.row_stride, n_bytes)
        memcpy(out + i * width, source.data + row * source.row_stride, n_bytes)


cdef inline void gather_codes(
    const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t width, floating* out,
) noexcept nogil:
    cdef Py_ssize_t i, j, code
    cdef const Py_ssize_t* codes = <const Py_ssize_t*>source.data
    if order != NULL:
        for i in range(n_rows):
            prefetch(codes + order[start + i])
    for i in range(n_rows):
        code = codes[start + i] if order == NULL else codes[order[start + i]]
        if width == 1:                                     # two classes share one output
            out[i] = 1 if code else <floating>source.off
            continue
        for j in range(width):
            out[i * width + j] = <floating>source.off
        out[i * width + code] = 1


cdef void gather(
    const Source* s, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t width, floating* out,
) noexcept nogil:
    cdef const char* data = s.data
    cdef int kind = s.type_number
    if s.codes:
        gather_codes(s, order, start, n_rows, width, out)
    elif holds_rows(s, width, <floating>0):
        copy_rows(s, order, start, n_rows, width, out)
    elif kind == NPY_FLOAT:
        gather_numbers(<const float*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_DOUBLE:
        gather_numbers(<const double*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_UBYTE or kind == NPY_BOOL:
        gather_numbers(<const unsigned char*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_BYTE:
        gather_numbers(<const signed char*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_SHORT:
        gather_numbers(<const short*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_USHORT:
        gather_numbers(<const unsigned short*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_INT:
        gather_numbers(<const int*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_UINT:
        gather_numbers(<const unsigned int*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_LONG:
        gather_numbers(<const long*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_ULONG:
        gather_numbers(<const unsigned long*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_LONGLONG:
        gather_numbers(<const long long*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_ULONGLONG:
        gather_numbers(<const unsigned long long*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_LONGDOUBLE:
        gather_numbers(<const long double*>data, s, order, start, n_rows, width, out)
    elif kind == NPY_HALF:
        gather_numbers(<const Half*>data, s, order, start, n_rows, width, out)


ROW_LOOPS.gather32, ROW_LOOPS.gather64 = gather[float], gather[double]
