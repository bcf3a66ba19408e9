"""Learning: the recipe as data, the loop as a generator, and checkpoints that resume exactly.

Everything is imported when it is first used, so that who reads a run's files, as `striate.list_runs` does, loads no torch.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from striate.data.facts import DataFacts as DataFacts
    from striate.decision import Decision as Decision
    from striate.training.checkpoint import checkpoints as checkpoints
    from striate.training.checkpoint import evenly_spaced as evenly_spaced
    from striate.training.checkpoint import keep_epoch as keep_epoch
    from striate.training.checkpoint import kept_epochs as kept_epochs
    from striate.training.checkpoint import load_checkpoint as load_checkpoint
    from striate.training.checkpoint import read_epoch as read_epoch
    from striate.training.checkpoint import save_checkpoint as save_checkpoint
    from striate.training.defaults import choose_model as choose_model
    from striate.training.defaults import choose_recipe as choose_recipe
    from striate.training.defaults import scratch_warning as scratch_warning
    from striate.training.inputs import Examples as Examples
    from striate.training.inputs import Inputs as Inputs
    from striate.training.inputs import KeptMaps as KeptMaps
    from striate.training.inputs import ReadyExamples as ReadyExamples
    from striate.training.inputs import Targets as Targets
    from striate.training.inputs import prefetched as prefetched
    from striate.training.inputs import prepare_inputs as prepare_inputs
    from striate.training.loop import EpochResult as EpochResult
    from striate.training.loop import StepReport as StepReport
    from striate.training.loop import StoppedError as StoppedError
    from striate.training.loop import fit as fit
    from striate.training.loop import validate as validate
    from striate.training.losses import create_loss as create_loss
    from striate.training.precision import choose_precision as choose_precision
    from striate.training.precision import time_step as time_step
    from striate.training.recipe import Recipe as Recipe
    from striate.training.recipe import merge as merge
    from striate.training.recipe import read_recipe_table as read_recipe_table
    from striate.training.recipe import read_settings as read_settings
    from striate.training.state import TrainingState as TrainingState
    from striate.training.time_limit import TimePlan as TimePlan
    from striate.training.time_limit import parse_duration as parse_duration

_HOMES = {
    "DataFacts": "striate.data.facts",
    "Decision": "striate.decision",
    "EpochResult": "striate.training.loop",
    "Examples": "striate.training.inputs",
    "Inputs": "striate.training.inputs",
    "KeptMaps": "striate.training.inputs",
    "ReadyExamples": "striate.training.inputs",
    "Recipe": "striate.training.recipe",
    "StepReport": "striate.training.loop",
    "StoppedError": "striate.training.loop",
    "Targets": "striate.training.inputs",
    "TimePlan": "striate.training.time_limit",
    "TrainingState": "striate.training.state",
    "checkpoints": "striate.training.checkpoint",
    "choose_model": "striate.training.defaults",
    "choose_precision": "striate.training.precision",
    "choose_recipe": "striate.training.defaults",
    "create_loss": "striate.training.losses",
    "evenly_spaced": "striate.training.checkpoint",
    "fit": "striate.training.loop",
    "keep_epoch": "striate.training.checkpoint",
    "kept_epochs": "striate.training.checkpoint",
    "load_checkpoint": "striate.training.checkpoint",
    "merge": "striate.training.recipe",
    "parse_duration": "striate.training.time_limit",
    "prefetched": "striate.training.inputs",
    "prepare_inputs": "striate.training.inputs",
    "read_epoch": "striate.training.checkpoint",
    "read_recipe_table": "striate.training.recipe",
    "read_settings": "striate.training.recipe",
    "save_checkpoint": "striate.training.checkpoint",
    "scratch_warning": "striate.training.defaults",
    "time_step": "striate.training.precision",
    "validate": "striate.training.loop",
}

__all__ = [
    "DataFacts",
    "Decision",
    "EpochResult",
    "Examples",
    "Inputs",
    "KeptMaps",
    "ReadyExamples",
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


if not TYPE_CHECKING:  # it would make every name one that might be there

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            value = getattr(importlib.import_module(_HOMES[name]), name)
            globals()[name] = value
            return value
        if (Path(__file__).parent / f"{name}.py").is_file():
            return importlib.import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
