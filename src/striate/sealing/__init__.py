"""Sealing: what a bundle is given so that it can be held to what it promises."""

from striate.sealing.calibrating import calibrate, judge_calibration, uncalibrated_figures

__all__ = ["calibrate", "judge_calibration", "uncalibrated_figures"]
