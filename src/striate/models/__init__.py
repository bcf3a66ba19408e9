"""The networks: one paper, one file; and the catalogue of their rows."""

from __future__ import annotations

from striate.models.airbench import Airbench, AirbenchConfig
from striate.models.alexnet import AlexNet, AlexNetConfig
from striate.models.allcnn import AllCNN, AllCNNConfig
from striate.models.catalog import Row, create_model, list_models, model_row, twin_rows
from striate.models.compound_scaling import CompoundScale, ScaledFigures, compound_scale
from striate.models.config import Benchmark, NetworkConfig, Paper
from striate.models.convlstm import ConvLSTM, ConvLSTMConfig
from striate.models.crnn import CRNN, CRNNConfig
from striate.models.cut_network import CutNetwork, check_head_stages, cut_behind
from striate.models.efficientnet import EfficientNet, EfficientNetConfig
from striate.models.googlenet import GoogLeNet, GoogLeNetConfig
from striate.models.lenet import LeNet, LeNetConfig
from striate.models.linear import LinearClassifier, LinearConfig
from striate.models.mobilenet_v1 import MobileNetV1, MobileNetV1Config
from striate.models.mobilenet_v2 import MobileNetV2, MobileNetV2Config
from striate.models.network import Network
from striate.models.nin import NiN, NiNConfig
from striate.models.resnet import ResNet, ResNetConfig
from striate.models.resnet9 import ResNet9, ResNet9Config
from striate.models.stages import StageVectors, maxima_of, split_after
from striate.models.text_lstm import TextLSTM, TextLSTMConfig
from striate.models.text_network import TextNetwork
from striate.models.textcnn import TextCNN, TextCNNConfig
from striate.models.vgg import VGG, VGGConfig
from striate.models.zfnet import ZFNet, ZFNetConfig

__all__ = [
    "Airbench",
    "AirbenchConfig",
    "AlexNet",
    "AlexNetConfig",
    "AllCNN",
    "AllCNNConfig",
    "Benchmark",
    "CRNN",
    "CRNNConfig",
    "CompoundScale",
    "ConvLSTM",
    "ConvLSTMConfig",
    "CutNetwork",
    "EfficientNet",
    "EfficientNetConfig",
    "GoogLeNet",
    "GoogLeNetConfig",
    "LeNet",
    "LeNetConfig",
    "LinearClassifier",
    "LinearConfig",
    "MobileNetV1",
    "MobileNetV1Config",
    "MobileNetV2",
    "MobileNetV2Config",
    "Network",
    "NetworkConfig",
    "NiN",
    "NiNConfig",
    "Paper",
    "ResNet",
    "ResNet9",
    "ResNet9Config",
    "ResNetConfig",
    "Row",
    "ScaledFigures",
    "StageVectors",
    "TextCNN",
    "TextCNNConfig",
    "TextLSTM",
    "TextLSTMConfig",
    "TextNetwork",
    "VGG",
    "VGGConfig",
    "ZFNet",
    "ZFNetConfig",
    "check_head_stages",
    "compound_scale",
    "create_model",
    "cut_behind",
    "list_models",
    "maxima_of",
    "model_row",
    "split_after",
    "twin_rows",
]
