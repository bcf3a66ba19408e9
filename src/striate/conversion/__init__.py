"""From a network to what an inference engine runs."""

from striate.conversion.exported_program import export_preparation, export_program
from striate.conversion.onnx_model import OPSET, convert_to_onnx
from striate.conversion.openvino_ir import convert_module, convert_to_openvino, put_before
from striate.conversion.prepared_pictures import PreparedPictures
from striate.conversion.saving import save_graph

__all__ = [
    "OPSET",
    "PreparedPictures",
    "convert_module",
    "convert_to_onnx",
    "convert_to_openvino",
    "export_preparation",
    "export_program",
    "put_before",
    "save_graph",
]
