"""The C99 templates of `cmlp.convert.to_c`."""

from cmlp.convert.lookup import entry
from cmlp.convert.onnx_graph import SELU_ALPHA, SELU_SCALE

HEAD = """\
/* {title}: C99, no dependency but the math library (-lm).
{names}

   void predict(const input *x, output *y) reads {n_inputs} inputs and writes {n_outputs} outputs.
   Compiled with -DCMLP_MAIN it is a program that reads CSV from standard input and writes predictions. */

#include <math.h>
#include <tgmath.h>

typedef {real} real;
typedef {input} input;
typedef {output} output;

enum {{ N_INPUTS = {n_inputs}, N_OUTPUTS = {n_outputs} }};
"""

HELPERS = {
    "product": """\
/* z = x W + b, or z += x W; W is (n_in, n_out) in row-major order */
static void product(const real *x, int n_in, const real *W, const real *b, int n_out, real *z, int to_be_added)
{
    int i, j;
    if (!to_be_added)
        for (j = 0; j < n_out; j++)
            z[j] = b ? b[j] : 0;
    for (i = 0; i < n_in; i++)
        for (j = 0; j < n_out; j++)
            z[j] += x[i] * W[(long)i * n_out + j];
}
""",
    "add": """\
static void add(const real *x, int n, real *a)
{
    int j;
    for (j = 0; j < n; j++)
        a[j] += x[j];
}
""",
    "normalise_batch": """\
/* batch normalization, (z - mean) / sqrt(variance + eps) * scale + shift, as a factor and a summand */
static void normalise_batch(real *a, int n, const real *gain, const real *offset)
{
    int j;
    for (j = 0; j < n; j++)
        a[j] = a[j] * gain[j] + offset[j];
}
""",
    "normalise_layer": """\
static void normalise_layer(real *a, int n, const real *scale, const real *shift, real eps)
{
    int j;
    double mean = 0, variance = 0;
    for (j = 0; j < n; j++)
        mean += a[j];
    mean /= n;
    for (j = 0; j < n; j++)
        variance += (a[j] - mean) * (a[j] - mean);
    variance = sqrt(variance / n + eps);
    for (j = 0; j < n; j++)
        a[j] = (real)((a[j] - mean) / variance) * scale[j] + shift[j];
}
""",
    "interpolate": """\
/* the rank of v among n increasing numbers, from 0 to 1, interpolated: where several are equal to v, the last or the first */
static double interpolate(double v, const double *q, int n, int first)
{
    int low = 0, high = n;
    if (v < q[0]) return 0;
    if (v > q[n - 1]) return 1;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (first ? q[middle] < v : q[middle] <= v) low = middle + 1;
        else high = middle;
    }
    if (first && q[low] == v) return (double)low / (n - 1);
    if (q[low - 1] == v) return (double)(low - 1) / (n - 1);
    return (low - 1 + (v - q[low - 1]) / (q[low] - q[low - 1])) / (n - 1);
}
""",
    "normal_score": """\
/* the normal score of v: the standard normal quantile of its rank among the quantiles q */
static double normal_score(double v, const double *q, int n, double edge, double lowest, double highest)
{
    double p, z, t, error;
    int k;
    if (v != v) return v;
    if (v - edge < q[0]) return lowest;
    if (v + edge > q[n - 1]) return highest;
    p = (interpolate(v, q, n, 0) + interpolate(v, q, n, 1)) / 2;
    t = sqrt(-2 * log(p < 0.5 ? p : 1 - p));
    z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    if (p < 0.5) z = -z;
    for (k = 0; k < 4; k++) { /* Halley's method */
        error = p < 0.5 ? 0.5 * erfc(-z / 1.4142135623730951) - p : (1 - p) - 0.5 * erfc(z / 1.4142135623730951);
        error *= 2.5066282746310005 * exp(z * z / 2);
        z -= error / (1 + z * error / 2);
    }
    return z < lowest ? lowest : z > highest ? highest : z;
}
""",
}

