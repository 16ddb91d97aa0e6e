"""Whether this process lives, whether it can work, and its numbers: for machines that watch.

Nothing in here tells of persons, and nothing tells a secret: of an unknown error only its kind is shown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson
import structlog
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from connector.errors import ConnectorError
from sync.ledger import LedgerError

log = structlog.get_logger()


class Gauge(NamedTuple):
    """A number that is read when somebody asks for it.

    `read` answers label values -> number, e.g. ``{("live",): 3.0}`` for ``labels=("lane",)``, and
    ``{(): 3.0}`` without labels. Where it raises, the gauge is left out of this answer.
    """

    name: str
    documentation: str
    labels: tuple[str, ...]
    read: Callable[[], Mapping[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class Health:
    """`services` ping themselves and raise if they cannot work; `seconds` is how long they may take.

    Without one that is `needed` (None: all are) this process is not ready. Pings come as often as
    somebody asks: none of them may cost API calls.
    """

    services: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    gauges: Sequence[Gauge] = ()
    seconds: float = 2.0
    needed: frozenset[str] | None = None

    def is_needed(self, service: str) -> bool:
        return self.needed is None or service in self.needed


def health(checks: Health, registry: CollectorRegistry) -> Blueprint:
    """``/healthz``, ``/readyz`` and ``/metrics``. Enters the gauges into the registry."""
    blueprint = Blueprint("health", __name__)
    probes = {name: _Probe(ping) for name, ping in checks.services.items()}
    registry.register(_Gauges(checks.gauges))

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return _json({"status": "alive"}, 200)

    @blueprint.get("/readyz")
    def readyz() -> Response:
        answers = _ask_all(probes, checks.seconds)
        ready = not any(trouble for name, trouble in answers.items() if checks.is_needed(name))
        shown = {
            name: {"ok": trouble is None} | ({"error": trouble} if trouble else {})
            for name, trouble in answers.items()
        }
        return _json({"ready": ready, "services": shown}, 200 if ready else 503)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return blueprint


class _Probe:
    """Asks one service, in a thread of its own: never two of them, however long the first one hangs."""

    def __init__(self, ping: Callable[[], object]) -> None:
        self._ping = ping
        self._lock = threading.Lock()
        self._asked: Future[None] | None = None

    def ask(self) -> Future[None]:
        """The answer to come. A ping that still hangs is asked no second time."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                threading.Thread(target=self._run, args=(self._asked,), daemon=True).start()
            return self._asked

    def _run(self, answer: Future[None]) -> None:
        try:
            self._ping()
        except Exception as error:  # noqa: BLE001 -- any error of a service means: it cannot work
            answer.set_exception(error)
        else:
            answer.set_result(None)


def _ask_all(probes: Mapping[str, _Probe], seconds: float) -> dict[str, str | None]:
    """What is wrong with each service, None where nothing is; all within the same seconds."""
    until = time.monotonic() + seconds
    asked = {name: probe.ask() for name, probe in probes.items()}
    return {name: _trouble(one, until - time.monotonic(), seconds) for name, one in asked.items()}


def _trouble(asked: Future[None], left: float, seconds: float) -> str | None:
    try:
        error = asked.exception(timeout=max(left, 0.0))
    except TimeoutError:
        return f"no answer within {seconds:g} seconds"
    if isinstance(error, LedgerError | ConnectorError):
        return str(error)  # these name the cause, and never a value or a secret
    return None if error is None else type(error).__name__


class _Gauges:
    """Reads the gauges whenever the registry is asked."""

    def __init__(self, gauges: Sequence[Gauge]) -> None:
        self._gauges = gauges

    def describe(self) -> Iterator[Metric]:
        """The names, without reading anything: the registry asks for them at the start."""
        for gauge in self._gauges:
            yield GaugeMetricFamily(gauge.name, gauge.documentation, labels=gauge.labels)

    def collect(self) -> Iterator[Metric]:
        for gauge in self._gauges:
            try:
                numbers = gauge.read()
            except Exception as error:  # noqa: BLE001 -- the other numbers matter now more than ever
                log.warning("gauge unreadable", gauge=gauge.name, reason=type(error).__name__)
                continue
            family = GaugeMetricFamily(gauge.name, gauge.documentation, labels=gauge.labels)
            for labels, number in numbers.items():
                family.add_metric(labels, number)
            yield family


def _json(content: Mapping[str, object], status: int) -> Response:
    return Response(orjson.dumps(content), status, content_type="application/json")
