"""A server as it was asked for: its settings, and what is made of them in each of its processes."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection

from striate.errors import StriateError
from striate.hardware import available_processors, use_at_most
from striate.serving.api_keys import ApiKeys
from striate.serving.application import build_application
from striate.serving.metrics import ServingMetrics
from striate.serving.models import Models
from striate.serving.request_log import JsonLog, ServerFaults
from striate.serving.served_bundle import ServedBundle
from striate.serving.server import Server, address_of, listening_socket
from striate.serving.service import Service
from striate.serving.settings import ServerSettings, Started, StartedModel

Ready = Callable[[Started], None]


def start(settings: ServerSettings, *, ready: Ready = lambda started: None) -> None:
    """Serves until a signal comes, and answers what is in work then.

    Args:
        settings: What is asked for.
        ready: Told when it listens; of several workers when all do.

    Raises:
        UsageError: If the port is taken, or the keys cannot be read.
        BundleError: If a bundle was changed.
        StriateError: If a worker ended by itself.
    """
    if settings.keys is not None:
        ApiKeys(settings.keys)  # what is wrong with it is said before a bundle is opened
    if settings.workers == 1:
        with listening_socket(settings.host, settings.port) as listener:
            serve_on(listener, settings, ready)
        return
    with listening_socket(settings.host, settings.port, shared=True) as reserved:
        Workers(settings, reserved.getsockname()[1]).run(ready)


def serve_on(listener: socket.socket, settings: ServerSettings, ready: Ready, *, worker: int | None = None) -> None:
    """Serves on a socket in this process."""
    log = JsonLog(fields={} if worker is None else {"worker": worker})
    faults = logging.getLogger("uvicorn.error")
    faults.propagate = False
    faults.handlers = [ServerFaults(log)]
    metrics = ServingMetrics()
    models = Models(settings.bundles, settings.limits, metrics, settings.precision, told=log)
    service = Service(models, settings.limits, metrics)
    application = build_application(
        service,
        log=(lambda event: None) if settings.quiet else log,
        keys=ApiKeys(settings.keys) if settings.keys is not None else None,
        hosts=settings.hosts,
        origins=settings.allowed_origins,
        look_again=settings.look_again,
    )
    started = Started(address_of(listener, settings.host), tuple(map(_described, models.all())))
    Server(application, service, ready=lambda: ready(started)).serve_on(listener)


def _described(bundle: ServedBundle) -> StartedModel:
    classifier = bundle.classifier
    network, classes = classifier.contract.architecture.title, len(classifier.classes)
    return StartedModel(bundle.name, bundle.version, network, classes, classifier.engine.precision)


class Workers:
    """Processes that serve the same bundles on one port, of which the system shares out the connections; they share nothing else.

    Args:
        settings: What each of them does.
        port: Which this process holds, without listening at it.
    """

    def __init__(self, settings: ServerSettings, port: int) -> None:
        self._settings = replace(settings, port=port)
        self._context = multiprocessing.get_context("spawn")
        self._share = max(1, available_processors() // settings.workers)
        self._processes: list[multiprocessing.process.BaseProcess] = []
        self._ending = False

    def run(self, ready: Ready) -> None:
        """Starts all, starts anew one that dies, and ends all when a signal comes.

        Raises:
            StriateError: If one cannot start.
        """
        before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            started = [self._start(place) for place in range(self._settings.workers)]
            if not self._ending and started[0] is not None:
                ready(started[0])
            while not self._ending:
                for place, process in enumerate(self._processes):
                    if not process.is_alive() and not self._ending:
                        self._start(place)
                time.sleep(0.1)
        finally:
            for process in self._processes:
                process.terminate()
            for process in self._processes:
                process.join()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int, frame: object) -> None:
        self._ending = True

    def _start(self, place: int) -> Started | None:
        """Starts a worker, and waits until it listens; None if a signal came meanwhile."""
        receiving, sending = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(self._settings, place, self._share, sending), daemon=True)
        process.start()
        sending.close()
        self._processes[place : place + 1] = [process]
        try:
            while not self._ending:
                if receiving.poll(0.1):
                    told: Started | str = receiving.recv()
                    if isinstance(told, str):
                        raise StriateError(told)
                    return told
        except EOFError:
            process.join()
            raise StriateError(f"worker {place} ended with exit code {process.exitcode} before it served") from None
        return None


def _work(settings: ServerSettings, place: int, share: int, sending: Connection) -> None:
    """A worker's life."""
    use_at_most(share)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C reaches all; the first process ends the others
    try:
        with listening_socket(settings.host, settings.port, shared=True) as listener:
            serve_on(listener, settings, sending.send, worker=place)
    except StriateError as error:
        with suppress(OSError):
            sending.send(str(error))
        raise SystemExit(error.exit_code) from None
