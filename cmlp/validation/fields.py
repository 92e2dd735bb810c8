"""Sets of hyperparameters whose classes say what each field may be."""

import dataclasses
import numbers
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from cmlp.validation.misnamed import refuse_misnamed
from cmlp.validation.numbers import check_flag, check_integer, check_number

Check = Callable[[str, Any], Any]
Checks = Mapping[str, Check]


def check_by_kind(name: str, value: Any, default: Any) -> Any:
    """A field without a check of its own: a finite number, or what its default is; other objects are the class's business."""
    if isinstance(default, bool):
        return check_flag(name, value)
    if isinstance(default, int):
        return check_integer(name, value, 0)
    return check_number(name, value) if isinstance(value, numbers.Number) else value


@dataclasses.dataclass(frozen=True)
class Hyperparameters:
    """A frozen set of hyperparameters. Subclasses are dataclasses, too; ``checks`` names what each field may be.

    A check is a function of (name, value) that raises; those of the base classes hold too. A subclass of a user's own that
    names none has its numbers checked for being finite.
    """

    checks: ClassVar[Checks] = {}

    if not TYPE_CHECKING:  # which would take it for the signature of subclasses without fields

        def __new__(cls, *args, **kwargs):
            if not kwargs.keys() <= cls.__dataclass_fields__.keys():
                refuse_misnamed(cls, kwargs)
            return super().__new__(cls)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            self.check(field.name, getattr(self, field.name))

    @classmethod
    def check(cls, name: str, value: Any) -> None:
        """Raise if a field must not have this value.

        Raises
        ------
        TypeError, ValueError
        """
        shown = f"{cls.__name__}: {name}"
        for base in cls.__mro__:
            check = vars(base).get("checks", {}).get(name)
            if check is not None:
                check(shown, value)
                return
        check_by_kind(shown, value, getattr(cls, name, None))
