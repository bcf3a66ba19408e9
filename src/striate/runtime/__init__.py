"""Inference without torch: engines, and the classifier that is made of one and a bundle."""

from striate.runtime.classifier import Classifier, Prediction, load_classifier
from striate.runtime.engines import Engine, OpenVINOEngine, available_processors, compile_graph

__all__ = [
    "Classifier",
    "Engine",
    "OpenVINOEngine",
    "Prediction",
    "available_processors",
    "compile_graph",
    "load_classifier",
]
