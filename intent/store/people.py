"""Who is who, as it is asked for and changed from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from intent.definition import Definition
from intent.model import Identity, Millis, Subject, millis, moment
from intent.port import Link, UnknownSubject
from intent.store.accounts import accounts_of, labels_of, members_of_all
from intent.store.bonds import Bond, Said, end_bonds, first_bonds, pairs_with
from intent.store.naming import (
    ACCOUNT_SURE,
    ACCOUNT_WHY,
    BY_HAND,
    COMPANIES,
    COOKIES,
    SOMEBODY,
    Claim,
    Named,
    claim_in,
    company_name,
    subject_of,
    subject_text,
    trail_of,
)
from intent.store.owners import settle_owners
from intent.store.rows import among
from intent.store.scoring import Scoring
from intent.store.sums import touch
from intent.store.tables import trail
from intent.store.trails import (
    Held,
    held_by_id,
    held_by_name,
    held_by_owner,
    is_better,
    lock_who_is_who,
    put_claims,
    put_trails,
)


class People(Scoring):
    """Looks people up, links and unlinks them."""

    def resolve(self, identities: Iterable[Identity]) -> Mapping[Identity, tuple[Subject, ...]]:
        """The subjects that each identity stands for; whoever is not known yet is put on file."""
        names = {one: trail_of(one, self._account_of) for one in identities}
        with self._begin() as connection:
            ids = put_trails(connection, {n: 0 for n in names.values() if n}, self._account_of)
            held = held_by_id(connection, ids.values())
            owners = {one: held[ids[name]].owner for one, name in names.items() if name}
            accounts = accounts_of(connection, set(owners.values()))
            said = {one: claim.account for one in names if (claim := self._claim(one))}
            labels = labels_of(connection, said.values())
        found: dict[Identity, tuple[Subject, ...]] = {}
        for one in names:
            owner = owners.get(one)
            account = accounts.get(owner or "") or labels.get(said.get(one, ""))
            texts = dict.fromkeys(text for text in (owner, account) if text)
            found[one] = tuple(subject_of(text) for text in texts)
        return found

    def _claim(self, identity: Identity) -> Claim | None:
        return claim_in(identity, 0, self._account_of)

    def link(self, links: Sequence[Link], definition: Definition) -> None:
        """Put links on file; a visitor who is somebody now brings its states along."""
        with self._begin() as connection:
            said = [one for link in links for one in self._said(connection, link)]
            latest = max((millis(link.since) for link in links), default=0)
            self.take_said(connection, said, definition, latest)
            for link in links:
                if link.subject.kind == "account" and link.kind not in COMPANIES:
                    self._claim_by_hand(connection, link)

    def _said(self, connection: Connection, link: Link) -> list[Said]:
        name, since = Named(link.kind, link.value), millis(link.since)
        if link.subject.kind == "account":
            if link.kind not in COMPANIES:
                return []
            other = Named("company_domain", link.subject.key)
        else:
            other = _anchor(connection, link.subject)
        if name == other:
            return []
        return [Said(name, other, since, link.confidence, link.why, by_hand=True)]

    def _claim_by_hand(self, connection: Connection, link: Link) -> None:
        name, since = Named(link.kind, link.value), millis(link.since)
        number = put_trails(connection, {name: since}, self._account_of)[name]
        one = held_by_id(connection, [number])[number]
        claim = Claim(link.subject.key, BY_HAND, since)
        if is_better(claim, one.claim):
            put_claims(connection, {number: claim})
            left = {f"account:{one.claim.account}"} if one.claim else set()
            touch(connection, one.owners | left, since)

    def unlink(self, kind: str, value: str, definition: Definition, now: datetime) -> None:
        """Take a link back, and what came through it out of the scores."""
        name = Named(kind, value)
        with self._begin() as connection:
            lock_who_is_who(connection)
            one = held_by_name(connection, [name]).get(name)
            if one is not None:
                pairs = _links_among(connection, one)
                end_bonds(connection, pairs, millis(now))
                concerned = {one.id, *(number for pair in pairs for number in pair)}
                settle_owners(connection, concerned, definition, millis(now))
            if kind in COMPANIES:
                _drop_claims(connection, value, millis(now))

    def links_of(self, subject: Subject) -> Sequence[Link]:
        """Everything that is known to belong to a subject."""
        text = subject_text(subject)
        with self._look() as connection:
            held = held_by_owner(connection, [text])
            bonds = first_bonds(connection, held)
        said = {one.trail_id: one for one in bonds}
        found = []
        for number, one in sorted(held.items()):
            bond = said.get(number) or Bond(number, number, 0, one.seen_at, 1.0, "itself")
            since = moment(bond.at)
            found.append(Link(*one.name, subject, bond.confidence, bond.why, since))
            if one.claim is not None and subject.kind != "account":
                found.append(_link_to_account(one, one.claim))
        if subject.kind == "account" and not held:
            found.append(Link("company_domain", subject.key, subject, 1.0, "itself", moment(0)))
        return found

    def names_of(self, subjects: Iterable[Subject]) -> Mapping[Subject, Sequence[tuple[str, str]]]:
        """The identifiers (kind, value) that belong to each of these, as `links_of` has them."""
        texts = {subject_text(one): one for one in subjects}
        found: dict[Subject, list[tuple[str, str]]] = {one: [] for one in texts.values()}
        with self._look() as connection:
            held = held_by_owner(connection, texts)
        for _, one in sorted(held.items()):
            for owner in one.owners & texts.keys():
                found[texts[owner]].append((one.name.kind, one.name.value))
        for subject, names in found.items():
            if subject.kind == "account" and not names:
                names.append(("company_domain", subject.key))
        return found

    def subjects_by(self, kind: str, values: Iterable[str]) -> Mapping[str, Subject]:
        """The subjects that these identifiers belong to now."""
        names = [Named(kind, value) for value in values]
        with self._look() as connection:
            held = held_by_name(connection, names)
            found = {name.value: one.owner for name, one in held.items()}
            if kind in COMPANIES:
                rest = [name.value for name in names if name.value not in found]
                found |= {one: f"account:{one}" for one in _claimed(connection, rest)}
        return {value: subject_of(owner) for value, owner in found.items()}

    def members(self, account: Subject) -> Sequence[Subject]:
        """The people and visitors of an account."""
        return self.members_of([account])[account]

    def members_of(self, accounts: Iterable[Subject]) -> Mapping[Subject, Sequence[Subject]]:
        """The same of many at once."""
        texts = {subject_text(one): one for one in accounts}
        with self._look() as connection:
            found = members_of_all(connection, texts)
        return {texts[text]: [subject_of(one) for one in some] for text, some in found.items()}

    def everybody(self, limit: int, after: Subject | None = None) -> Sequence[Subject]:
        """The people of whom anything is on file, in the order of their keys."""
        wanted = select(trail.c.owner).distinct().where(trail.c.owner.startswith("person:"))
        if after is not None:
            wanted = wanted.where(trail.c.owner > subject_text(after))
        with self._look() as connection:
            texts = connection.scalars(wanted.order_by(trail.c.owner).limit(limit)).all()
        return [subject_of(text) for text in texts]

    def account_of(self, subject: Subject) -> Subject | None:
        """The account that a person or visitor counts for."""
        return self.accounts_of([subject]).get(subject)

    def accounts_of(self, subjects: Iterable[Subject]) -> Mapping[Subject, Subject]:
        """The same of many at once; who counts for none is left out."""
        texts = {subject_text(one): one for one in subjects}
        with self._look() as connection:
            found = accounts_of(connection, texts)
        return {texts[owner]: subject_of(account) for owner, account in found.items()}


def _anchor(connection: Connection, subject: Subject) -> Named:
    """The surest identifier of a subject: what is linked with the subject is bonded with that."""
    held = held_by_owner(connection, [subject_text(subject)]).values()
    kinds = SOMEBODY if subject.kind == "person" else COOKIES
    names = sorted((one.id, one.name) for one in held if one.name.kind in kinds)
    if not names:
        raise UnknownSubject(f"nothing is on file about {subject_text(subject)}: name who is meant")
    return names[0][1]


def _links_among(connection: Connection, one: Held) -> set[tuple[int, int]]:
    """The bonds that make an identifier belong to its subject: of its kin, and for a cookie all."""
    pairs = pairs_with(connection, [one.id])
    if one.name.kind in COOKIES:
        return pairs
    held = held_by_id(connection, {number for pair in pairs for number in pair})
    return {pair for pair in pairs if all(held[number].name.kind not in COOKIES for number in pair)}


def _link_to_account(one: Held, claim: Claim) -> Link:
    kind, value = company_name(claim.account)
    why, sure = ACCOUNT_WHY[claim.rank], ACCOUNT_SURE[claim.rank]
    since = moment(claim.at or one.seen_at)
    return Link(kind, value, Subject("account", claim.account), sure, why, since)


def _drop_claims(connection: Connection, account: str, now: Millis) -> None:
    """Nobody counts for an account through this domain or number any more."""
    ids = connection.scalars(select(trail.c.id).where(trail.c.account == account)).all()
    owners = {owner for one in held_by_id(connection, ids).values() for owner in one.owners}
    connection.execute(
        update(trail).where(trail.c.account == account).values(account=None, rank=0, account_at=0)
    )
    touch(connection, owners | {f"account:{account}"}, now)


def _claimed(connection: Connection, accounts: Sequence[str]) -> set[str]:
    """Those of these domains and numbers that somebody counts for."""
    theirs = among(connection, trail.c.account, accounts)
    return set(connection.scalars(select(trail.c.account).where(theirs).distinct()))
