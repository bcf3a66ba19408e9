"""Striate: convolutional networks you can see through.

Everything is imported when it is first used, so that `import striate` takes no time and loads no torch.
"""

from __future__ import annotations

import importlib

from striate.version import __version__ as __version__

TYPE_CHECKING = False  # as typing has it, whose import takes longer than this one
if TYPE_CHECKING:
    from typing import Any

    from striate import augmentation as augmentation
    from striate import bundle as bundle
    from striate import conversion as conversion
    from striate import data as data
    from striate import errors as errors
    from striate import evaluation as evaluation
    from striate import initialization as initialization
    from striate import inspection as inspection
    from striate import models as models
    from striate import nn as nn
    from striate import pixels as pixels
    from striate import report as report
    from striate import runtime as runtime
    from striate import training as training
    from striate import transfer as transfer
    from striate import visualization as visualization
    from striate import weights as weights
    from striate.api.advise import DataAdvice, advise
    from striate.api.augment import AugmentationSheet, augment_sheet
    from striate.api.bench_training import TrainingBenchmark, bench_training
    from striate.api.cache import CacheContents, ClearedCache, cache_contents, clear_cache
    from striate.api.calibrate import CalibratedBundle, calibrate
    from striate.api.check import DataCheck, check
    from striate.api.compare_runs import RunComparison, compare_runs
    from striate.api.compose import ComposedStrings, compose
    from striate.api.create_model import create_model
    from striate.api.deepen import deepen
    from striate.api.evaluate import Evaluation, evaluate
    from striate.api.export import Export, export
    from striate.api.filter_picture import filter_picture
    from striate.api.import_weights import ImportedWeights, import_weights
    from striate.api.inspect import compare, inspect
    from striate.api.learning_curve import MorePictures, learning_curve
    from striate.api.learning_rate import RateTest, find_learning_rate
    from striate.api.list_runs import RunList, list_runs
    from striate.api.load import load
    from striate.api.open_studio import open_studio
    from striate.api.pack import PackedData, pack
    from striate.api.predict import WrittenPredictions, predict, predict_to_file
    from striate.api.quantize import Quantization, quantize
    from striate.api.reproduce import ExperimentList, list_reproductions, reproduce
    from striate.api.search import SearchResult, search
    from striate.api.serve import serve
    from striate.api.signal import measure_signal
    from striate.api.stress import StressCard, stress
    from striate.api.train import resume, train
    from striate.api.visualize import Visualization, visualize
    from striate.data import Dataset, load_data
    from striate.depth.depth_result import DepthResult
    from striate.errors import (
        BundleError,
        DataError,
        ExportError,
        Interrupted,
        PictureError,
        QuantizationError,
        StriateError,
        TrainingError,
        UnknownNameError,
        UsageError,
        WeightsError,
    )
    from striate.inspection import Comparison, Inspection, SignalReport, gradient_norms
    from striate.models import list_models
    from striate.pixels import Preprocessing
    from striate.reproductions.reproduction import Reproduction
    from striate.retrieval import PictureIndex
    from striate.runs.run import Run
    from striate.runtime import Classifier
    from striate.seeing.arithmetic import walked
    from striate.tasks import Prediction
    from striate.watching import Watcher

