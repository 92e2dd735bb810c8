"""The arguments of a training."""

import re
from collections.abc import Mapping
from typing import Any

from cmlp.validation.numbers import check_integer

AUTOMATIC_BATCH = 128


def check_batch_size(batch_size: Any, n_samples: int, needs_full_batch: bool = False) -> int:
    """None and anything above n_samples mean the full batch; "auto" too, where the optimizer needs it."""
    if batch_size is None or (needs_full_batch and batch_size == "auto"):
        return n_samples
    if isinstance(batch_size, str):
        if batch_size != "auto":
            raise ValueError(f"batch_size must be 'auto', None or an integer >= 1, got {batch_size!r}")
        return min(AUTOMATIC_BATCH, n_samples)
    return min(check_integer("batch_size", batch_size, 1), n_samples)


def check_full_batch(optimizer: Any, update_size: int, n_samples: int) -> None:
    """Rprop looks at signs, which mini-batches change at random, and L-BFGS at how gradients differ."""
    if optimizer.needs_full_batch and update_size < n_samples:
        raise ValueError(
            f"batch_size must be 'auto' or None with {type(optimizer).__name__}, which needs the gradient of the full batch, "
            f"got mini-batches of {update_size} of {n_samples} samples"
        )


def check_for_lbfgs(given: dict[str, Any], blocks: Any, layers: Any, disturbed: bool) -> None:
    """What L-BFGS cannot take into account; given: the other arguments of fit, by name."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"LBFGS does not support {name}: it needs the gradient of one cost; leave it out or use Adam")
    if disturbed or any(layer.dropout for layer in layers):
        raise ValueError("LBFGS does not support dropout and input_noise: it needs the gradient of one cost; use Adam")
    if any(layer.mean is not None for layer in layers):
        raise ValueError("LBFGS does not support norm='batch', whose running statistics it would not move: use norm='layer'")
    if blocks is not None and (blocks[:, 1].any() or blocks[:, 3:].any()):
        raise ValueError("LBFGS supports l2 alone of Regularization: l1 has a kink, the others are not part of the cost")


def check_validation_sets(validation_data: Any) -> dict[str, tuple[Any, Any, Any]]:
    """(X, y, sample_weight or None) of each set by name; the first, whatever its name, is "val"."""
    if validation_data is None:
        return {}
    if not isinstance(validation_data, Mapping):
        return {"val": check_validation_data("validation_data", validation_data)}
    if not validation_data:
        raise ValueError("validation_data must have at least one set, got an empty dict")
    found: dict[str, tuple[Any, Any, Any]] = {}
    for name, given in validation_data.items():
        check_set_name("validation_data", name, ("val",) if found else ())
        found[name if found else "val"] = check_validation_data(f"validation_data[{name!r}]", given)
    return found


def check_validation_data(name: str, given: Any) -> tuple[Any, Any, Any]:
    """(X, y, sample_weight or None)."""
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        several = ", or a dict of these by name" if name == "validation_data" else ""
        raise TypeError(f"{name} must be (X, y) or (X, y, sample_weight){several}, got {type(given).__name__}")
    X, y, *rest = given
    return X, y, rest[0] if rest else None


def check_set_name(what: str, name: Any, taken: tuple[str, ...]) -> None:
    """The name of a set or of a metric, which becomes part of a column's name."""
    if not isinstance(name, str) or not re.fullmatch(r"[^\W\d]\w*", name):
        raise ValueError(f"names in {what} must be letters, digits and underscores, such as 'test', got {name!r}")
    if name in taken:
        raise ValueError(f"names in {what} must not be {name!r}, which the history has already")
