"""What a network is made from, and what it must be like to compute."""

import itertools

import numpy as np

from cmlp.validation.numbers import check_integer, check_one_each, check_share

LARGEST_SIZE = 2**31 - 1  # BLAS takes its sizes as int


def check_sizes(sizes) -> list[int]:
    """Widths of the input and of every layer; their products must fit what addresses memory."""
    if not isinstance(sizes, (list, tuple, np.ndarray)) or len(sizes) < 2:
        raise ValueError(f"sizes must be [n_inputs, ..., n_outputs], at least two integers, got {sizes!r}")
    checked = [check_integer(f"sizes[{l}]", size, 1, LARGEST_SIZE) for l, size in enumerate(sizes)]
    total = sum(fan_in * fan_out + fan_out for fan_in, fan_out in itertools.pairwise(checked))
    if total > 2**48:
        raise ValueError(f"sizes {checked} make {total:,} parameters, more than any memory holds")
    return checked


def check_dtype(dtype) -> np.dtype:
    try:
        found = None if dtype is None else np.dtype(dtype)
    except (TypeError, ValueError):
        found = None
    if found not in (np.float32, np.float64):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    return found


def check_rates(name: str, given, n_hidden: int) -> list[float]:
    """Rates of dropout, in [0, 1): one for all hidden layers or one for each."""
    rates = list(given) if isinstance(given, (list, tuple, np.ndarray)) else [given] * n_hidden
    check_one_each(name, rates, n_hidden, "hidden layer")
    return [check_share(name, rate) for rate in rates]


def check_residual(given, n_hidden: int) -> list[int | None]:
    """For each hidden layer, the layer whose output it adds, -1 for X, or None.

    One number k makes blocks of k layers behind the first hidden one; a list says for each how many layers back.
    """
    if not isinstance(given, (list, tuple)):
        k = check_integer("residual", given, 0, 2)
        return [l - k if k and l and l % k == 0 else None for l in range(n_hidden)]
    check_one_each("residual", list(given), n_hidden, "hidden layer")
    spans = [check_integer(f"residual[{l}]", k, 0, l + 1) for l, k in enumerate(given)]
    return [l - k if k else None for l, k in enumerate(spans)]


def check_biases(bias, n_layers: int) -> list[bool]:
    given = list(bias) if isinstance(bias, (list, tuple)) else [bias] * n_layers
    check_one_each("bias", given, n_layers, "layer")
    for value in given:
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"bias must be True, False, or one of these for each layer, got {value!r}")
    return [bool(value) for value in given]


def check_layers(name: str, given, n_layers: int) -> list[int]:
    """Indices of layers, counted from 0; negative ones from the end."""
    if not isinstance(given, (list, tuple, range, np.ndarray)):
        raise TypeError(f"{name} must be a list of indices of layers, got {given!r}")
    layers = [check_integer(name, l, -n_layers, n_layers - 1) for l in given]
    return [l % n_layers for l in layers]


def check_given(array, shape, name: str):
    """Given weights or biases."""
    if array.dtype.kind not in "biuf" or array.shape != shape:
        raise ValueError(f"{name} must hold numbers of shape {shape}, got {array.dtype} of shape {array.shape}")
    return array


def check_initial(array, name: str) -> None:
    """What an initializer, or a given array, has filled."""
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite in {array.dtype}: give smaller values, without NaN")


def check_theta(theta) -> None:
    """What training starts from."""
    wrong = np.flatnonzero(~np.isfinite(theta))
    if len(wrong):
        raise ValueError(
            f"theta[{wrong[0]}] is {theta[wrong[0]]}: training needs finite parameters; net.reset() reinitializes them"
        )


def check_outputs(outputs) -> None:
    """What a prediction is read from."""
    if np.isfinite(outputs).all():
        return
    wrong = np.flatnonzero(~np.isfinite(outputs).all(axis=1))
    raise FloatingPointError(f"the outputs for X[{wrong[0]}] are {outputs[wrong[0]]}: look at theta, and at the scale of X")


def check_batches_for_norm(layers, batch_size: int) -> None:
    """Batch normalization of one sample alone would make every unit 0."""
    if batch_size == 1 and any(layer.mean is not None for layer in layers):
        raise ValueError("batch_size must be >= 2 with norm='batch', got 1: use a larger one, or norm='layer'")


def check_rows_fit(n_rows: int, widths: list[int], bytes_each: int) -> None:
    """A work space of this many rows must be addressable; whether there is memory for it is asked when it is taken."""
    if n_rows * sum(widths) * bytes_each > 2**62:
        raise ValueError(f"a work space for {n_rows:,} rows of {sum(widths):,} numbers overflows; use a smaller batch_size")


def check_traceable(n_samples: int, most: int) -> None:
    if n_samples > most:
        raise ValueError(f"a trace keeps every number of every sample, of {most:,} at most here, got {n_samples:,}")
