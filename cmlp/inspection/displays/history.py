"""Learning curves of one training or several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.inspection.displays import style
from cmlp.inspection.subjects import Subject
from cmlp.model import Model
from cmlp.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Trained = History | Subject
KNOWN = {"epoch", "loss", "largest_change", "learning_rate", "time", "val_loss", "val_score"}  # columns of every history
LABELS = {"loss": "loss", "val_loss": "loss", "val_score": "score (validation)", "learning_rate": "learning rate"}


@dataclass(eq=False)
class HistoryDisplay:
    """Learning curves: loss, score and learning rate by epoch.

    Attributes
    ----------
    runs : dict of str to dict of str to list
        Name of each run to its columns: see `History.to_dict`.
    """

    runs: dict[str, dict[str, list]]

    def __repr__(self) -> str:
        lengths = [f"{name + ': ' if name else ''}{len(run['epoch'])} epochs" for name, run in self.runs.items()]
        return f"<HistoryDisplay: {', '.join(lengths)}>"

    @classmethod
    def from_history(cls, history: "Trained | Mapping[str, Trained]") -> "HistoryDisplay":
        """From one history, or what has been trained, or a dict of several."""
        given = {name: history_of(each, name) for name, each in each_run(history).items()}
        for name, each in given.items():
            if not each.epoch:
                raise ValueError(f"history {name!r} must have at least one epoch, got 0")
        return cls({name: each.to_dict() for name, each in given.items()})

    @property
    def rows(self) -> list[str]:
        """What is plotted, from top to bottom."""
        names = ["loss"]
        names += ["val_score"] if any("val_score" in run for run in self.runs.values()) else []
        names += dict.fromkeys(name for run in self.runs.values() for name in self._metrics(run))
        rates = [np.array(run["learning_rate"]) for run in self.runs.values()]
        moved = any(np.isfinite(rate).all() and np.ptp(rate) > 0 for rate in rates)
        return names + (["learning_rate"] if moved else [])

    @staticmethod
    def _metrics(run: dict[str, list]) -> list[str]:
        """What else was computed on validation data, and on further sets of it."""
        return [name for name in run if name not in KNOWN]

    def plot(self, axes: "Sequence[Axes] | None" = None, *, log: bool = False) -> "HistoryDisplay":
        """Draw the curves; axes: one for each of `rows`; log: the loss on a logarithmic scale."""
        self.axes_ = style.new_column(axes, len(self.rows))
        self.figure_ = self.axes_[0].figure
        for ax, name in zip(self.axes_, self.rows):
            for k, (run, columns) in enumerate(self.runs.items()):
                self._line(ax, name, run, columns, k)
            ax.set_ylabel(LABELS.get(name, name.replace("_", " ")))
            ax.margins(x=0.02)
        if log:
            self.axes_[0].set_yscale("log")
        n_lines = len(self.axes_[0].lines)
        if n_lines > 4:  # above the curves, which it would cover
            self.axes_[0].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize="small")
            if axes is None:
                self.figure_.set_figheight(self.figure_.get_figheight() + 0.1 * n_lines + 0.2)
        elif n_lines > 1:
            self.axes_[0].legend()
        self.axes_[-1].set_xlabel("epoch")
        return self

    def _line(self, ax, name: str, run: str, columns: dict[str, list], k: int) -> None:
        one = len(self.runs) == 1
        if name == "loss":
            label = "training" if one else run
            ax.plot(columns["epoch"], columns["loss"], label=label, **style.line_style(0 if one else k))
            if "val_loss" in columns:
                label = "validation" if one else f"{run}, validation"
                marker = "o" if len(columns["epoch"]) <= 50 else ""
                settings = style.line_style(1 if one else k) | ({} if one else {"linewidth": 0.8})
                ax.plot(columns["epoch"], columns["val_loss"], label=label, marker=marker, markersize=3, **settings)
        elif name in columns:
            ax.plot(columns["epoch"], columns[name], label=run, **style.line_style(k))


def each_run(given: Any) -> Mapping[str, Any]:
    """Runs by name, from one or several."""
    return given if isinstance(given, Mapping) else {"": given}


def history_of(given: Any, name: str) -> History:
    """A history itself, or that of what has been trained.

    Raises
    ------
    TypeError
    """
    found = given.network if isinstance(given, Model) else given
    if not isinstance(found, History):
        found = getattr(found, "history_", getattr(found, "history", None))
    if not isinstance(found, History):
        raise TypeError(
            f"history{[name] if name else ''} must be a History, or what has been trained, got {type(given).__name__}"
        )
    return found


def plot_history(
    history: "Trained | Mapping[str, Trained]", axes: "Sequence[Axes] | None" = None, *, log: bool = False
) -> HistoryDisplay:
    """Plot learning curves: training and validation loss by epoch, the validation score, metrics, a learning rate that changes.

    Parameters
    ----------
    history : History, Network, fitted estimator, or a dict of str to these
        As `Network.fit` returns it, or what has been trained, for its last call of fit; a dict for several runs, by name.
    axes : matplotlib axes, or a list of them, optional
        One for each of ``rows``; default: a new figure.
    log : bool, default False
        Plot the loss on a logarithmic scale.

    Returns
    -------
    HistoryDisplay

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> X, y = cmlp.datasets.load_digits()
    >>> history = cmlp.Network([64, 10], input_scale=1 / 16).fit(X, y, epochs=5)
    >>> inspection.plot_history(history).rows
    ['loss']
    """
    return HistoryDisplay.from_history(history).plot(axes, log=log)
