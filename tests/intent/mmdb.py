"""Writes small MaxMind DB files, for tests of looking networks up.

The format: https://maxmind.github.io/MaxMind-DB/
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

Stored = str | int | bool | Mapping[str, "Stored"]
Tree = list[list[int | None]]
MARK = b"\xab\xcd\xefMaxMind.com"
TEXT, SHORT, WIDE, MAP, LONG, LIST, FLAG = 2, 5, 6, 7, 9, 11, 14


def write_networks(file: Path, networks: Mapping[str, Stored], version: int = 6) -> Path:
    """A file that knows these networks. Of IPv6 it knows IPv4 as well, below ``::/96``."""
    tree: Tree = [[None, None]]
    data = bytearray()
    for told, stored in networks.items():
        _plant(tree, _bits(told, version), len(data))
        data += _encoded(stored)
    nodes = len(tree)
    flat = b"".join(_record(side, nodes) for node in tree for side in node)
    about = b"".join(
        _encoded(name) + value
        for name, value in {
            "node_count": _encoded(nodes),
            "record_size": _number(SHORT, 24, 2),
            "ip_version": _number(SHORT, version, 2),
            "database_type": _encoded("Practice"),
            "binary_format_major_version": _number(SHORT, 2, 2),
            "binary_format_minor_version": _number(SHORT, 0, 2),
            "build_epoch": _number(LONG, 1_700_000_000, 8),
            "languages": bytes([0, LIST - 7]),
            "description": _encoded({}),
        }.items()
    )
    file.write_bytes(flat + bytes(16) + bytes(data) + MARK + bytes([MAP << 5 | 9]) + about)
    return file


def _bits(told: str, version: int) -> str:
    network = ip_network(told)
    whole = f"{int(network.network_address):0{network.max_prefixlen}b}"
    return ("0" * 96 if version == 6 and network.version == 4 else "") + whole[: network.prefixlen]


def _plant(tree: Tree, bits: str, place: int) -> None:
    """A path of nodes to a leaf; leaves are negative until the number of nodes is known."""
    at = 0
    for bit in bits[:-1]:
        found = tree[at][int(bit)]
        if found is None:
            tree.append([None, None])
            found = tree[at][int(bit)] = len(tree) - 1
        at = found
    tree[at][int(bits[-1])] = -1 - place


def _record(side: int | None, nodes: int) -> bytes:
    if side is None:
        number = nodes
    elif side < 0:
        number = nodes + 16 + (-1 - side)
    else:
        number = side
    return number.to_bytes(3, "big")


def _encoded(stored: Stored) -> bytes:
    if isinstance(stored, bool):
        return bytes([int(stored), FLAG - 7])
    if isinstance(stored, int):
        return _number(WIDE, stored, 4)
    if isinstance(stored, str):
        raw = stored.encode()
        return bytes([TEXT << 5 | len(raw)]) + raw
    pairs = (_encoded(key) + _encoded(value) for key, value in stored.items())
    return bytes([MAP << 5 | len(stored)]) + b"".join(pairs)


def _number(kind: int, number: int, size: int) -> bytes:
    """Kinds from 8 on stand in a byte of their own."""
    head = [kind << 5 | size] if kind <= MAP else [size, kind - 7]
    return bytes(head) + number.to_bytes(size, "big")
