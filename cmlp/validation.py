"""Every check of what users give, and every error message about it: what was got, what is allowed, what to do."""

import difflib
import itertools
import math
import numbers
from collections.abc import Mapping

import numpy as np

from cmlp import registry

LARGEST_SIZE = 2**31 - 1  # BLAS takes its sizes as int
MOST_THREADS = 256


# --- names and numbers --------------------------------------------------------------------------------------
def check_name(kind: str, name, known) -> str:
    """A name that the table knows."""
    if isinstance(name, str) and name in known:
        return name
    close = difflib.get_close_matches(str(name).lower(), list(known), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"{kind} {name!r} is not known; there are {', '.join(known)}{hint}")


def check_integer(name: str, value, least: int, most: float = math.inf) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not least <= int(value) <= most:
        range_ = f"at least {least}" if most == math.inf else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number, {range_}; got {value!r}")
    return int(value)


def check_number(name: str, value, least: float = -math.inf) -> float:
    try:
        number = float(value) if isinstance(value, numbers.Real) and not isinstance(value, bool) else math.nan
    except OverflowError:  # a whole number beyond every float
        number = math.inf
    if not math.isfinite(number) or number < least:
        range_ = "a finite number" if least == -math.inf else f"a finite number, at least {least:g}"
        raise ValueError(f"{name} must be {range_}; got {value!r}")
    return number


def check_input_scale(input_scale, dtype) -> float:
    """Every input is multiplied by it in dtype, so it must be a number there, and not 0."""
    number = check_number("input_scale", input_scale)
    with np.errstate(over="ignore", under="ignore"):
        converted = dtype.type(number)
    if converted == 0 or not np.isfinite(converted):
        raise ValueError(f"input_scale must be a finite number in {dtype}, other than 0; got {input_scale!r}")
    return number


def check_hyper_parameter(owner: str, name: str, value) -> None:
    """Decay factors (momentum, rho, beta, shrink) lie in [0, 1); epsilon is above 0, grow above 1; the rest is at least 0."""
    name_ = f"{owner}: {name}"
    if name == "centered":
        check_flag(name_, value)
        return
    number = check_number(name_, value, least=0)
    if name in ("momentum", "rho", "beta_1", "beta_2") and number >= 1:
        raise ValueError(f"{name_} must be below 1, or what it remembers never fades; got {value!r}")
    if name == "epsilon" and number == 0:
        raise ValueError(f"{name_} must be above 0, or a gradient of 0 is divided by 0; got {value!r}")
    if (name == "grow" and number <= 1) or (name == "shrink" and not 0 < number < 1):
        raise ValueError(f"{name_} must be {'above 1' if name == 'grow' else 'inside (0, 1)'}; got {value!r}")


def check_share(name: str, value) -> float:
    """A part of a whole that leaves something."""
    number = check_number(name, value, least=0)
    if number >= 1:
        raise ValueError(f"{name} must be in [0, 1); got {value!r}")
    return number


def check_above_zero(name: str, value) -> float:
    number = check_number(name, value, least=0)
    if number == 0:
        raise ValueError(f"{name} must be above 0; got {value!r}")
    return number


def check_quantiles(given, most: int) -> tuple[float, ...]:
    """One, or several in increasing order, each inside (0, 1)."""
    several = tuple(given) if isinstance(given, (list, tuple, np.ndarray)) else (given,)
    if not 1 <= len(several) <= most:
        raise ValueError(f"quantiles: from 1 to {most} of them; got {len(several)}")
    quantiles = tuple(check_number("a quantile", q) for q in several)
    if any(not 0 < q < 1 for q in quantiles) or any(a >= b for a, b in itertools.pairwise(quantiles)):
        raise ValueError(f"quantiles must lie in (0, 1), in increasing order; got {given!r}")
    return quantiles


def check_own_loss(returned, shape: tuple[int, int]):
    """What a user's loss has returned: losses (n,), or one number, and dZ of the shape of Z."""
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise TypeError(f"a custom loss must return a pair (losses, dZ); it returned {type(returned).__name__}")
    losses, dZ = (np.asarray(value) for value in returned)
    if losses.shape not in ((), shape[:1]) or losses.dtype.kind not in "biuf":
        raise ValueError(
            f"a custom loss must return one number, or the loss of each sample, of shape ({shape[0]},); it returned "
            f"{losses.dtype} of shape {losses.shape}"
        )
    if dZ.shape != shape or dZ.dtype.kind not in "biuf":
        raise ValueError(f"a custom loss must return dZ of the shape of Z, {shape}; it returned {dZ.dtype} of shape {dZ.shape}")
    return losses.astype(np.float64), dZ


