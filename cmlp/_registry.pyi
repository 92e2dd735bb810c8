from dataclasses import dataclass

@dataclass(frozen=True)
class ActivationInfo:
    row: int
    parameter: float = 0.0
    elementwise: bool = True
    needs_Z: bool = False
    output_only: bool = False
    learned: bool = False

@dataclass(frozen=True)
class NormInfo:
    row: int
    by_columns: bool

@dataclass(frozen=True)
class LossInfo:
    row: int
    link: str | None = None
    off: float = 0.0
    hyper: tuple[str, ...] = ()
    outputs_per_target: int = 1

@dataclass(frozen=True)
class OptimizerInfo:
    row: int
    hyper: tuple[str, ...]
    n_slots: int

activations: dict[str, ActivationInfo]
norms: dict[str, NormInfo]
losses: dict[str, LossInfo]
optimizers: dict[str, OptimizerInfo]

def outputs_per_target(loss: str, values: tuple[float, ...]) -> int: ...