HELPERS["calendar"] = """\
/* the year (part 1), month (2), day of the week (3, 0 is Monday) or hour (4) of days since 1970-01-01; 0: the days */
static double calendar(double days, int part)
{
    const double whole = floor(days);
    double z, era, day, year, month;
    if (part == 0 || days != days) return days;
    if (part == 3) {
        z = fmod(whole + 3, 7.0);
        return z < 0 ? z + 7 : z;
    }
    if (part == 4) return fmod(floor(rint((days - whole) * 86400) / 3600), 24.0);
    z = whole + 719468; /* days since 0000-03-01, of the calendar that begins in March */
    era = floor(z / 146097);
    day = z - era * 146097;
    year = floor((day - floor(day / 1460) + floor(day / 36524) - floor(day / 146096)) / 365);
    day -= 365 * year + floor(year / 4) - floor(year / 100);
    month = floor((5 * day + 2) / 153);
    month += month < 10 ? 3 : -9;
    return part == 2 ? month : year + era * 400 + (month <= 2);
}
"""

# elementwise functions of z with a parameter p
OF_ONE = {
    "sign": "z >= 0 ? 1 : -1",
    "sigmoid": "z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z))",
    "tanh": "tanh(z)",
    "relu": "z > 0 ? z : 0",
    "leaky_relu": "z > 0 ? z : p * z",
    "prelu": "z > 0 ? z : p[j] * z",
    "elu": "z > 0 ? z : p * expm1(z)",
    "selu": f"(real){SELU_SCALE!r} * (z > 0 ? z : (real){SELU_ALPHA!r} * expm1(z))",
    "softplus": "(z > 0 ? z : 0) + log1p(exp(-fabs(z)))",
    "softsign": "z / (1 + fabs(z))",
    "hard_sigmoid": "fmin(fmax(z / 6 + (real)0.5, (real)0), (real)1)",
    "hard_tanh": "fmin(fmax(z, (real)-1), (real)1)",
    "relu6": "fmin(fmax(z, (real)0), (real)6)",
    "exponential": "exp(z)",
    "gelu": "z / 2 * erfc(-z * (real)0.70710678118654752440)",
    "gelu_tanh": "z / 2 * (1 + tanh((real)0.79788456080286535588 * (z + (real)0.044715 * z * z * z)))",
    "silu": "z >= 0 ? z / (1 + exp(-z)) : z * exp(z) / (1 + exp(z))",
    "mish": "z * tanh((z > 0 ? z : 0) + log1p(exp(-fabs(z))))",
    "sine": "sin(p * z)",
    "mean_variance": "j % 2 ? exp(z) : z",
}
PARAMETERS = {"leaky_relu": ", real p", "elu": ", real p", "sine": ", real p", "prelu": ", const real *p"}

SOFTMAX = """\
static void f_softmax(real *a, int n)
{
    int j;
    real largest = a[0], sum = 0;
    for (j = 1; j < n; j++)
        if (a[j] > largest) largest = a[j];
    for (j = 0; j < n; j++)
        sum += a[j] = exp(a[j] - largest);
    for (j = 0; j < n; j++)
        a[j] /= sum;
}
"""

PREDICT = """\
/* y, and the logits Z of the last layer if scores is not 0 */
static void run(const input *x, real *scores, output *y)
{{
    {body}
}}

void {prefix}predict(const input *x, output *y)
{{
    run(x, 0, y);
}}
"""

CLASS = """\

/* the index of the predicted class */
int {prefix}predict_class(const input *x)
{{
    output y[N_OUTPUTS];
    real scores[N_OUTPUTS];
    run(x, scores, y);
    {decision}
}}
"""

LARGEST = """\
int j, largest = 0;
    for (j = 1; j < N_OUTPUTS; j++)
        if ({array}[j] > {array}[largest]) largest = j;
    return largest;"""


def activation(name: str) -> str:
    """The C function that applies an activation in place."""
    if name == "softmax":
        return SOFTMAX
    return (
        f"static void f_{name}(real *a, int n{PARAMETERS.get(name, '')})\n{{\n    int j;\n    for (j = 0; j < n; j++) {{\n"
        f"        const real z = a[j];\n        a[j] = {entry(OF_ONE, name, 'C')};\n    }}\n}}\n"
    )
