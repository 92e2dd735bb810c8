"""X, y and weights."""

import contextlib

import numpy as np


def as_array(given, name: str):
    """The caller's own array wherever that is possible; what NumPy would misread in silence is refused."""
    if given is None:
        raise TypeError(f"{name} is None: give {'labels or values, one for each row of X' if name == 'y' else 'an array'}")
    if hasattr(given, "tocsr"):
        raise TypeError(f"{name} is a sparse matrix, which is not supported here: use {name}.toarray()")
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        raise ValueError(f"{name} has {np.ma.count_masked(given)} masked entries: drop such samples, or fill them")
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ValueError(f"{name} is not an array, perhaps because its rows differ in length: {error}") from None
    if array.dtype.kind in "US" and array.ndim == 1 and isinstance(given, (list, tuple)):
        for i, item in enumerate(given):
            if not isinstance(item, (str, bytes)):
                raise TypeError(
                    f"{name} mixes strings with other objects, such as {name}[{i}], {item!r}: convert them to one kind"
                )
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
        raise TypeError(f"{name} must hold labels, integers or strings, got dtype {labels.dtype}")
    if labels.dtype.kind in "OfmM":
        wrong = np.flatnonzero([is_missing(label) for label in labels] if labels.dtype.kind == "O" else labels != labels)
        if len(wrong):
            raise ValueError(f"{name}[{wrong[0]}] is {labels[wrong[0]]}, a missing label: drop such samples, or give it a name")


def check_matrix(array, width: int | None, name: str = "X"):
    """A real matrix of the right width, as the caller's own array wherever that is possible: nothing is converted here."""
    array = as_array(array, name)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}: encode strings and objects first")
    if array.ndim != 2:
        hint = (
            "one sample is X.reshape(1, -1), one feature X.reshape(-1, 1)"
            if array.ndim < 2
            else ("flatten images with X.reshape(len(X), -1)")
        )
        raise ValueError(f"{name} must have shape (n_samples, n_features), got {array.shape}: {hint}")
    if array.shape[0] == 0:
        raise ValueError(f"{name} has no samples: its shape is {array.shape}")
    if width is not None and array.shape[1] != width:
        raise ValueError(f"{name} has {array.shape[1]} columns, the network has {width} inputs")
    return array


def check_sparse(X, network) -> None:
    """A sparse X in front of a network."""
    if X.ndim != 2 or X.shape[1] != network.sizes[0]:
        raise ValueError(f"X must have {network.sizes[0]} columns, got the shape {X.shape}")
    if X.shape[0] == 0:
        raise ValueError(f"X has no samples: its shape is {X.shape}")
    if X.dtype.kind not in "biuf":
        raise TypeError(f"X must hold real numbers, got dtype {X.dtype}")
    if network._architecture.input_noise or network._architecture.input_dropout:
        raise ValueError("input_noise and input_dropout need a dense X: use X.toarray(), or leave them out")


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
        raise ValueError(f"X is an invalid CSR matrix: its indptr and indices do not fit its shape {X.shape}")


def rows_are_sorted(X) -> bool:
    """Whether the columns of each row grow: looked at, because scipy's own flag may be out of date."""
    falls = np.flatnonzero(np.diff(X.indices) < 0) + 1
    return bool(np.isin(falls, X.indptr).all())


def check_all_finite(array, name: str) -> None:
    """Values of a kind that can be nan."""
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        place = ", ".join(map(str, wrong[0]))
        raise ValueError(f"{name}[{place}] is {array[tuple(wrong[0])]}: {name} contains NaN or inf; drop or fill such samples")


def check_values(array, name: str):
    """Finite real numbers, as an array of them."""
    if array.dtype.kind == "O":
        with contextlib.suppress(TypeError, ValueError):
            array = array.astype(np.float64)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    check_all_finite(array, name)
    return array


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
    if weight.dtype.kind in "OU":
        with contextlib.suppress(TypeError, ValueError):
            weight = weight.astype(np.float64)
    if weight.shape == ():
        weight = np.full(n_samples, weight)
    if weight.shape != (n_samples,) or weight.dtype.kind not in "biuf":
        raise ValueError(
            f"sample_weight must be {n_samples} numbers, one for each sample, got {weight.dtype} of shape {weight.shape}"
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
