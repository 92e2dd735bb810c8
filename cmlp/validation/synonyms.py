"""What other libraries call the arguments of cmlp, and where to give those that belong elsewhere: tables of `misnamed`."""

# Names of one argument. Where a call has none of these names, the first one that its signature has is the answer.
SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("epochs", "max_iter", "epoch", "n_epochs", "num_epochs", "nb_epoch", "max_epochs", "n_iter", "iterations", "n_iterations")
    + ("num_iterations", "num_boost_round", "n_estimators"),
    ("seed", "random_state", "random_seed", "rng"),
    ("learning_rate_init", "learning_rate", "initial", "max_lr", "lr", "eta", "lr_init", "initial_lr")
    + ("initial_learning_rate", "base_lr"),
    (
        "n_threads",
        "n_jobs",
        "num_threads",
        "nthread",
        "nthreads",
        "threads",
        "workers",
        "n_workers",
        "num_workers",
        "thread_count",
    ),
    (
        "validation_data",
        "eval_set",
        "valid_sets",
        "validation_set",
        "valid_set",
        "val_data",
        "valid_data",
        "eval_data",
        "val_set",
    ),
    ("validation_fraction", "validation_split", "validation_size", "val_size", "val_fraction", "test_size"),
    ("batch_size", "batch", "bs", "batchsize", "minibatch", "mini_batch", "minibatch_size", "mini_batch_size"),
    ("hidden_layer_sizes", "sizes", "hidden", "hidden_units", "hidden_sizes", "hidden_layers", "hidden_dims", "hidden_dim")
    + ("layers", "layer_sizes", "units", "n_units", "num_units", "n_hidden", "widths"),
    ("patience", "n_iter_no_change", "early_stopping_rounds", "stopping_rounds", "early_stopping_patience"),
    ("stopping", "early_stopping", "early_stop"),
    ("min_delta", "tol", "tolerance", "min_change", "early_stopping_min_delta", "threshold"),
    ("tolerance_grad", "tol", "gtol", "pgtol"),
    ("restore_best", "restore_best_weights", "restore_best_model", "restore"),
    ("monitor", "scoring", "metric", "metrics", "eval_metric", "scorer"),
    ("l2", "alpha", "reg_lambda", "lambda_l2", "l2_reg", "l2_regularization", "weight_decay", "penalty"),
    ("weight_decay", "wd"),
    ("l1", "reg_alpha", "lambda_l1", "l1_reg", "l1_regularization"),
    ("max_norm", "max_value", "maxnorm"),
    ("dropout", "dropout_rate", "drop_rate", "dropout_p", "dropout_prob", "drop", "p"),
    ("input_dropout", "visible_dropout", "in_dropout"),
    ("input_noise", "noise", "gaussian_noise", "noise_std"),
    ("residual", "skip", "skip_connections", "residual_connections", "resnet"),
    ("sample_weight", "sample_weights", "weights", "weight", "instance_weight", "w"),
    ("class_weight", "class_weights"),
    ("loss", "objective", "criterion", "loss_function", "loss_fn", "loss_func", "cost"),
    ("activation", "activations", "activation_function", "activation_fn", "act", "nonlinearity", "hidden_activation"),
    ("output", "output_activation", "out_activation", "final_activation", "last_activation"),
    ("bias", "use_bias", "fit_intercept"),
    ("beta_1", "beta1"),
    ("beta_2", "beta2"),
    ("epsilon", "eps"),
    ("eps", "epsilon"),
    ("momentum_decay", "schedule_decay"),
    ("norm", "normalization", "normalisation", "batch_norm", "batchnorm", "use_batch_norm", "use_bn", "batch_normalization")
    + ("layer_norm", "layernorm"),
    ("init", "initializer", "kernel_initializer", "weight_init", "weights_init", "init_method", "initialization"),
    ("bias_init", "bias_initializer"),
    ("dtype", "precision"),
    ("regularization", "regularizer", "kernel_regularizer", "penalty"),
    ("clip_norm", "clipnorm", "global_clipnorm", "max_grad_norm", "gradient_clip_val", "grad_clip", "clip", "grad_clip_norm"),
    ("clip_value", "clipvalue"),
    ("ema_decay", "ema", "ema_momentum", "use_ema"),
    ("gradient_accumulation_steps", "accumulate", "accumulation_steps", "accumulate_grad_batches"),
    ("optimizer", "solver", "optim", "optimiser", "opt"),
    ("verbose", "verbosity", "verbose_eval"),
    ("callbacks", "callback"),
    ("classes", "class_names", "labels"),
    ("scale", "scaler", "scaling", "standardize", "normalize"),
    ("impute", "imputer", "imputation"),
    ("categorical_features", "categorical_feature", "cat_features", "categorical_columns", "cat_cols", "categorical")
    + ("enable_categorical",),
    ("rho", "alpha", "smoothing_constant", "decay"),
    ("factor", "gamma", "decay_rate", "decay", "reduce_factor"),
    ("every", "step_size", "decay_steps", "period", "save_freq", "every_n_epochs"),
    ("epochs", "T_max", "T_0", "total_iters", "total_steps", "decay_steps", "first_decay_steps", "warmup", "warmup_epochs")
    + ("warmup_steps", "num_warmup_steps"),
    ("then", "after", "scheduler", "schedule", "after_scheduler"),
    ("final", "end", "eta_min", "end_learning_rate", "end_lr", "final_lr", "end_factor"),
    ("min_lr", "eta_min"),
    ("growth", "t_mul", "T_mult"),
    ("negative_slope", "alpha", "leak", "leakiness", "slope"),
    ("label_smoothing", "smoothing", "label_smooth"),
    ("delta", "beta"),
    ("quantiles", "quantile", "tau", "alpha", "q", "levels"),
    ("history_size", "memory", "m", "maxcor"),
    ("max_eval", "max_fun", "maxfun"),
    ("path", "filepath", "filename", "fname", "file", "dirpath"),
    ("by_step", "logging_interval"),
    ("names", "columns", "column_names", "feature_names"),
    ("max_categories", "max_cat", "max_levels"),
    ("min_frequency", "min_count", "min_freq"),
    ("bins", "n_bins", "max_bins"),
)

