"""The arguments of a training."""

from cmlp.validation.numbers import check_flag, check_integer, check_name, check_number


def check_batch_size(batch_size, n_samples: int) -> int:
    """None and anything above n_samples mean all samples."""
    if batch_size is None:
        return n_samples
    return min(check_integer("batch_size", batch_size, 1), n_samples)


def check_whole_gradients(name: str, batch_size: int, n_samples: int) -> None:
    """Rprop looks at signs, which batches change at random, and L-BFGS at how gradients differ."""
    if batch_size < n_samples:
        raise ValueError(f"{name} needs whole gradients: batch_size=None; got batches of {batch_size} of {n_samples} samples")


def check_for_lbfgs(clip, rates, average, blocks, layers, disturbed: bool) -> None:
    """What L-BFGS cannot take into account."""
    for name, given in (("clip", clip), ("rates", rates), ("average", average)):
        if given is not None:
            raise ValueError(f"LBFGS cannot be used with {name}: it expects the gradient of one cost; leave it out")
    if disturbed or any(layer.dropout for layer in layers):
        raise ValueError("LBFGS cannot be used with dropout or input_noise: it expects the gradient of one cost; use Adam")
    if any(layer.mean is not None for layer in layers):
        raise ValueError(
            "LBFGS cannot be used with batch normalisation, whose running statistics it would not move: use 'layer'"
        )
    if blocks is not None and (blocks[:, 1].any() or blocks[:, 3:].any()):
        raise ValueError("LBFGS takes l2 alone of the penalties: l1 has a kink, the others are no part of the cost")


def check_stopping(threshold, tol, n_iter_no_change, monitor, restore_best, has_validation_data: bool) -> dict:
    """They as a `stopping.Stopping` takes them."""
    check_name("monitor", monitor, ("loss", "score"))
    if monitor == "score" and not has_validation_data:
        raise ValueError("monitor='score' needs validation_data: no score is taken of the samples that are trained on")
    return {
        "threshold": None if threshold is None else check_number("threshold", threshold, least=0),
        "tol": None if tol is None else check_number("tol", tol, least=0),
        "n_iter_no_change": check_integer("n_iter_no_change", n_iter_no_change, 1),
        "monitor": monitor,
        "restore_best": check_flag("restore_best", restore_best),
    }


def check_validation_data(validation_data):
    if validation_data is None:
        return None
    if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
        raise ValueError(f"validation_data must be (X, y) or (X, y, sample_weight); got {type(validation_data).__name__}")
    return (*validation_data, None)[:3]