def check_no_class(what: str, given) -> None:
    """A class where one of its objects is wanted."""
    if isinstance(given, type):
        raise ValueError(f"{what} is the class {given.__name__}; give one of it, {given.__name__}(...)")


def check_returned(value, step: int) -> float:
    """What a user's function of the step has returned."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"a function of the step must return a number; for step {step} it returned {value!r}")
    return float(value)


def check_mapping(name: str, given):
    if given is not None and not isinstance(given, Mapping):
        raise ValueError(f"{name} must be a dict or None; got {given!r}")
    return given


def check_schedule_number(owner: str, name: str, value) -> None:
    """One field of a schedule."""
    name_ = f"{owner}: {name}"
    if name == "restarts":
        check_flag(name_, value)
    elif name == "function":
        if not callable(value):
            raise ValueError(f"{name_} must be a function of the step; got {value!r}")
    elif name == "patience":
        check_integer(name_, value, 1)
    elif name == "rise":
        if not 0 < check_number(name_, value) < 1:
            raise ValueError(f"{name_} must be inside (0, 1); got {value!r}")
    elif name in ("every", "epochs", "start", "end") and value is not None:
        check_above_zero(name_, value)
    elif name == "growth" and check_number(name_, value) < 1:
        raise ValueError(f"{name_} must be at least 1; got {value!r}")
    elif name in ("initial", "final", "highest", "factor", "least", "tol", "rate", "power"):
        check_number(name_, value, least=0)


def check_initial_value(owner: str, name: str, value) -> None:
    check_number(f"{owner}: {name}", value, least=-math.inf if name == "value" else 0)


def check_n_threads(n_threads) -> int:
    return check_integer("n_threads", n_threads, 1, MOST_THREADS)


def check_seed(seed):
    """A Generator as it is; one from an integer or, for None, from the system's entropy."""
    if isinstance(seed, np.random.Generator):
        return seed
    if seed is not None:
        check_integer("seed", seed, 0)
    return np.random.default_rng(seed)


# --- the network --------------------------------------------------------------------------------------------
def check_one_each(name: str, given: list, n: int, what: str) -> None:
    if len(given) != n:
        raise ValueError(f"{name} has {len(given)} entries for {n} {what}{'' if n == 1 else 's'}: give one, or one for each")


def check_sizes(sizes) -> list[int]:
    """Widths of the input and of every layer; their products must fit what addresses memory."""
    if not isinstance(sizes, (list, tuple, np.ndarray)) or len(sizes) < 2:
        raise ValueError(f"layer sizes must be [inputs, ..., outputs], at least two numbers; got {sizes!r}")
    checked = [check_integer(f"layer size {l}", size, 1, LARGEST_SIZE) for l, size in enumerate(sizes)]
    total = sum(fan_in * fan_out + fan_out for fan_in, fan_out in itertools.pairwise(checked))
    if total > 2**48:
        raise ValueError(f"layers of sizes {checked} have {total:,} parameters, more than any memory holds")
    return checked


def check_dtype(dtype) -> np.dtype:
    try:
        found = None if dtype is None else np.dtype(dtype)
    except (TypeError, ValueError):
        found = None
    if found not in (np.float32, np.float64):
        raise ValueError(f"dtype must be 'float32' or 'float64'; got {dtype!r}")
    return found


def check_activation(given, kind: str = "activation") -> tuple[str, float]:
    """(name, parameter) from a name, or from such a pair; the parameter is the registered one unless given."""
    if not isinstance(given, tuple):
        name = check_name(kind, given, registry.activations)
        return name, registry.activations[name].parameter
    if len(given) != 2:
        raise ValueError(f"an activation is a name, or (name, parameter); got {given!r}")
    info = registry.activations[check_name(kind, given[0], registry.activations)]
    if info.parameter == 0:
        having = [name for name, other in registry.activations.items() if other.parameter]
        raise ValueError(f"activation {given[0]!r} has no parameter, got {given!r}; those of {', '.join(having)} can be set")
    parameter = check_number(f"the parameter of {given[0]!r}", given[1])
    if parameter <= 0:
        raise ValueError(f"the parameter of {given[0]!r} must be above 0; got {given[1]!r}")
    return given[0], parameter


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
    spans = [check_integer(f"residual of layer {l}", k, 0, l + 1) for l, k in enumerate(given)]
    return [l - k if k else None for l, k in enumerate(spans)]