_OPTIMIZER = "it belongs to the optimizer, optimizer=cmlp.{}"
_STOPPING = "it belongs to early stopping, stopping=cmlp.Stopping({})"
_REGULARIZATION = "it belongs to the regularization, regularization=cmlp.Regularization({})"
_ON_CPU = "cmlp computes on the CPU: leave it out"
_MODE = "leave it out: of losses the lower is better, of val_score and of functions the higher"
_OF_X_VAL = "give both parts, validation_data=(X_val, y_val)"
_TRAINING = 'it belongs to the training, training={{"{}": ...}}'
_NETWORK = 'it belongs to the network, network={{"{}": ...}}'

_OF_OPTIMIZERS = {
    **dict.fromkeys(("learning_rate", "learning_rate_init"), _OPTIMIZER.format("Adam(0.001)")),
    "momentum": _OPTIMIZER.format("Momentum(0.01, momentum=0.9)"),
    "nesterov": _OPTIMIZER.format("Nesterov(0.01, momentum=0.9)"),
    "nesterovs_momentum": _OPTIMIZER.format("Nesterov(0.01, momentum=0.9)"),
    **dict.fromkeys(("beta_1", "beta_2", "betas"), _OPTIMIZER.format("Adam(beta_1=0.9, beta_2=0.999)")),
    "epsilon": _OPTIMIZER.format("Adam(epsilon=1e-8)"),
    **dict.fromkeys(
        ("scheduler", "lr_scheduler", "schedule", "learning_rate_schedule"),
        "it belongs to the optimizer, as its learning rate: optimizer=cmlp.Adam(cmlp.schedules.Cosine(0.01))",
    ),
}
_OF_TRAININGS = {
    **_OF_OPTIMIZERS,
    "patience": _STOPPING.format("patience=10"),
    "min_delta": _STOPPING.format("min_delta=1e-4"),
    "restore_best": _STOPPING.format("restore_best=True"),
    **dict.fromkeys(("early_stopping", "early_stop"), _STOPPING.format("patience=10")),
    "monitor": "the history has loss, val_loss and val_score; watch another number by cmlp.Stopping(monitor=function)",
    "l1": _REGULARIZATION.format("l1=1e-4"),
    "l2": _REGULARIZATION.format("l2=1e-4"),
    "weight_decay": _REGULARIZATION.format("weight_decay=0.01"),
    "max_norm": _REGULARIZATION.format("max_norm=3.0"),
    "validation_fraction": "hold out a part, and give it to fit as validation_data=(X_val, y_val)",
    "warm_start": "leave it out: fit goes on from where the network is, net.reset() starts afresh",
    **dict.fromkeys(("X_val", "y_val", "X_valid", "y_valid"), _OF_X_VAL),
    **dict.fromkeys(("device", "use_gpu", "cuda"), _ON_CPU),
}
_OF_SIZES = "sizes holds {}, cmlp.Network([n_inputs, ..., n_outputs])"
_PAIR_OF_BETAS = "give beta_1 and beta_2"
_OF_WEIGHTS = "use cmlp.AdamW(weight_decay=0.01), or fit(regularization=cmlp.Regularization(weight_decay=0.01))"
_FIELDS_OF_ADAM = {
    "betas": _PAIR_OF_BETAS,
    "amsgrad": "use cmlp.AMSGrad",
    "nesterov": "use cmlp.NAdam",
    "momentum": "beta_1 is its name here",
}

