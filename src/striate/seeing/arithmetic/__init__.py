"""The arithmetic of any unit of a network, with the very numbers of its tensors."""

from striate.seeing.arithmetic.unit_arithmetic import Activation, Line, UnitArithmetic, Window
from striate.seeing.arithmetic.walk import MOST_BYTES, UnitBox, Walk, WalkStep, walked

__all__ = ["MOST_BYTES", "Activation", "Line", "UnitArithmetic", "UnitBox", "Walk", "WalkStep", "Window", "walked"]
