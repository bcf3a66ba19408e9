"""The degradation experiment: plain and residual networks at two depths."""
