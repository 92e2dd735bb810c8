"""Names, numbers and flags: one check for each kind, of any argument."""

import itertools
import math
import numbers
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from cmlp.validation.names import hint

MOST_THREADS = 256
MONITORS = ("loss", "val_loss", "val_score")


def check_name(what: str, name: Any, known: Iterable[str]) -> str:
    """A name that the table knows."""
    names = list(known)
    if isinstance(name, str) and name in names:
        return name
    kind = ValueError if isinstance(name, str) else TypeError
    raise kind(f"{what} must be one of {', '.join(map(repr, names))}, got {name!r}{hint(what, name, names)}")


def check_integer(name: str, value: Any, least: int, most: float = math.inf) -> int:
    allowed = f"an integer >= {least}" if most == math.inf else f"an integer from {least} to {most}"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be {allowed}, got {value!r}")
    if not least <= int(value) <= most:
        raise ValueError(f"{name} must be {allowed}, got {value!r}")
    return int(value)


def check_number(name: str, value: Any, least: float = -math.inf) -> float:
    allowed = "a finite number" if least == -math.inf else f"a finite number >= {least:g}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be {allowed}, got {value!r}{hint(name, value, ())}")
    try:
        number = float(value)
    except OverflowError:  # an integer beyond every float
        number = math.inf
    if not math.isfinite(number) or number < least:
        raise ValueError(f"{name} must be {allowed}, got {value!r}")
    return number


def check_non_negative(name: str, value: Any) -> float:
    return check_number(name, value, least=0)


def check_positive(name: str, value: Any) -> float:
    number = check_number(name, value, least=0)
    if number == 0:
        raise ValueError(f"{name} must be > 0, got {value!r}")
    return number


def check_share(name: str, value: Any) -> float:
    """A number in [0, 1): a probability, or a decay factor that lets what it remembers fade."""
    number = check_number(name, value, least=0)
    if number >= 1:
        raise ValueError(f"{name} must be in [0, 1), got {value!r}")
    return number


def check_inside_unit(name: str, value: Any) -> float:
    number = check_number(name, value)
    if not 0 < number < 1:
        raise ValueError(f"{name} must be in (0, 1), got {value!r}")
    return number


def check_momentum_of_norm(name: str, value: Any) -> float:
    """The share of the newest batch, in (0, 1]."""
    number = check_positive(name, value)
    if number > 1:
        raise ValueError(f"{name} is the share of the newest batch and must be in (0, 1], got {value!r}")
    return number


def check_above_one(name: str, value: Any) -> float:
    number = check_number(name, value)
    if number <= 1:
        raise ValueError(f"{name} must be > 1, got {value!r}")
    return number


def check_at_least_one(name: str, value: Any) -> float:
    return check_number(name, value, least=1)


def check_positive_integer(name: str, value: Any) -> int:
    return check_integer(name, value, 1)


def check_flag(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def check_string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {value!r}")
    return value


def check_function(name: str, value: Any) -> Callable[..., Any]:
    if not callable(value):
        raise TypeError(f"{name} must be callable, got {value!r}")
    return value


def optional(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """The check of a value that may be None."""
    return lambda name, value: None if value is None else check(name, value)


def check_monitor(name: str, monitor: Any) -> Any:
    """What early stopping, schedules and checkpoints watch."""
    return monitor if callable(monitor) else check_name(name, monitor, MONITORS)


def check_input_scale(input_scale: Any, dtype: np.dtype) -> float:
    """Every input is multiplied by it in dtype, so it must be a number there, and not 0."""
    number = check_number("input_scale", input_scale)
    with np.errstate(over="ignore", under="ignore"):
        converted = dtype.type(number)
    if converted == 0 or not np.isfinite(converted):
        raise ValueError(f"input_scale must be finite in {dtype} and not 0, got {input_scale!r}")
    return number


def check_quantiles(given: Any, most: int) -> tuple[float, ...]:
    """One, or several in increasing order, each inside (0, 1)."""
    several = tuple(given) if isinstance(given, (list, tuple, np.ndarray)) else (given,)
    if not 1 <= len(several) <= most:
        raise ValueError(f"quantiles must hold from 1 to {most} numbers, got {len(several)}")
    quantiles = tuple(check_inside_unit("quantiles", q) for q in several)
    if any(a >= b for a, b in itertools.pairwise(quantiles)):
        raise ValueError(f"quantiles must be in increasing order, got {given!r}")
    return quantiles


def check_custom_loss(returned: Any, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """What a user's loss has returned: losses (n,), or one number, and dZ of the shape of Z."""
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise TypeError(f"a custom loss must return a pair (losses, dZ), got {type(returned).__name__}")
    losses, dZ = (np.asarray(value) for value in returned)
    if losses.shape not in ((), shape[:1]) or losses.dtype.kind not in "biuf":
        raise ValueError(
            f"a custom loss must return one number, or a loss for each sample of shape ({shape[0]},), got {losses.dtype} of "
            f"shape {losses.shape}"
        )
    if dZ.shape != shape or dZ.dtype.kind not in "biuf":
        raise ValueError(f"a custom loss must return dZ of the shape of Z, {shape}, got {dZ.dtype} of shape {dZ.shape}")
    return losses.astype(np.float64), dZ


def check_instance(name: str, given: Any) -> None:
    """Refuse a class where one of its instances is wanted."""
    if isinstance(given, type):
        raise TypeError(f"{name} must be an instance, not the class {given.__name__}: use {given.__name__}(...)")


def check_returned(value: Any, step: int) -> float:
    """What a user's function of the step has returned."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"a function of the step must return a number, got {value!r} for step {step}")
    return float(value)


def check_mapping(name: str, given: Any) -> Any:
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"{name} must be a dict or None, got {given!r}")
    return given


def check_n_threads(n_threads: Any) -> int:
    return check_integer("n_threads", n_threads, 1, MOST_THREADS)


def check_seed(seed: Any) -> np.random.Generator:
    """A Generator as it is; one from an integer or, for None, from the system's entropy."""
    if isinstance(seed, np.random.Generator):
        return seed
    if seed is not None:
        check_integer("seed", seed, 0)
    return np.random.default_rng(seed)


def check_kind(name: str, value: Any, kind: type) -> Any:
    """None, or an instance of this class."""
    if value is not None and not isinstance(value, kind):
        check_instance(name, value)
        raise TypeError(f"{name} must be a cmlp.{kind.__name__} or None, got {value!r}")
    return value


def check_one_each(name: str, given: list, n: int, what: str) -> None:
    if len(given) != n:
        raise ValueError(f"{name} must be one for all, or one for each of {n} {what}{'' if n == 1 else 's'}, got {len(given)}")
