"""Sealed bundles over HTTP: the Open Inference Protocol for programs, pictures in forms for people, figures for Prometheus.

What is imported here needs none of the packages that serve; `striate.serving.starting` does.
"""

from striate.serving.limits import ServingLimits
from striate.serving.named_bundles import NamedBundle, named_bundles
from striate.serving.settings import ServerSettings, Started, hosts_of, is_loopback

__all__ = ["NamedBundle", "ServerSettings", "ServingLimits", "Started", "hosts_of", "is_loopback", "named_bundles"]