_HOMES = {
    "AugmentationSheet": "striate.api.augment",
    "BundleError": "striate.errors",
    "CacheContents": "striate.api.cache",
    "CalibratedBundle": "striate.api.calibrate",
    "Classifier": "striate.runtime",
    "ClearedCache": "striate.api.cache",
    "Comparison": "striate.inspection",
    "ComposedStrings": "striate.api.compose",
    "DataAdvice": "striate.api.advise",
    "DataCheck": "striate.api.check",
    "DataError": "striate.errors",
    "Dataset": "striate.data",
    "DepthResult": "striate.depth.depth_result",
    "Evaluation": "striate.api.evaluate",
    "ExperimentList": "striate.api.reproduce",
    "Export": "striate.api.export",
    "ExportError": "striate.errors",
    "ImportedWeights": "striate.api.import_weights",
    "Inspection": "striate.inspection",
    "Interrupted": "striate.errors",
    "MorePictures": "striate.api.learning_curve",
    "PackedData": "striate.api.pack",
    "PictureError": "striate.errors",
    "PictureIndex": "striate.retrieval",
    "Prediction": "striate.tasks",
    "Preprocessing": "striate.pixels",
    "Quantization": "striate.api.quantize",
    "QuantizationError": "striate.errors",
    "RateTest": "striate.api.learning_rate",
    "Reproduction": "striate.reproductions.reproduction",
    "Run": "striate.runs.run",
    "RunComparison": "striate.api.compare_runs",
    "RunList": "striate.api.list_runs",
    "SearchResult": "striate.api.search",
    "SignalReport": "striate.inspection",
    "StressCard": "striate.api.stress",
    "StriateError": "striate.errors",
    "TrainingBenchmark": "striate.api.bench_training",
    "TrainingError": "striate.errors",
    "UnknownNameError": "striate.errors",
    "UsageError": "striate.errors",
    "Visualization": "striate.api.visualize",
    "Watcher": "striate.watching",
    "WeightsError": "striate.errors",
    "WrittenPredictions": "striate.api.predict",
    "advise": "striate.api.advise",
    "augment_sheet": "striate.api.augment",
    "bench_training": "striate.api.bench_training",
    "cache_contents": "striate.api.cache",
    "calibrate": "striate.api.calibrate",
    "check": "striate.api.check",
    "clear_cache": "striate.api.cache",
    "compare": "striate.api.inspect",
    "compare_runs": "striate.api.compare_runs",
    "compose": "striate.api.compose",
    "create_model": "striate.api.create_model",
    "deepen": "striate.api.deepen",
    "evaluate": "striate.api.evaluate",
    "export": "striate.api.export",
    "filter_picture": "striate.api.filter_picture",
    "find_learning_rate": "striate.api.learning_rate",
    "gradient_norms": "striate.inspection",
    "import_weights": "striate.api.import_weights",
    "inspect": "striate.api.inspect",
    "learning_curve": "striate.api.learning_curve",
    "list_models": "striate.models",
    "list_reproductions": "striate.api.reproduce",
    "list_runs": "striate.api.list_runs",
    "load": "striate.api.load",
    "load_data": "striate.data",
    "measure_signal": "striate.api.signal",
    "open_studio": "striate.api.open_studio",
    "pack": "striate.api.pack",
    "predict": "striate.api.predict",
    "predict_to_file": "striate.api.predict",
    "quantize": "striate.api.quantize",
    "reproduce": "striate.api.reproduce",
    "resume": "striate.api.train",
    "search": "striate.api.search",
    "serve": "striate.api.serve",
    "stress": "striate.api.stress",
    "train": "striate.api.train",
    "visualize": "striate.api.visualize",
    "walked": "striate.seeing.arithmetic",
}

_ROOMS = frozenset(
    [
        "augmentation",
        "bundle",
        "conversion",
        "data",
        "errors",
        "evaluation",
        "initialization",
        "inspection",
        "models",
        "nn",
        "pixels",
        "report",
        "runtime",
        "training",
        "transfer",
        "visualization",
        "weights",
    ]
)
"""Rooms that are imported when they are first used, as names are; `from striate import *` brings none of them."""

__all__ = [
    "AugmentationSheet",
    "BundleError",
    "CacheContents",
    "CalibratedBundle",
    "Classifier",
    "ClearedCache",
    "Comparison",
    "ComposedStrings",
    "DataAdvice",
    "DataCheck",
    "DataError",
    "Dataset",
    "DepthResult",
    "Evaluation",
    "ExperimentList",
    "Export",
    "ExportError",
    "ImportedWeights",
    "Inspection",
    "Interrupted",
    "MorePictures",
    "PackedData",
    "PictureError",
    "PictureIndex",
    "Prediction",
    "Preprocessing",
    "Quantization",
    "QuantizationError",
    "RateTest",
    "Reproduction",
    "Run",
    "RunComparison",
    "RunList",
    "SearchResult",
    "SignalReport",
    "StressCard",
    "StriateError",
    "TrainingBenchmark",
    "TrainingError",
    "UnknownNameError",
    "UsageError",
    "Visualization",
    "Watcher",
    "WeightsError",
    "WrittenPredictions",
    "__version__",
    "advise",
    "augment_sheet",
    "bench_training",
    "cache_contents",
    "calibrate",
    "check",
    "clear_cache",
    "compare",
    "compare_runs",
    "compose",
    "create_model",
    "deepen",
    "evaluate",
    "export",
    "filter_picture",
    "find_learning_rate",
    "gradient_norms",
    "import_weights",
    "inspect",
    "learning_curve",
    "list_models",
    "list_reproductions",
    "list_runs",
    "load",
    "load_data",
    "measure_signal",
    "open_studio",
    "pack",
    "predict",
    "predict_to_file",
    "quantize",
    "reproduce",
    "resume",
    "search",
    "serve",
    "stress",
    "train",
    "visualize",
    "walked",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"striate.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'striate' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
