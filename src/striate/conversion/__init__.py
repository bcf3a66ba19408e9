"""From a network to what an inference engine runs."""

from striate.conversion.openvino_ir import convert_module, convert_to_openvino

__all__ = ["convert_module", "convert_to_openvino"]
