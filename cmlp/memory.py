"""What an optimizer remembers between updates. It belongs to the network that is trained."""

from dataclasses import dataclass

from cmlp import _core
from cmlp.layers import Array


@dataclass
class Memory:
    """The memory of one kind of optimizer.

    Attributes
    ----------
    name : str
        The optimizer's.
    state : ndarray (n_slots * n_params,)
        Slot after slot, each laid out as theta is.
    cursor : _core.Cursor
        How many updates and epochs there have been.
    """

    name: str
    state: Array
    cursor: _core.Cursor

    @classmethod
    def of(cls, name: str, state: Array, t: int, epoch: int) -> "Memory":
        """A memory with a copy of the state, aligned as the core likes it."""
        aligned = _core.aligned_empty(len(state), state.dtype)
        aligned[:] = state
        return cls(name, aligned, _core.Cursor(t, epoch))

    def parts(self) -> tuple[str, Array, int, int]:
        """What `of` makes a memory from."""
        return self.name, self.state, self.cursor.t, self.cursor.epoch
