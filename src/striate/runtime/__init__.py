"""Inference without torch: engines, and the classifier that is made of one and a bundle."""

from striate.runtime.classifier import Classifier, as_classifier, bundle_of, load_classifier
from striate.runtime.engines import Engine
from striate.runtime.onnxruntime_engine import ONNXRuntimeEngine
from striate.runtime.openvino_engine import OpenVINOEngine
from striate.runtime.prediction_file import PredictionFile, check_place

__all__ = [
    "Classifier",
    "Engine",
    "ONNXRuntimeEngine",
    "OpenVINOEngine",
    "PredictionFile",
    "as_classifier",
    "bundle_of",
    "check_place",
    "load_classifier",
]
