"""What every room of the store shares: the database, what a domain stands for, the definition in force."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, select

from database.room import Room
from intent.definition import Definition
from intent.model import DAY, Millis
from intent.port import OtherDefinition
from intent.store.naming import AccountOf
from intent.store.rows import put_new_rows, put_rows
from intent.store.tables import fact

IN_FORCE, FORGOTTEN_UP_TO = "definition", "forgotten_up_to"
# Where a rebuild has come: the definition it makes sums of, and the last trail that is done.
REBUILDING = "rebuilding"


def own_account(domain: str) -> str | None:
    """Every domain is an account of its own."""
    return domain


class IntentRoom(Room):
    """Base of the rooms of website intent."""

    def __init__(self, engine: Engine, account_of: AccountOf = own_account) -> None:
        """`account_of` says which account a domain stands for, and None for one of free mail."""
        super().__init__(engine)
        self._account_of = account_of


def read_fact(connection: Connection, name: str, *, held: bool = False) -> str | None:
    """What is true of all of it. `held`: nobody changes it until the transaction ends."""
    wanted = select(fact.c.value).where(fact.c.name == name)
    return connection.scalar(wanted.with_for_update(read=True) if held else wanted)


def put_fact(connection: Connection, name: str, value: str) -> None:
    put_rows(connection, fact, ("name", "value"), [(name, value)])


def hold_definition(connection: Connection, definition: Definition) -> None:
    """The sums are of this definition until the transaction ends; raises `OtherDefinition`."""
    found = read_fact(connection, IN_FORCE, held=True)
    if found is None:
        put_new_rows(connection, fact, ("name", "value"), [(IN_FORCE, definition.hash)])
        found = read_fact(connection, IN_FORCE, held=True)
    # Whoever comes after a rebuild has begun leaves at once: it waits until nobody holds the definition.
    _compare("" if read_fact(connection, REBUILDING) else found, definition)


def need_definition(connection: Connection, definition: Definition) -> None:
    """The sums that are read are of this definition; raises `OtherDefinition`."""
    found = read_fact(connection, IN_FORCE)
    if found is not None:
        _compare(found, definition)


def forgotten_until(connection: Connection) -> Millis:
    """What happened before this instant is known as counts of days only."""
    return int(read_fact(connection, FORGOTTEN_UP_TO) or 0) * DAY


def _compare(found: str | None, definition: Definition) -> None:
    if found != definition.hash:
        raise OtherDefinition(
            f"the scores are of another definition than {definition.version}: rebuild them first "
            "(`kakehashi intent replay`), or ask again when that is done"
        )
