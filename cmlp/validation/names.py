"""Names of losses, activations, optimizers, initializers, norms and monitors in other libraries: what `check_name` answers."""

import difflib
import numbers
from collections.abc import Iterable
from typing import Any

# (the name here, empty for none; what to know about it), by the name elsewhere as `plain` writes it.
Answer = tuple[str, str]

_HALF = "half the squared distance, summed over the outputs"
_BINARY = "binary, or multilabel with several outputs"
_LOGITS = "it takes logits and integer labels or one-hot rows"
LOSSES: dict[str, Answer] = {
    **dict.fromkeys(
        ("mse", "meansquarederror", "squared", "l2", "l2loss", "mseloss", "squarederrorloss"), ("squared_error", _HALF)
    ),
    **dict.fromkeys(("rmse", "rootmeansquarederror"), ("squared_error", f"{_HALF}: its minimum is that of the root")),
    **dict.fromkeys(("regsquarederror", "regression", "halfsquarederror", "ls"), ("squared_error", _HALF)),
    **dict.fromkeys(
        ("mae", "meanabsoluteerror", "l1", "l1loss", "lad", "regabsoluteerror"), ("absolute_error", "summed over the outputs")
    ),
    **dict.fromkeys(
        ("bce", "bceloss", "bcewithlogits", "bcewithlogitsloss", "binarycrossentropy", "binarylogistic", "binary", "logistic")
        + ("binomialdeviance",),
        ("log_loss", _BINARY),
    ),
    **dict.fromkeys(
        ("ce", "crossentropyloss", "categoricalcrossentropy", "sparsecategoricalcrossentropy", "nll", "nllloss", "softmax")
        + ("multiclass", "multisoftmax", "multisoftprob", "multinomial", "deviance", "sparsecrossentropy"),
        ("cross_entropy", _LOGITS),
    ),
    **dict.fromkeys(("huberloss", "smoothl1", "smoothl1loss"), ("huber", "cmlp.losses.Huber(delta) sets where it bends")),
    **dict.fromkeys(
        ("pinball", "pinballloss", "quantileloss"), ("quantile", "cmlp.losses.Quantile((0.1, 0.5, 0.9)) for several")
    ),
    **dict.fromkeys(("poissonnll", "poissonnllloss", "countpoisson", "poissondeviance"), ("poisson", "the output is the mean")),
    **dict.fromkeys(("gammadeviance", "reggamma"), ("gamma", "the output is the mean")),
    **dict.fromkeys(("gaussiannll", "gaussiannllloss", "heteroscedastic"), ("gaussian", "two outputs for each target")),
    **dict.fromkeys(
        ("hinge", "hingeloss", "squaredhinge", "multihinge", "categoricalhinge", "svm"), ("", "'log_loss' is close to it")
    ),
    **dict.fromkeys(("mape", "meanabsolutepercentageerror"), ("", "learn the logarithm of y with 'absolute_error'")),
    **dict.fromkeys(("msle", "meansquaredlogarithmicerror"), ("", "learn log1p(y) with 'squared_error'")),
    **dict.fromkeys(
        ("focal", "focalloss", "kl", "kldivergence", "kldivloss", "cosinesimilarity"), ("", "write it as cmlp.losses.Custom")
    ),
    "tweedie": ("", "'poisson' and 'gamma' are its ends"),
}
ACTIVATIONS: dict[str, Answer] = {
    **dict.fromkeys(("linear", "none", "id"), ("identity", "A = Z")),
    **dict.fromkeys(("logistic", "expit"), ("sigmoid", "1 / (1 + exp(-Z))")),
    "swish": ("silu", "Z sigmoid(Z)"),
    **dict.fromkeys(("lrelu", "leaky", "leakyrectify"), ("leaky_relu", "cmlp.activations.LeakyReLU(0.2) sets its slope")),
    **dict.fromkeys(("rectifier", "rectify", "rectifiedlinear"), ("relu", "max(Z, 0)")),
    "parametricrelu": ("prelu", "a learned slope for each unit"),
    **dict.fromkeys(("gelunew", "geluapproximate", "gelufast"), ("gelu_tanh", "the approximation with tanh")),
    "exp": ("exponential", "exp(Z)"),
    **dict.fromkeys(("sin", "siren"), ("sine", "cmlp.activations.Sine(30) sets its frequency")),
    "htanh": ("hard_tanh", "Z, clipped to [-1, 1]"),
    **dict.fromkeys(("step", "heaviside", "threshold", "signum", "sgn"), ("sign", "-1 or +1; an output function only")),
    "logsoftmax": ("softmax", "Network.logits gives what is in front of it"),
    **dict.fromkeys(("hardswish", "hardsilu"), ("", "'silu' is what it approximates")),
    **dict.fromkeys(
        ("celu", "rrelu", "crelu", "maxout", "glu", "geglu", "swiglu", "tanhshrink", "softshrink"),
        ("", "'relu', 'elu' or 'gelu' come near"),
    ),
}
OPTIMIZERS: dict[str, Answer] = {
    **dict.fromkeys(("gd", "gradientdescent", "batchgradientdescent", "vanilla"), ("sgd", "cmlp.SGD(learning_rate)")),
    **dict.fromkeys(
        ("sgdmomentum", "momentumsgd", "heavyball", "polyak"), ("momentum", "cmlp.Momentum(learning_rate, momentum)")
    ),
    **dict.fromkeys(("nag", "sgdnesterov", "nesterovmomentum"), ("nesterov", "cmlp.Nesterov(learning_rate, momentum)")),
    **dict.fromkeys(("lbfgsb", "bfgs", "newtoncg", "cg", "liblinear", "saga", "sag"), ("lbfgs", "on the full batch")),
    **dict.fromkeys(("decoupledadam", "adamdecoupled"), ("adamw", "cmlp.AdamW(weight_decay=0.01)")),
    "irprop": ("rprop", "on the full batch"),
    **dict.fromkeys(
        ("adamax", "adabelief", "adafactor", "lamb", "lars", "ftrl", "sparseadam", "muon", "yogi"),
        ("", "'adam' or 'adamw' come near"),
    ),
}
_HE = "normal, with variance 2 / fan_in"
INITIALIZERS: dict[str, Answer] = {
    **dict.fromkeys(("henormal", "kaiming", "kaimingnormal", "msra"), ("he", _HE)),
    **dict.fromkeys(("heuniform", "kaiminguniform"), ("he", f"{_HE}, not uniform")),
    **dict.fromkeys(("glorot", "xavieruniform"), ("glorot_uniform", "uniform in +-sqrt(6 / (fan_in + fan_out))")),
    "xaviernormal": ("glorot_normal", "normal, with variance 2 / (fan_in + fan_out)"),
    "lecunnormal": ("xavier", "normal, with variance 1 / fan_in"),
    "lecununiform": ("lecun", "uniform, with variance 1 / fan_in"),
    **dict.fromkeys(("randomnormal", "gaussian", "truncatednormal", "randn"), ("normal", "cmlp.initializers.Normal(std)")),
    **dict.fromkeys(("randomuniform", "rand"), ("uniform", "cmlp.initializers.Uniform(limit)")),
    "zero": ("zeros", "for biases"),
    **dict.fromkeys(("ones", "one"), ("constant", "cmlp.initializers.Constant(1)")),
    "siren": ("sine", "for sine activations"),
    **dict.fromkeys(
        ("orthogonal", "variancescaling", "identity", "eye", "sparse"), ("", "give arrays, or a subclass of Initializer")
    ),
}
NORMS: dict[str, Answer] = {
    **dict.fromkeys(
        ("batchnorm", "bn", "batchnormalization", "batchnorm1d", "batchnormalisation"),
        ("batch", "cmlp.BatchNorm(momentum=0.1)"),
    ),
    **dict.fromkeys(("layernorm", "ln", "layernormalization", "layernormalisation"), ("layer", "cmlp.LayerNorm()")),
    **dict.fromkeys(
        ("rmsnorm", "rms", "groupnorm", "group", "instancenorm", "instance", "weightnorm", "weight"), ("", "'layer' comes near")
    ),
}
MONITORS: dict[str, Answer] = {
    **dict.fromkeys(
        (
            "valaccuracy",
            "valacc",
            "accuracy",
            "acc",
            "valr2",
            "r2",
            "validationscore",
            "validscore",
            "score",
            "valcategoricalaccuracy",
        )
        + ("valsparsecategoricalaccuracy", "valbinaryaccuracy"),
        ("val_score", "accuracy or R2 of the validation data"),
    ),
    **dict.fromkeys(("validationloss", "validloss", "testloss", "evalloss"), ("val_loss", "of the validation data")),
    **dict.fromkeys(("trainloss", "trainingloss"), ("loss", "of the training data")),
    **dict.fromkeys(("auc", "valauc", "f1", "valf1", "valmae", "valmse", "valrocauc"), ("", "give a function of the network")),
}
SCHEDULES: dict[str, Answer] = {
    **dict.fromkeys(
        ("cosine", "cosineannealing", "cosineannealinglr", "cosinedecay"), ("", "give cmlp.schedules.Cosine(0.01)")
    ),
    **dict.fromkeys(
        ("step", "steplr", "multistep", "multisteplr", "piecewiseconstantdecay"), ("", "give cmlp.schedules.Step(0.01)")
    ),
    **dict.fromkeys(("exponential", "exponentiallr", "exponentialdecay", "exp"), ("", "give cmlp.schedules.Exponential(0.01)")),
    **dict.fromkeys(("linear", "linearlr", "lineardecay"), ("", "give cmlp.schedules.Linear(0.01)")),
    **dict.fromkeys(("polynomial", "polynomiallr", "polynomialdecay", "poly"), ("", "give cmlp.schedules.Polynomial(0.01)")),
    **dict.fromkeys(("onecycle", "onecyclelr", "1cycle"), ("", "give cmlp.schedules.OneCycle(0.01)")),
    **dict.fromkeys(("inversetime", "inversetimedecay", "optimal"), ("", "give cmlp.schedules.InverseTime(0.01)")),
    **dict.fromkeys(("warmup", "linearwarmup"), ("", "give cmlp.schedules.WarmUp(0.01)")),
    **dict.fromkeys(("plateau", "reduceonplateau", "reducelronplateau"), ("", "give cmlp.schedules.ReduceOnPlateau(0.01)")),
    "auto": ("constant", "learning_rate_init at every step"),
}
KINDS: dict[str, dict[str, Answer]] = {
    "loss": LOSSES,
    **dict.fromkeys(("activation", "output"), ACTIVATIONS),
    **dict.fromkeys(("optimizer", "solver"), OPTIMIZERS),
    **dict.fromkeys(("init", "bias_init"), INITIALIZERS),
    "norm": NORMS,
    "monitor": MONITORS,
    "learning_rate": SCHEDULES,
}


def plain(name: str) -> str:
    """A name without case and separators."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def hint(what: str, given: Any, known: Iterable[str]) -> str:
    """What to say of a name that is unknown: what it is called here, or a similar name; empty where there is neither."""
    names = list(known)
    kind = what.rpartition(" ")[2]
    if kind == "learning_rate" and isinstance(given, numbers.Real) and not isinstance(given, bool):
        return f": a number is learning_rate_init={given!r}, learning_rate says how it changes"
    if not isinstance(given, str):
        return ""
    spelled = next((name for name in names if plain(name) == plain(given)), None)
    if spelled is not None:
        return f": its name here is {spelled!r}"
    here, note = KINDS.get(kind, {}).get(plain(given), ("", ""))
    if here in names:
        return f": its name here is {here!r} ({note})"
    if note and not here:
        return f": {note}" if kind == "learning_rate" else f": it is not implemented; {note}"
    close = difflib.get_close_matches(given.lower(), names, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
