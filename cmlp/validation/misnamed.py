"""Arguments under the names of other libraries: a call that fails because of one says what its name is here."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from cmlp.validation.synonyms import ELSEWHERE, SYNONYMS

Target = TypeVar("Target", bound=Callable[..., Any])
Kind = TypeVar("Kind", bound=type)


def answer_misnamed(target: Target) -> Target:
    """A decorator of functions, methods and classes: a call with an argument that there is not says what its name is here.

    It looks only after Python has refused the call. Signature and docstring stay.
    """
    if isinstance(target, type):
        target.__init__ = answer_misnamed(target.__init__)  # type: ignore[misc]
        return target

    @functools.wraps(target)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return target(*args, **kwargs)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise  # from inside
            refused = _refused(target, args, kwargs, error)
        raise refused

    return call  # type: ignore[return-value]


def named_after(cls: Kind) -> Kind:
    """A decorator of a class: the public methods of its bases, which are its parts, bear its name in messages."""
    for base in cls.__mro__[1:-1]:
        for name, method in vars(base).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                method.__qualname__, method.__module__ = f"{cls.__qualname__}.{name}", cls.__module__
    return cls


def refuse_misnamed(kind: type, given: Iterable[str]) -> None:
    """Raise if `kind` is not made from arguments of these names.

    Raises
    ------
    TypeError
    """
    known = _parameters(kind.__init__)  # type: ignore[misc]
    unknown = [] if known is None else [name for name in given if name not in known]
    if unknown:
        raise TypeError(_sentence(kind.__name__, [base.__name__ for base in kind.__mro__], known, {}, unknown))


def _refused(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], error: TypeError) -> TypeError:
    """The answer to a call that Python has refused, in terms of the class that the user knows."""
    name, known = function.__name__, _parameters(function)
    kind = (args[0] if isinstance(args[0], type) else type(args[0])) if args and "." in function.__qualname__ else None
    made = name == "__init__"
    called = name if kind is None else kind.__name__ if made else f"{kind.__name__}.{name}"
    unknown = [] if known is None else [each for each in kwargs if each not in known]
    if not unknown:
        return TypeError(str(error).replace(f"{function.__qualname__}()", f"{called}()"))
    owners = [called] if kind is None else [base.__name__ if made else f"{base.__name__}.{name}" for base in kind.__mro__]
    return TypeError(_sentence(called, owners, known or {}, _beside(kind, name), unknown))


def _beside(kind: type | None, name: str) -> dict[str, str]:
    """The arguments of the other half, with what takes them: those of a class, and those of its `fit`."""
    if kind is None or name not in ("__init__", "fit", "partial_fit"):
        return {}
    if name == "__init__":
        return dict.fromkeys(_parameters(getattr(kind, "fit", None)) or (), f"{kind.__name__}.fit")
    return dict.fromkeys(_parameters(inspect.getattr_static(kind, "__init__")) or (), kind.__name__)


def _parameters(function: Any) -> Mapping[str, Any] | None:
    """The arguments of a function by name; None if it takes any, or is None."""
    if function is None:
        return None
    parameters = inspect.signature(function).parameters
    return None if any(each.kind is each.VAR_KEYWORD for each in parameters.values()) else parameters


def _sentence(called: str, owners: list[str], known: Any, beside: Mapping[str, str], unknown: list[str]) -> str:
    """What is wrong with a call, with an answer for each argument that it does not have."""
    answers = [(name, _answer(name, owners, known, beside)) for name in unknown]
    parts = "; ".join(f"{name!r}: {answer}" if answer else repr(name) for name, answer in answers)
    return f"{called}() got {'an unexpected argument' if len(answers) == 1 else 'unexpected arguments'} {parts}"


def _answer(name: str, owners: list[str], known: Any, beside: Mapping[str, str]) -> str:
    """Where an argument is to be given; empty where nobody knows."""
    groups = [group for group in SYNONYMS if name in group]
    keys = [name, *(group[0] for group in groups if group[0] not in known)]
    texts = (ELSEWHERE[owner][key] for key in keys for owner in owners if key in ELSEWHERE.get(owner, ()))
    text = next(texts, "")
    candidates = [name, *(member for group in groups for member in group)]
    here = next((candidate for candidate in candidates if candidate in known), None)
    there = next((candidate for candidate in candidates if candidate in beside), None)
    if text:
        return text
    if here is not None:
        return f"{here} is its name here"
    return "" if there is None else f"{there} is an argument of {beside[there]}()"
