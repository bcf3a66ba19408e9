"""Seeing inside a network: what its units answer to, and what its answers rest on."""

from __future__ import annotations

from striate.visualization.backward_rules import UnheldRectifierWarning
from striate.visualization.deconvnet import deconvnet
from striate.visualization.explanation_checks import ExplanationCheck, check_explanation, check_explanations
from striate.visualization.explanations import CLASS_METHODS, METHODS, UNIT_METHODS, explain
from striate.visualization.feature_maps import feature_maps
from striate.visualization.filters import filters
from striate.visualization.grad_cam import grad_cam
from striate.visualization.gradient import gradient
from striate.visualization.guided_backpropagation import guided_backpropagation
from striate.visualization.hierarchy import Level, MapPatches, hierarchy
from striate.visualization.integrated_gradients import integrated_gradients
from striate.visualization.layers import HEAD, last_maps_layer, layer_output, list_layers
from striate.visualization.maps_through_training import maps_through_training
from striate.visualization.maximization import maximize
from striate.visualization.occlusion import Occlusion, occlusion
from striate.visualization.receptive_boxes import ReceptiveBoxes, receptive_boxes
from striate.visualization.saliency import saliency
from striate.visualization.targets import Target
from striate.visualization.top_patches import TopPatches, top_patches, top_patches_of_layers
from striate.visualization.top_phrases import Phrase, TopPhrases, top_phrases
from striate.visualization.units import Start, Unit, strongest_maps
from striate.visualization.word_checks import WORD_METHODS, check_word_explanation, explain_words
from striate.visualization.word_integrated_gradients import word_integrated_gradients
from striate.visualization.word_occlusion import WordOcclusion, word_occlusion

__all__ = [
    "CLASS_METHODS",
    "ExplanationCheck",
    "HEAD",
    "Level",
    "METHODS",
    "MapPatches",
    "Occlusion",
    "Phrase",
    "ReceptiveBoxes",
    "Start",
    "Target",
    "TopPatches",
    "TopPhrases",
    "UNIT_METHODS",
    "UnheldRectifierWarning",
    "Unit",
    "WORD_METHODS",
    "WordOcclusion",
    "check_explanation",
    "check_explanations",
    "check_word_explanation",
    "deconvnet",
    "explain",
    "explain_words",
    "feature_maps",
    "filters",
    "grad_cam",
    "gradient",
    "guided_backpropagation",
    "hierarchy",
    "integrated_gradients",
    "last_maps_layer",
    "layer_output",
    "list_layers",
    "maps_through_training",
    "maximize",
    "occlusion",
    "receptive_boxes",
    "saliency",
    "strongest_maps",
    "top_patches",
    "top_patches_of_layers",
    "top_phrases",
    "word_integrated_gradients",
    "word_occlusion",
]
