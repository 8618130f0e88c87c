"""Random commands of one peer: what it says, what that does by the model, and what may be heard meanwhile."""

from functools import partial
from random import Random

from simulation.imap import model
from simulation.imap.model import numbers_in
from simulation.imap.peer import Given, ImapPeer

NAMES = ("INBOX", "Sent", "a", "b", "a/x", "b/x", "a/x/y")
OFTEN_NAMED = ("INBOX", "INBOX", "INBOX", "Sent", "a")
FLAGS = ("\\Deleted", "\\Deleted", "\\Seen", "\\Flagged", "\\Answered", "$Label1", "work")


class Commands:
    """Makes commands for peers. `texts` counts the messages that were appended, each with a text of its own."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.tags = 0
        self.texts = 0

    def next_for(self, peer: ImapPeer) -> tuple[Given, bytes]:
        """A command that may be given now, and its octets."""
        random = self.random
        here = [self.noop, self.append, self.select, self.select, self.select, self.about_mailboxes]
        if any(entry.uid is None for entry in peer.view):    # told in its last moment of a mailbox that was deleted
            here = [self.noop, self.append, self.select, self.close]
        elif peer.place.mailbox is not None:
            here = random.choices(
                [self.noop, self.append, self.select, self.about_mailboxes, self.store, self.fetch, self.copy,
                 self.expunge, self.search, self.close],
                weights=[2, 10, 2, 4, 24, 20, 10, 14, 4, 2],
            )
        return random.choice(here)(peer)

    def given(self, text: str, effect: model.Effect, **facts: object) -> tuple[Given, bytes]:
        self.tags += 1
        tag = b"t%d" % self.tags
        return Given(tag, text, effect, **facts), tag + b" " + text.encode() + b"\r\n"    # type: ignore[arg-type]

    def noop(self, peer: ImapPeer) -> tuple[Given, bytes]:
        return self.given(self.random.choice(["NOOP", "CHECK"] if peer.place.mailbox else ["NOOP"]), model.nothing)

    # ---- about messages ----------------------------------------------------------------------------------------------

    def some(self, at_hand: list[int]) -> str:
        """A sequence set, mostly of numbers that are there."""
        random = self.random
        if not at_hand or random.random() < 0.2:
            return random.choice(["1:*", "1:*", "*"])
        elements = []
        for _ in range(random.choice([1, 1, 1, 2, 3])):
            first, last = random.choice(at_hand), random.choice(at_hand)
            elements.append(random.choice([f"{first}", f"{first}:{last}", f"{first}:*"]))
        return ",".join(elements)

    def meant(self, peer: ImapPeer) -> tuple[str, str, list[int] | None, bool]:
        """UID or not, a set, the UIDs that it means (None: numbers that are not there), whether by number."""
        view = peer.view
        uids = [entry.uid for entry in view if entry.uid is not None]
        assert len(uids) == len(view)
        if self.random.random() < 0.5:
            largest = uids[-1] if uids else 0
            text = self.some([*uids, largest + 1, max(largest - 1, 1)])
            found = numbers_in(text, largest)
            return "UID ", text, [uid for uid in uids if uid in found], False
        beyond = [len(view) + 1] if self.random.random() < 0.03 else []
        text = self.some([*range(1, len(view) + 1), *beyond])
        if ":*" in text and any(number in text for number in map(str, beyond)):
            return self.meant(peer)    # whether "6:*" names a message that is not there is not said (RFC 3501 9)
        found = numbers_in(text, len(view)) if view or "*" not in text else set()
        if any(number > len(view) for number in found):
            return "", text, None, True
        return "", text, [uids[number - 1] for number in sorted(found)], True

    def store(self, peer: ImapPeer) -> tuple[Given, bytes]:
        random = self.random
        uid, text, uids, by_number = self.meant(peer)
        sign, silent = random.choice(["", "+", "+", "-"]), random.random() < 0.5
        named = frozenset(random.sample(FLAGS, random.choice([0, 1, 1, 2])))
        line = f"{uid}STORE {text} {sign}FLAGS{'.SILENT' if silent else ''} ({' '.join(sorted(named))})"
        if uids is None:
            return self.given(line, model.nonsense, may_hear_expunge=False)
        effect = partial(model.store, uids=uids, sign=sign, named=named, by_number=by_number, silent=silent)
        given, octets = self.given(line, effect, may_hear_expunge=not by_number, must_hear_uid=not by_number)
        if silent:
            self._believe(peer, given, uids, sign, named)
        return given, octets

    def _believe(self, peer: ImapPeer, given: Given, uids: list[int], sign: str, named: frozenset[str]) -> None:
        """RFC 3501 6.4.6: after a .SILENT the client knows the flags without being told."""
        for entry in peer.view:
            if entry.uid in uids:
                given.believed.append((entry, entry.flags))
                if entry.flags is not None or not sign:
                    entry.flags = model.changed(entry.flags or frozenset(), sign, named)

    def fetch(self, peer: ImapPeer) -> tuple[Given, bytes]:
        uid, text, uids, by_number = self.meant(peer)
        items = self.random.choice(["FLAGS", "(UID FLAGS)", "(FLAGS BODY.PEEK[TEXT])", "BODY[]", "(BODY[TEXT] UID)"])
        if uids is None:
            return self.given(f"FETCH {text} {items}", model.nonsense, may_hear_expunge=False)
        effect = partial(model.fetch, uids=uids, reads="BODY[" in items)
        numbers = {number for number, entry in enumerate(peer.view, 1) if entry.uid in uids}
        return self.given(
            f"{uid}FETCH {text} {items}", effect, may_hear_expunge=not by_number, must_hear_uid=not by_number,
            texts_wanted=numbers if "BODY" in items else set(),
        )  # fmt: skip

    def copy(self, peer: ImapPeer) -> tuple[Given, bytes]:
        uid, text, uids, by_number = self.meant(peer)
        name, moves = self.random.choice((*NAMES, *OFTEN_NAMED)), self.random.random() < 0.5
        line = f"{uid}{'MOVE' if moves else 'COPY'} {text} {name}"
        if uids is None:
            return self.given(line, model.nonsense)
        return self.given(line, partial(model.copy, uids=uids, name=name, by_number=by_number, moves=moves))

    def expunge(self, peer: ImapPeer) -> tuple[Given, bytes]:
        if self.random.random() < 0.5:
            return self.given("EXPUNGE", partial(model.expunge, uids=None))
        _, text, uids, by_number = self.meant(peer)
        while by_number:
            _, text, uids, by_number = self.meant(peer)
        return self.given(f"UID EXPUNGE {text}", partial(model.expunge, uids=uids))

    def search(self, peer: ImapPeer) -> tuple[Given, bytes]:
        uid = self.random.choice(["", "UID "])
        key = self.random.choice(["ALL", "SEEN", "DELETED", "KEYWORD work", "NOT FLAGGED"])
        return self.given(f"{uid}SEARCH {key}", model.nothing, may_hear_expunge=bool(uid))

    # ---- about mailboxes ---------------------------------------------------------------------------------------------

    def append(self, _: ImapPeer) -> tuple[Given, bytes]:
        return self.append_to(self.random.choice(OFTEN_NAMED))

    def append_to_inbox(self, _: ImapPeer) -> tuple[Given, bytes]:
        return self.append_to("INBOX")

    def append_to(self, name: str) -> tuple[Given, bytes]:
        random = self.random
        self.texts += 1
        octets = message(self.texts)
        flags = frozenset(random.sample(FLAGS, random.choice([0, 0, 1, 2])))
        line = f"APPEND {name} ({' '.join(sorted(flags))}) {{{len(octets)}+}}"
        given, first = self.given(line, partial(model.append, name=name, text=self.texts, flags=flags))
        return given, first + octets + b"\r\n"

    def select(self, _: ImapPeer) -> tuple[Given, bytes]:
        name = self.random.choice((*NAMES, *OFTEN_NAMED, *OFTEN_NAMED))
        return self.select_named(name, read_only=self.random.random() < 0.15)

    def select_inbox(self, _: ImapPeer) -> tuple[Given, bytes]:
        return self.select_named("INBOX", read_only=False)

    def select_named(self, name: str, *, read_only: bool) -> tuple[Given, bytes]:
        line = f"{'EXAMINE' if read_only else 'SELECT'} {name}"
        return self.given(line, partial(model.select, name=name, read_only=read_only), leaves=True)

    def close(self, _: ImapPeer) -> tuple[Given, bytes]:
        expunges = self.random.random() < 0.5
        line = "CLOSE" if expunges else "UNSELECT"
        return self.given(line, partial(model.close, expunges=expunges), may_hear_expunge=False, leaves=True)

    def about_mailboxes(self, peer: ImapPeer) -> tuple[Given, bytes]:
        random = self.random
        name, other = random.choice(NAMES), random.choice(NAMES)
        line, effect = random.choice([
            (f"CREATE {name}", partial(model.create, name=name)),
            (f"CREATE {name}", partial(model.create, name=name)),
            (f"DELETE {name}", partial(model.delete, name=name)),
            (f"RENAME {name} {other}", partial(model.rename, name=name, new_name=other)),
            ('LIST "" *', model.nothing),
        ])  # fmt: skip
        return self.given(line, effect)


def message(text: int) -> bytes:
    """A message that is told from every other one by its text and by its size."""
    return b"Subject: model\r\n\r\nnumber %d\r\n" % text + b"x" * text