# Where else an argument belongs: by what is called, a class or Class.method, also of a base class; then by the argument itself
# or by the first of its `SYNONYMS`.
ELSEWHERE: dict[str, dict[str, str]] = {
    "Network": {
        **{name: f"give it to fit: {text}" if text.startswith("it ") else text for name, text in _OF_TRAININGS.items()},
        **dict.fromkeys(("X_val", "y_val", "X_valid", "y_valid"), "give it to fit(X, y, validation_data=(X_val, y_val))"),
        "hidden_layer_sizes": _OF_SIZES.format("all widths"),
        **dict.fromkeys(
            ("input_dim", "input_size", "input_shape", "in_features", "n_features", "n_inputs"),
            _OF_SIZES.format("it, at the beginning"),
        ),
        **dict.fromkeys(
            ("output_dim", "output_size", "out_features", "n_outputs", "n_classes"), _OF_SIZES.format("it, at the end")
        ),
    },
    "Network.fit": _OF_TRAININGS,
    "BaseMLP": {
        "betas": _PAIR_OF_BETAS,
        "early_stop": "early_stopping is its name here",
        "nesterov": "nesterovs_momentum is its name here",
        "weight_decay": "alpha is the L2 penalty; decoupled weight decay is solver=cmlp.AdamW(weight_decay=0.01)",
        "l1": _TRAINING.format("regularization"),
        "max_norm": _TRAINING.format("regularization"),
        "restore_best": "leave it out: early_stopping=True ends with the weights of the best epoch",
        "validation_data": "give it to fit(X, y, validation_data=(X_val, y_val))",
        **{
            name: _TRAINING.format(name)
            for name in (
                "clip_norm",
                "clip_value",
                "clip_by_block",
                "ema_decay",
                "lr_multipliers",
                "gradient_accumulation_steps",
            )
            + ("regularization", "stopping")
        },
        **{
            name: _NETWORK.format(name)
            for name in ("residual", "input_dropout", "input_noise", "bias", "init", "bias_init", "input_scale", "output")
        },
        **dict.fromkeys(("device", "use_gpu", "cuda"), _ON_CPU),
    },
    "BaseMLP.fit": {
        **{f"{part}_valid": f"{part}_val is its name here" for part in "Xy"},
        "patience": "it belongs to the estimator, early_stopping=True with n_iter_no_change=10",
    },
    "Optimizer": {
        "betas": _PAIR_OF_BETAS,
        "l1": "it belongs to fit(regularization=cmlp.Regularization(l1=1e-4))",
        "l2": "it belongs to fit(regularization=cmlp.Regularization(l2=1e-4))",
        "weight_decay": _OF_WEIGHTS,
        "clip_norm": "it belongs to fit(clip_norm=1.0)",
        "clip_value": "it belongs to fit(clip_value=1.0)",
        "ema_decay": "it belongs to fit(ema_decay=0.999)",
        "max_norm": "it belongs to fit(regularization=cmlp.Regularization(max_norm=3.0))",
        **dict.fromkeys(("decay", "lr_decay"), "give a schedule as learning_rate, such as cmlp.schedules.InverseTime(0.01)"),
        "maximize": "leave it out: the loss is minimized",
    },
    "SGD": {"momentum": "use cmlp.Momentum(learning_rate, momentum)", "nesterov": "use cmlp.Nesterov(learning_rate, momentum)"},
    "Momentum": {"nesterov": "use cmlp.Nesterov(learning_rate, momentum)"},
    "Nesterov": {"nesterov": "leave it out: this is Nesterov's momentum"},
    "Adam": _FIELDS_OF_ADAM,
    "RMSprop": {"alpha": "rho is its name here"},
    "Rprop": {"etas": "give eta_minus and eta_plus", "step_sizes": "give min_step and max_step"},
    "LBFGS": {
        "learning_rate_init": "leave it out: a line search finds the length of each step",
        "epochs": "it belongs to fit(epochs=100)",
    },
    "Stopping": {"mode": _MODE, "baseline": "leave it out, or monitor a function of the network"},
    "EarlyStopping": {"mode": _MODE, "baseline": "leave it out, or monitor a function of the network"},
    "ModelCheckpoint": {"mode": _MODE, "save_best_only": 'give monitor="val_loss" to save the best alone'},
    "ReduceOnPlateau": {"mode": _MODE},
    "Regularization": {"dropout": "it belongs to cmlp.Network(dropout=0.5)"},
    "BatchNorm": {"affine": "leave it out: scale and shift are learned"},
    "LayerNorm": {
        "affine": "leave it out: scale and shift are learned",
        "momentum": "leave it out: it has no running statistics",
    },
    "Loss": {
        "reduction": "leave it out: a loss is summed over the outputs, the cost is its mean over the samples",
        "from_logits": "leave it out: the loss takes the logits itself",
        "class_weight": "it belongs to fit(class_weight=...)",
        "sample_weight": "it belongs to fit(class_weight=...), or fit(sample_weight=...)",
        "pos_weight": "it belongs to fit(class_weight={0: 1, 1: ...})",
    },
}
