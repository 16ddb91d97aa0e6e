"""Several calls in one: /composite with references, and /composite/batch (reference sheet, 2.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.salesforce.answers import refusal
from sandbox.salesforce.call import Call, Reply, caseless

MOST = 25
_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
_NAME = re.compile(r"[A-Za-z0-9_]+")
HALTED = "The transaction was rolled back since another operation in the same transaction failed."

Dispatch = Callable[[Call], Reply]


class _TakeBack(Exception):
    """One subrequest failed and the caller wanted all or none."""


class _NoValue(Exception):
    """A reference leads nowhere."""


class Composite:
    """Runs subrequests through `dispatch`, which answers one call without counting it."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def composite(self, call: Call) -> Reply:
        body = call.json()
        requests = _requests(body, "compositeRequest")
        names = [str(one.get("referenceId", "")) for one in requests]
        if not all(_NAME.fullmatch(name) for name in names) or len(set(names)) < len(names):
            text = "Provided referenceId is missing, taken twice or has an illegal character"
            raise refusal(400, "JSON_PARSER_ERROR", text)
        answers: dict[str, Reply] = {}
        try:
            with call.state.transaction():
                for name, one in zip(names, requests, strict=True):
                    answers[name] = self._referring(call, one, answers)
                    _require(answers[name], wanted=bool(body.get("allOrNone")))
        except _TakeBack:
            answers = _halted(names, answers)
        told = [
            {
                "body": answers[name].body,
                "httpHeaders": dict(answers[name].headers),
                "httpStatusCode": answers[name].status,
                "referenceId": name,
            }
            for name in names
        ]
        return Reply(200, {"compositeResponse": told})

    def batch(self, call: Call) -> Reply:
        """Each subrequest counts as a call of its own; a failed one may halt the rest."""
        body = call.json()
        requests = _requests(body, "batchRequests")
        call.rooms.budget.spend(max(0, len(requests) - 1))
        results: list[dict[str, Any]] = []
        failed = halt = False
        for one in requests:
            if halt:
                text = "Batch processing halted per request"
                error = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": text}]
                results.append({"statusCode": 412, "result": error})
                continue
            path = f"/services/data/{one.get('url')}"
            answer = self._run(call, str(one.get("method")), path, one.get("richInput"), {})
            results.append({"statusCode": answer.status, "result": answer.body})
            failed = failed or answer.status >= 300
            halt = failed and bool(body.get("haltOnError"))
        return Reply(200, {"hasErrors": failed, "results": results})

    def _referring(self, call: Call, one: Mapping[str, Any], before: Mapping[str, Reply]) -> Reply:
        try:
            path = _filled(str(one.get("url", "")), before)
            body = _filled(one.get("body"), before)
        except _NoValue as error:
            text = f"Invalid reference specified. No value for {error}"
            return Reply(400, [{"errorCode": "PROCESSING_HALTED", "message": text}])
        headers = one.get("httpHeaders") or {}
        return self._run(call, str(one.get("method", "GET")), str(path), body, headers)

    def _run(
        self, call: Call, method: str, url: str, body: Any, headers: Mapping[str, str]
    ) -> Reply:
        split = urlsplit(url)
        inner = replace(
            call,
            method=method.upper(),
            path=split.path,
            query=dict(parse_qsl(split.query, keep_blank_values=True)),
            headers=caseless({**call.headers, **headers}),
            data=body,
        )
        return self._dispatch(inner)


def _require(answer: Reply, *, wanted: bool) -> None:
    if wanted and answer.status >= 300:
        raise _TakeBack


def _requests(body: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = body.get(key)
    if not isinstance(found, list):
        raise refusal(400, "JSON_PARSER_ERROR", f"{key} is missing at [line:1, column:2]")
    if len(found) > MOST:
        text = f"The request can't contain more than {MOST} operations"
        raise refusal(400, "LIMIT_EXCEEDED", text)
    return found


def _halted(names: list[str], answers: Mapping[str, Reply]) -> dict[str, Reply]:
    """Only the one that failed says why."""
    halted = Reply(400, [{"errorCode": "PROCESSING_HALTED", "message": HALTED}])
    return {
        name: answers[name] if name in answers and answers[name].status >= 300 else halted
        for name in names
    }


def _filled(value: Any, before: Mapping[str, Reply]) -> Any:
    """The same with every ``@{name.path}`` replaced by what that answer held."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: _look_up(match, before), value)
    if isinstance(value, list):
        return [_filled(one, before) for one in value]
    if isinstance(value, dict):
        return {key: _filled(one, before) for key, one in value.items()}
    return value


def _look_up(match: re.Match[str], before: Mapping[str, Reply]) -> str:
    answer = before.get(match[1])
    found: Any = None if answer is None else answer.body
    for step in _STEP.finditer(match[2]):
        try:
            found = found[step[1]] if step[1] else found[int(step[2])]
        except (KeyError, IndexError, TypeError):
            raise _NoValue(match[0]) from None
    if found is None:
        raise _NoValue(match[0])
    return str(found)