def check_activations(activation, n_hidden: int) -> list[tuple[str, float]]:
    """(name, parameter) of each hidden layer."""
    pair = isinstance(activation, tuple) and len(activation) == 2 and isinstance(activation[1], numbers.Real)
    each = isinstance(activation, (list, tuple)) and not pair
    given = list(activation) if each else [activation] * n_hidden
    check_one_each("activation", given, n_hidden, "hidden layer")
    checked = [check_activation(item) for item in (given if each else [activation])]
    for name, _ in checked:
        if registry.activations[name].output_only:
            raise ValueError(f"activation {name!r} cannot stand in a hidden layer: it is an output function; use 'tanh' there")
    return checked if each else checked * n_hidden


def check_output(output, objective, n_outputs: int) -> tuple[str, float]:
    """(name, parameter) of the output function: the loss's link, or the user's choice where the loss leaves it free."""
    loss, each, link = objective.name, objective.outputs_per_target, objective.link
    if loss == "cross_entropy" and n_outputs == 1:
        raise ValueError(
            "loss 'cross_entropy' needs an output for each class; got a last layer of 1, whose softmax is always 1: use "
            "loss='log_loss' for two classes, 'squared_error' for values, or a wider last layer"
        )
    if n_outputs % each:
        raise ValueError(f"loss {loss!r} needs {each} outputs for each target; got a last layer of {n_outputs}")
    if output is None:
        return check_activation(link or "identity")
    if isinstance(output, (str, tuple)) and "prelu" in (output, output[0]):
        raise ValueError("output 'prelu' is not possible: learned slopes belong to hidden layers; use 'leaky_relu'")
    if output == "mean_variance" != link:
        raise ValueError("output 'mean_variance' belongs to loss='gaussian', which sets it itself; leave it out")
    name, parameter = check_activation(output, "output")
    if link is not None and name != link:
        free = [name for name, info in registry.losses.items() if info.link is None]
        raise ValueError(
            f"loss {loss!r} sets the output function itself ({link!r}); output={output!r} is left free only by "
            f"{', '.join(free)}"
        )
    return name, parameter


def check_biases(bias, n_layers: int) -> list[bool]:
    given = list(bias) if isinstance(bias, (list, tuple)) else [bias] * n_layers
    check_one_each("bias", given, n_layers, "layer")
    for value in given:
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"bias must be True, False, or one of these for each layer; got {value!r}")
    return [bool(value) for value in given]


def check_layers(name: str, given, n_layers: int) -> list[int]:
    """Numbers of layers, counted from 0; negative ones from the end."""
    if not isinstance(given, (list, tuple, range, np.ndarray)):
        raise ValueError(f"{name} must be a list of numbers of layers; got {given!r}")
    layers = [check_integer(name, l, -n_layers, n_layers - 1) for l in given]
    return [l % n_layers for l in layers]


def check_given(array, shape, name: str):
    """Given weights or biases."""
    if array.dtype.kind not in "biuf" or array.shape != shape:
        raise ValueError(f"given {name} must be numbers of shape {shape}; got {array.dtype} of shape {array.shape}")
    return array


def check_initial(array, name: str) -> None:
    """What an initialiser, or a given array, has filled."""
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite in {array.dtype}: give smaller ones, without nan")


def check_theta(theta) -> None:
    """What training starts from."""
    wrong = np.flatnonzero(~np.isfinite(theta))
    if len(wrong):
        raise ValueError(f"theta[{wrong[0]}] is {theta[wrong[0]]}: nothing can be learned from there; net.reset() begins again")


def check_outputs(outputs) -> None:
    """What a prediction is read from."""
    wrong = np.flatnonzero(~np.isfinite(outputs).all(axis=1))
    if len(wrong):
        raise FloatingPointError(f"the outputs for X[{wrong[0]}] are {outputs[wrong[0]]}: look at theta, and at the scale of X")


def check_batches_for_norm(layers, batch_size: int) -> None:
    """Batch normalisation of one sample alone would make every unit 0."""
    if batch_size == 1 and any(layer.mean is not None for layer in layers):
        raise ValueError("norm='batch' needs batches of at least two samples; got batch_size 1: take more, or norm='layer'")


def check_learns(output: str) -> None:
    """A network whose output function has derivative 0 can be evaluated, not trained, with a loss on outputs."""
    if registry.activations[output].output_only:
        raise ValueError(
            f"with output {output!r} and a loss on outputs every gradient is 0 and nothing would be learned; use "
            "loss='perceptron', whose output function is sign"
        )


