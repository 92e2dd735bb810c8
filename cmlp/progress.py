"""What training says while it runs."""

from cmlp.training import History


def line(history: History, epochs: int) -> str:
    """The last epoch in one line."""
    first = history.epoch[-1] - len(history)
    parts = [f"epoch {history.epoch[-1]:>{len(str(first + epochs))}}/{first + epochs}", f"loss {history.loss[-1]:.6f}"]
    if history.val_loss:
        parts += [f"val_loss {history.val_loss[-1]:.6f}", f"val_score {history.val_score[-1]:.4f}"]
    return "  ".join([*parts, f"{history.time[-1]:.2f} s"])


def print_line(history: History, epochs: int) -> None:
    print(line(history, epochs), flush=True)
