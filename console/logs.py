"""How commands and parts log: one JSON object a line, or plain text for a terminal; to standard error.

Logs hold no values of records, no bodies and no secrets: of an error that is no word of our own, its
kind and the places in the code are logged, and never its message, which may quote a record.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

ErrorParts = tuple[type[BaseException], BaseException, TracebackType | None]


def set_up(*, terminal: bool) -> None:
    """Send everything to standard error, libraries' warnings included."""
    drawn: Any = (
        structlog.dev.ConsoleRenderer(colors=terminal)
        if terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_messages_of_errors,
            drawn,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(True)
    threading.excepthook = _end_of_thread
    logging.basicConfig(handlers=[_Forwarded()], level=logging.WARNING, force=True)
    logging.getLogger("rq").setLevel(logging.CRITICAL)


def without_messages_of_errors(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Instead of an exception: its kind, and the lines of code that it came by."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["error"] = type(error).__name__
        event["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return event


def _end_of_thread(end: threading.ExceptHookArgs) -> None:
    """A thread that died of a bug: Python itself would print the message of the error."""
    if end.exc_value is not None and not isinstance(end.exc_value, SystemExit):
        name = None if end.thread is None else end.thread.name
        structlog.get_logger().error("our bug", thread=name, exc_info=end.exc_value)


class _Forwarded(logging.Handler):
    """Warnings of libraries: who warned, and not what of, since it may quote what it was given.

    Of an error that a library caught, its kind and the places in the code.
    """

    def emit(self, record: logging.LogRecord) -> None:
        more = {"exc_info": record.exc_info} if record.exc_info else {}
        structlog.get_logger().warning(
            "library", name=record.name, level_name=record.levelname, **more
        )
