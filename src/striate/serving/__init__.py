"""Sealed bundles over HTTP: the Open Inference Protocol for programs, pictures in forms for people, figures for Prometheus."""

from striate.serving.limits import ServingLimits
from striate.serving.models import NamedBundle, named_bundles
from striate.serving.starting import ServerSettings, Started, is_loopback, start

__all__ = ["NamedBundle", "ServerSettings", "ServingLimits", "Started", "is_loopback", "named_bundles", "start"]
