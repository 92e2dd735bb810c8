"""What an optimizer keeps between updates. It belongs to the network that is trained."""

from dataclasses import dataclass

from cmlp.layers import Array
from cmlp.runtime.compiled import Cursor, aligned_empty


@dataclass
class OptimizerState:
    """The state of one kind of optimizer.

    Attributes
    ----------
    name : str
        The optimizer's.
    slots : ndarray (n_slots * n_params,)
        Slot after slot, each laid out as theta is.
    cursor : Cursor
        How many updates and epochs there have been.
    """

    name: str
    slots: Array
    cursor: Cursor

    @classmethod
    def of(cls, name: str, slots: Array, t: int, epoch: int) -> "OptimizerState":
        """A state with a copy of the slots, aligned as the core likes it."""
        aligned = aligned_empty(len(slots), slots.dtype)
        aligned[:] = slots
        return cls(name, aligned, Cursor(t, epoch))

    def parts(self) -> tuple[str, Array, int, int]:
        """What `of` makes a state from."""
        return self.name, self.slots, self.cursor.t, self.cursor.epoch
