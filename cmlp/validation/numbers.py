"""Names, numbers, and sets of hyper-parameters."""

import difflib
import itertools
import math
import numbers
from collections.abc import Mapping

import numpy as np

MOST_THREADS = 256


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


def check_flag(name: str, value) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False; got {value!r}")
    return bool(value)


def check_kind(name: str, value, kind: type):
    """None, or one of its kind."""
    if value is not None and not isinstance(value, kind):
        raise ValueError(f"{name} must be a cmlp.{kind.__name__} or None; got {value!r}")
    return value


def check_one_each(name: str, given: list, n: int, what: str) -> None:
    if len(given) != n:
        raise ValueError(f"{name} has {len(given)} entries for {n} {what}{'' if n == 1 else 's'}: give one, or one for each")
