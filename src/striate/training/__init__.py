"""Learning: the recipe as data, the loop as a generator, and checkpoints that resume exactly."""

from striate.data.facts import DataFacts
from striate.decision import Decision
from striate.training.checkpoint import (
    checkpoints,
    evenly_spaced,
    keep_epoch,
    kept_epochs,
    load_checkpoint,
    read_epoch,
    save_checkpoint,
)
from striate.training.defaults import (
    choose_model,
    choose_recipe,
    scratch_warning,
)
from striate.training.inputs import Examples, Inputs, KeptMaps, Targets, prefetched, prepare_inputs
from striate.training.loop import EpochResult, StepReport, StoppedError, fit, validate
from striate.training.losses import create_loss
from striate.training.precision import choose_precision, time_step
from striate.training.recipe import Recipe, merge, read_recipe_table, read_settings
from striate.training.state import TrainingState
from striate.training.time_limit import TimePlan, parse_duration

__all__ = [
    "DataFacts",
    "Decision",
    "EpochResult",
    "Examples",
    "Inputs",
    "KeptMaps",
    "Recipe",
    "StepReport",
    "StoppedError",
    "Targets",
    "TimePlan",
    "TrainingState",
    "checkpoints",
    "choose_model",
    "choose_precision",
    "choose_recipe",
    "create_loss",
    "evenly_spaced",
    "fit",
    "keep_epoch",
    "kept_epochs",
    "load_checkpoint",
    "merge",
    "parse_duration",
    "prefetched",
    "prepare_inputs",
    "read_epoch",
    "read_recipe_table",
    "read_settings",
    "save_checkpoint",
    "scratch_warning",
    "time_step",
    "validate",
]
