"""Inference without torch: engines, and the classifier that is made of one and a bundle."""

from striate.runtime.classifier import Classifier, as_classifier, bundle_of, load_classifier
from striate.runtime.engines import Engine
from striate.runtime.onnxruntime_engine import ONNXRuntimeEngine
from striate.runtime.openvino_engine import OpenVINOEngine

__all__ = [
    "Classifier",
    "Engine",
    "ONNXRuntimeEngine",
    "OpenVINOEngine",
    "as_classifier",
    "bundle_of",
    "load_classifier",
]
