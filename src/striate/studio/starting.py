"""A studio as it was asked for, at work until a signal comes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from striate.serving import ServingLimits, hosts_of
from striate.serving.metrics import ServingMetrics
from striate.serving.models import Models
from striate.serving.request_log import JsonLog, ServerFaults
from striate.serving.server import Server, address_of, listening_socket
from striate.serving.service import Service
from striate.studio.application import build_studio
from striate.studio.settings import StudioSettings
from striate.studio.studio import Studio


def start(settings: StudioSettings, *, ready: Callable[[str], None] = lambda address: None) -> None:
    """Serves the studio until SIGINT or SIGTERM comes.

    Args:
        settings: What is asked for.
        ready: Told the address when it listens.

    Raises:
        UsageError: If the port is taken.
        BundleError: If a bundle was changed.
    """
    log = JsonLog()
    faults = logging.getLogger("uvicorn.error")
    faults.propagate = False
    faults.handlers = [ServerFaults(log)]
    with listening_socket(settings.host, settings.port) as listener:
        limits, metrics = ServingLimits(), ServingMetrics()
        models = Models(settings.opened.bundles, limits, metrics, settings.precision, told=log)
        service = Service(models, limits, metrics)
        application = build_studio(Studio(settings, service), log=_faults_of(log), hosts=hosts_of(settings.host))
        address = address_of(listener, settings.host)
        Server(application, service, ready=lambda: ready(address)).serve_on(listener)


def _faults_of(log: JsonLog) -> Callable[[Mapping[str, Any]], None]:
    """Hears of requests, of which only those are worth a line that were not answered by a fault of ours."""

    def heard(event: Mapping[str, Any]) -> None:
        if event.get("status", 0) >= 500 and "traceback" in event:
            log(event)

    return heard