def check_rows_fit(n_rows: int, widths: list[int], bytes_each: int) -> None:
    """A work space of this many rows must be addressable; whether there is memory for it is asked when it is taken."""
    if n_rows * sum(widths) * bytes_each > 2**62:
        raise ValueError(f"a work space for {n_rows:,} rows of {sum(widths):,} numbers overflows; use a smaller batch_size")


def check_traceable(n_samples: int, most: int) -> None:
    if n_samples > most:
        raise ValueError(f"a trace keeps every number of every sample, of {most:,} at most here; got {n_samples:,}")


# --- training -----------------------------------------------------------------------------------------------
def check_batch_size(batch_size, n_samples: int) -> int:
    """None and anything above n_samples mean all samples."""
    if batch_size is None:
        return n_samples
    return min(check_integer("batch_size", batch_size, 1), n_samples)


def check_whole_gradients(name: str, batch_size: int, n_samples: int) -> None:
    """Rprop looks at signs, which batches change at random, and L-BFGS at how gradients differ."""
    if batch_size < n_samples:
        raise ValueError(f"{name} needs whole gradients: batch_size=None; got batches of {batch_size} of {n_samples} samples")


def check_for_lbfgs(clip, rates, average, blocks, layers, disturbed: bool) -> None:
    """What L-BFGS cannot take into account."""
    for name, given in (("clip", clip), ("rates", rates), ("average", average)):
        if given is not None:
            raise ValueError(f"LBFGS cannot be used with {name}: it expects the gradient of one cost; leave it out")
    if disturbed or any(layer.dropout for layer in layers):
        raise ValueError("LBFGS cannot be used with dropout or input_noise: it expects the gradient of one cost; use Adam")
    if any(layer.mean is not None for layer in layers):
        raise ValueError(
            "LBFGS cannot be used with batch normalisation, whose running statistics it would not move: use 'layer'"
        )
    if blocks is not None and (blocks[:, 1].any() or blocks[:, 3:].any()):
        raise ValueError("LBFGS takes l2 alone of the penalties: l1 has a kink, the others are no part of the cost")


def check_stopping(threshold, tol, n_iter_no_change, monitor, restore_best, has_validation_data: bool) -> dict:
    """They as a `stopping.Stopping` takes them."""
    check_name("monitor", monitor, ("loss", "score"))
    if monitor == "score" and not has_validation_data:
        raise ValueError("monitor='score' needs validation_data: no score is taken of the samples that are trained on")
    return {
        "threshold": None if threshold is None else check_number("threshold", threshold, least=0),
        "tol": None if tol is None else check_number("tol", tol, least=0),
        "n_iter_no_change": check_integer("n_iter_no_change", n_iter_no_change, 1),
        "monitor": monitor,
        "restore_best": check_flag("restore_best", restore_best),
    }


def check_kind(name: str, value, kind: type):
    """None, or one of its kind."""
    if value is not None and not isinstance(value, kind):
        raise ValueError(f"{name} must be a cmlp.{kind.__name__} or None; got {value!r}")
    return value


def check_flag(name: str, value) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False; got {value!r}")
    return bool(value)


def check_validation_data(validation_data):
    if validation_data is None:
        return None
    if not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2:
        raise ValueError(f"validation_data must be (X, y); got {type(validation_data).__name__}")
    return tuple(validation_data)


# --- data ---------------------------------------------------------------------------------------------------
def as_array(given, name: str):
    """The caller's own array wherever that is possible; what NumPy would misread in silence is refused."""
    if given is None:
        raise TypeError(f"{name} is None: give {'labels or values, one for each row of X' if name == 'y' else 'an array'}")
    if hasattr(given, "tocsr"):
        raise TypeError(f"{name} is a sparse matrix, which is not taken here: give {name}.toarray()")
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        raise ValueError(f"{name} has {np.ma.count_masked(given)} masked entries: drop such samples, or fill them")
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ValueError(f"{name} is not an array, perhaps because its rows differ in length: {error}") from None
    if array.dtype.kind in "US" and array.ndim == 1 and isinstance(given, (list, tuple)):
        for i, item in enumerate(given):
            if not isinstance(item, (str, bytes)):
                raise TypeError(f"{name} mixes text and other things, as {name}[{i}], {item!r}: make them of one kind")
    return array


def is_missing(label) -> bool:
    """None, nan, NaT and pandas.NA."""
    try:
        return label is None or bool(label != label)
    except (TypeError, ValueError):
        return True


