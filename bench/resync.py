"""A full compare over real HTTP against a bare read of the same pages, in the same run."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

import orjson
import urllib3

from connector.port import System
from mappings.compile import Compiled
from sync.install import copy_mappings
from sync.resync import Report, Terms
from sync.settings import load_settings
from sync.wiring import Bridge

ROUNDS = 3


class Orgs:
    """The practice orgs in their own process."""

    def __init__(self, people: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.orgs", str(people)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._in: IO[str] = self._process.stdin  # type: ignore[assignment]  # a pipe was asked for
        self._out: IO[str] = self._process.stdout  # type: ignore[assignment]  # likewise
        self.told: dict[str, Any] = json.loads(self._out.readline())

    def edit(self, count: int) -> None:
        """So many contacts are edited by a person."""
        self._in.write(f"{count}\n")
        self._in.flush()
        self._out.readline()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def running(people: int) -> Iterator[Orgs]:
    orgs = Orgs(people)
    try:
        yield orgs
    finally:
        orgs.stop()


def measure(folder: Path, people: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Times (seconds), calls and memory of compares over `people` pairs."""
    with running(people) as orgs:
        bridge = _bridge(folder, orgs.told)
        compiled = bridge.compile()
        compare = bridge.compare(bridge.bench(compiled))
        say(f"{people} pairs are bound for the first time ...")
        first, report = _timed(lambda: compare.resync((), Terms()))
        found: dict[str, Any] = {
            "people": people,
            "first_seconds": first,
            "first_totals": dict(report.totals),
        }
        bare, ours = [], []
        for number in range(ROUNDS):
            bare.append(_timed(lambda: _bare_read(orgs.told, compiled))[0])
            seconds, report = _timed(lambda: compare.resync((), Terms()))
            ours.append(seconds)
            say(f"round {number + 1}: bare read {bare[-1]:.1f} s, compare {seconds:.1f} s")
        found["bare_seconds"] = statistics.median(bare)
        found["unchanged_seconds"] = statistics.median(ours)
        found["ratio_unchanged"] = found["unchanged_seconds"] / found["bare_seconds"]
        found["calls_unchanged"] = report.cost
        changed = people // 100
        orgs.edit(changed)
        seconds, report = _timed(lambda: compare.resync((), Terms()))
        found |= _changed(found, changed, seconds, report)
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def _changed(found: dict[str, Any], changed: int, seconds: float, report: Report) -> dict[str, Any]:
    return {
        "changed": changed,
        "changed_seconds": seconds,
        "ratio_changed": seconds / found["bare_seconds"],
        "calls_changed": report.cost,
        "changed_totals": dict(report.totals),
    }


def _bridge(folder: Path, told: dict[str, Any]) -> Bridge:
    hubspot, salesforce = told["hubspot"], told["salesforce"]
    settings = load_settings(
        folder,
        {
            "KAKEHASHI_HUBSPOT__BASE_URL": hubspot["base_url"],
            "KAKEHASHI_HUBSPOT__ACCESS_TOKEN": hubspot["access_token"],
            "KAKEHASHI_HUBSPOT__APP_ID": str(hubspot["app_id"]),
            "KAKEHASHI_SALESFORCE__LOGIN_URL": salesforce["login_url"],
            "KAKEHASHI_SALESFORCE__CLIENT_ID": salesforce["client_id"],
            "KAKEHASHI_SALESFORCE__CLIENT_SECRET": salesforce["client_secret"],
        },
    )
    bridge = Bridge(settings, folder)
    copy_mappings(bridge.mappings_folder)
    for name in ("companies", "deals"):
        (bridge.mappings_folder / f"{name}.yaml").unlink()
    people = bridge.mappings_folder / "people.yaml"
    kept = people.read_text("utf-8").replace("associations.company is linked and ", "")
    lines = [line for line in kept.splitlines() if "AccountId" not in line]
    people.write_text("\n".join(lines[: lines.index("tests:")]) + "\n", "utf-8")
    return bridge


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done


def _bare_read(told: dict[str, Any], compiled: Compiled) -> int:
    """Every page that a compare reads, fetched and parsed, nothing else."""
    pool = urllib3.PoolManager()
    [mapping] = compiled.mappings
    return _bare_hubspot(pool, told["hubspot"], mapping.fields[System.HUBSPOT, "contacts"]) + sum(
        _bare_salesforce(pool, told["salesforce"], name, mapping.fields[System.SALESFORCE, name])
        for name in mapping.salesforce_objects
    )


def _bare_hubspot(pool: urllib3.PoolManager, told: dict[str, Any], fields: tuple[str, ...]) -> int:
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    names = [f if f != "associations.company" else "associatedcompanyid" for f in fields]
    after, count = "", 0
    while True:
        query = urlencode(
            {"limit": 100, "properties": ",".join(names), **({"after": after} if after else {})}
        )
        answer = pool.request(
            "GET", f"{told['base_url']}/crm/v3/objects/contacts?{query}", headers=headers
        )
        page = orjson.loads(answer.data)
        count += len(page["results"])
        after = page.get("paging", {}).get("next", {}).get("after", "")
        if not after:
            return count


def _bare_salesforce(
    pool: urllib3.PoolManager, told: dict[str, Any], name: str, fields: tuple[str, ...]
) -> int:
    form = {
        "grant_type": "client_credentials",
        "client_id": told["client_id"],
        "client_secret": told["client_secret"],
    }
    token = orjson.loads(
        pool.request(
            "POST",
            f"{told['login_url']}/services/oauth2/token",
            fields=form,
            encode_multipart=False,
        ).data
    )
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    names = ", ".join(dict.fromkeys(["Id", *fields, "LastModifiedDate", "LastModifiedById"]))
    statement = urlencode({"q": f"SELECT {names} FROM {name} ORDER BY Id"})  # noqa: S608 - our own names
    path: str | None = f"/services/data/v62.0/query/?{statement}"
    count = 0
    while path is not None:
        page = orjson.loads(
            pool.request("GET", f"{token['instance_url']}{path}", headers=headers).data
        )
        count += len(page["records"])
        path = page.get("nextRecordsUrl")
    return count