def check_labels(labels, name: str) -> None:
    """Labels of a kind that can be told apart, none of them missing."""
    if labels.dtype.kind in "cV":
        raise TypeError(f"{name} must hold labels, whole numbers or text; got dtype {labels.dtype}")
    if labels.dtype.kind in "OfmM":
        wrong = np.flatnonzero([is_missing(label) for label in labels] if labels.dtype.kind == "O" else labels != labels)
        if len(wrong):
            raise ValueError(f"{name}[{wrong[0]}] is {labels[wrong[0]]}, which names no class: drop such samples, or name it")


def check_matrix(array, width: int | None, name: str = "X"):
    """A real matrix of the right width, as the caller's own array wherever that is possible: nothing is converted here."""
    array = as_array(array, name)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers; got dtype {array.dtype}: encode text and objects first")
    if array.ndim != 2:
        hint = (
            "one sample is X.reshape(1, -1), one feature X.reshape(-1, 1)"
            if array.ndim < 2
            else ("flatten images with X.reshape(len(X), -1)")
        )
        raise ValueError(f"{name} must have shape (n_samples, n_features); got {array.shape}: {hint}")
    if array.shape[0] == 0:
        raise ValueError(f"{name} has no samples: its shape is {array.shape}")
    if width is not None and array.shape[1] != width:
        raise ValueError(f"{name} has {array.shape[1]} columns; the network was made for {width}")
    return array


def check_sparse(X, network) -> None:
    """A sparse X in front of a network."""
    if X.ndim != 2 or X.shape[1] != network.sizes[0]:
        raise ValueError(f"X has shape {X.shape}; the network was made for {network.sizes[0]} columns")
    if X.shape[0] == 0:
        raise ValueError(f"X has no samples: its shape is {X.shape}")
    if X.dtype.kind not in "biuf":
        raise TypeError(f"X must hold real numbers; got dtype {X.dtype}")
    if network.architecture.input_noise or network.architecture.input_dropout:
        raise ValueError("input_noise and input_dropout need a dense X: give X.toarray(), or leave them out")


def check_csr(X) -> None:
    """Compressed rows whose arrays fit together: compiled code reads where they point."""
    n_rows, n_columns = X.shape
    indptr, indices = np.asarray(X.indptr), np.asarray(X.indices)
    whole = (
        indptr.shape == (n_rows + 1,)
        and len(X.data) == len(indices)
        and indptr[0] == 0
        and indptr[-1] == len(indices)
        and bool((np.diff(indptr) >= 0).all())
        and (len(indices) == 0 or (int(indices.min()) >= 0 and int(indices.max()) < n_columns))
    )
    if not whole:
        raise ValueError(f"X is a damaged CSR matrix: its indptr and indices do not fit its shape {X.shape}")


def check_all_finite(array, name: str) -> None:
    """Values of a kind that can be nan."""
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        place = ", ".join(map(str, wrong[0]))
        raise ValueError(f"{name}[{place}] is {array[tuple(wrong[0])]}: {name} contains NaN or inf; drop or fill such samples")


def check_length(array, n_samples: int, name: str) -> None:
    if len(array) != n_samples:
        raise ValueError(f"{name} has {len(array)} rows, X has {n_samples}")


def raise_not_finite(name: str, row: int, column: int | None, value, dtype, scale: float) -> None:
    """The first place where a number is nan or infinite, or becomes so in the network's dtype."""
    place = f"{name}[{row}]" if column is None else f"{name}[{row}, {column}]"
    scaled = "" if scale == 1 else f" times input_scale {scale:g}"
    cause = f"{value!s}" if not np.isfinite(value) else f"{value!s}, which{scaled} is infinite in {dtype}"
    raise ValueError(f"{place} is {cause}: every number must be finite; drop or fill such samples, or scale the column")


def check_sample_weight(sample_weight, n_samples: int):
    """Weights divided by their mean, in float64; None stays None."""
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight)
    if weight.shape != (n_samples,) or weight.dtype.kind not in "biuf":
        raise ValueError(
            f"sample_weight must be {n_samples} numbers, one for each sample; got {weight.dtype} of shape {weight.shape}"
        )
    with np.errstate(over="ignore"):
        weight = weight.astype(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if len(wrong):
        raise ValueError(f"sample_weight[{wrong[0]}] is {weight[wrong[0]]}: a weight must be finite and at least 0")
    largest = weight.max()
    if largest == 0:
        raise ValueError("sample_weight is 0 for every sample: nothing would be learned; give at least one above 0")
    weight /= largest  # so that the mean cannot overflow
    return weight / weight.mean()
