"""One run of the model test: random commands of several peers, alone and several at once, held against the model."""

import asyncio
import copy
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count, permutations
from random import Random

from posthouse.database.identifiers import AccountId
from posthouse.database.transaction import Transaction
from posthouse.doors.connection import Connection
from posthouse.message.dates import Instant
from posthouse.store.counters import status_of
from posthouse.store.folding import fold, load_listing
from posthouse.store.keywords import keyword_names
from posthouse.store.mailboxes import list_mailboxes
from posthouse.store.retention import prune_folded
from simulation.imap.commands import Commands, message
from simulation.imap.model import SEEN, Account, Mailbox, Outcome, Place
from simulation.imap.peer import Given, ImapPeer, PeerComplains

STEPS = 60
PEERS_MAX = 4
BITS = {0: "\\Seen", 1: "\\Answered", 2: "\\Flagged", 3: "\\Deleted", 4: "\\Draft"}
NOW = Instant(1_790_000_000_000_000)
_TAGGED = re.compile(rb"(?P<tag>\w+) (?P<condition>OK|NO|BAD)(?: \[(?P<code>[^]]*)\])? ")


@dataclass(frozen=True)
class Stored:
    """What the store says of a mailbox."""

    uidvalidity: int
    uidnext: int
    messages: tuple[tuple[int, int, frozenset[str]], ...]    # UID, size, flags


class Run:
    """One seed. `connect` makes a connection at the door, `login` is the line that lets it in."""

    def __init__(
        self, seed: int, database, connect: Callable[[Random], Connection], login: bytes, account_id: AccountId
    ) -> None:
        self.random = Random(seed)
        self.database = database
        self.connect = connect
        self.login = login
        self.account_id = account_id
        self.commands = Commands(self.random)
        self.account = Account({name: Mailbox() for name in self.stored()})
        self.peers: list[ImapPeer] = []
        self.uidvalidities: set[int] = set()
        self.log: list[str] = []
        self.names = count(1)

    async def run(self) -> None:
        for _ in range(2):
            await self.new_peer()
        for _ in range(STEPS):
            await self.random.choices(
                [self.one, self.several, self.idle, self.done, self.stall, self.fold, self.come_or_go],
                weights=[70, 15, 4, 6, 3, 3, 3],
            )[0]()
            self.look_at_idlers()
        for peer in self.peers:
            peer.wire.go_on()
        await self.settle()
        self.look_at_idlers()

    def leave(self) -> None:
        """All peers go away, whatever became of the run."""
        for peer in self.peers:
            peer.connection.connection_lost(None)

    # ---- steps -------------------------------------------------------------------------------------------------------

    async def new_peer(self) -> None:
        peer = ImapPeer(self.connect(self.random), f"peer {next(self.names)}")
        peer.say(self.login)
        await self.settle()
        assert b"x OK" in peer.wire.written
        peer.wire.written.clear()
        self.peers.append(peer)
        if self.random.random() < 0.8:
            await self.give([peer], self.commands.append_to_inbox)
            await self.give([peer], self.commands.select_inbox)

    async def come_or_go(self) -> None:
        if len(self.peers) < PEERS_MAX:
            await self.new_peer()
        elif len(self.peers) > 1:
            peer = self.peers.pop(self.random.randrange(len(self.peers)))
            self.log.append(f"{peer.name} goes away")
            peer.connection.connection_lost(None)

    async def one(self) -> None:
        await self.give(self.at_rest()[:1])

    async def several(self) -> None:
        """Commands of several peers in one turn of the loop; then each asks how things stand."""
        chosen = self.at_rest()[:self.random.choice([2, 3])]
        if not chosen:
            return
        await self.give(chosen)
        for peer in chosen:
            await self.give([peer], self.commands.noop)

    async def idle(self) -> None:
        for peer in self.at_rest()[:1]:
            self.log.append(f"{peer.name} idles")
            peer.is_idling = True
            peer.say(b"i IDLE\r\n")
            await self.settle()
            assert peer.hear() == [b"+ idling"]

    async def done(self) -> None:
        idling = [peer for peer in self.peers if peer.is_idling]
        for peer in idling[:1]:
            peer.wire.go_on()
            await self.settle()
            peer.say(b"DONE\r\n")
            await self.settle()
            assert peer.hear()[-1].startswith(b"i OK")
            peer.is_idling = False
            if peer.place.mailbox is not None:
                peer.require_known(peer.place.mailbox, expunges_are_told=True)
            self.log.append(f"{peer.name} is done")

    async def stall(self) -> None:
        """A peer that idles stops reading, or reads again."""
        for peer in self.peers:
            if peer.is_idling and self.random.random() < 0.5:
                self.log.append(f"{peer.name} {'reads again' if peer.wire.is_stalled else 'stalls'}")
                (peer.wire.go_on if peer.wire.is_stalled else peer.wire.stall)()
        await self.settle()

    async def fold(self) -> None:
        """What the store does behind everybody's back."""
        mailbox_ids = [mailbox.mailbox_id for mailbox in self.database.read(self._mailboxes)]
        mailbox_id = self.random.choice(mailbox_ids)
        folded = await self.database.write(lambda tx: fold(tx, self.account_id, mailbox_id))
        if folded is not None and self.random.random() < 0.5:
            await self.database.write(lambda tx: prune_folded(tx, (self.account_id, mailbox_id), folded))

    def at_rest(self) -> list[ImapPeer]:
        """The peers that may give a command, in random order."""
        free = [peer for peer in self.peers if not peer.is_idling]
        self.random.shuffle(free)
        return free

    # ---- giving commands ---------------------------------------------------------------------------------------------

    async def give(self, peers: list[ImapPeer], make: Callable[[ImapPeer], tuple[Given, bytes]] | None = None) -> None:
        """Have each give a command; find the order in which they may have come to their turn; hold all against it."""
        for peer in peers:
            peer.given, octets = (make or self.commands.next_for)(peer)
            peer.untagged, peer.told = [], set()
            self.log.append(f"{peer.name}: {peer.given.text}")
            cut = self.random.randrange(len(octets)) if self.random.random() < 0.2 else 0
            for piece in filter(None, (octets[:cut], octets[cut:])):
                peer.say(piece)
            if self.random.random() < 0.1:    # it reads its answer when the others have theirs
                peer.wire.stall()
        await self.settle()
        for peer in peers:
            peer.wire.go_on()
        await self.settle()
        answers = []
        for peer in peers:
            [answer] = peer.hear()
            answers.append(answer)
            self.log.append(f"    {peer.name} heard {[*peer.untagged, answer]}")
        self.find_order(peers, answers)
        for peer, answer in zip(peers, answers, strict=True):
            self.conclude(peer, answer, alone=len(peers) == 1)

    async def settle(self) -> None:
        """Let everything that was begun come to its end."""
        quiet = 0
        while quiet < 3:
            await asyncio.sleep(0)
            busy = any(peer.connection._in_flight and not peer.wire.is_stalled for peer in self.peers)
            quiet = 0 if busy or self.database._writer._phase.name != "IDLE" else quiet + 1

    def find_order(self, peers: list[ImapPeer], answers: list[bytes]) -> None:
        stored = self.stored()
        why: list[str] = []
        for order in permutations(range(len(peers))):
            account, places = copy.deepcopy((self.account, [peer.place for peer in self.peers]))
            place_of = dict(zip(map(id, self.peers), places, strict=True))
            outcomes: dict[int, Outcome] = {}
            for number in order:
                given = peers[number].given
                assert given is not None
                outcomes[number] = given.effect(account, place_of[id(peers[number])])
            wrong = self.differences(account, stored)
            for number, peer in enumerate(peers):
                wrong += self.misfits(peer, answers[number], outcomes[number], alone=len(peers) == 1)
            if not wrong:
                self.adopt(account, places, stored)
                return
            why.append(f"{order}: {wrong}")
        raise PeerComplains("no order explains it: " + "; ".join(why))

    def misfits(self, peer: ImapPeer, answer: bytes, outcome: Outcome, *, alone: bool) -> list[str]:
        """How an answer differs from what the model says."""
        found = _TAGGED.match(answer)
        assert found and peer.given and found["tag"] == peer.given.tag, answer
        condition, code = found["condition"].decode(), (found["code"] or b"").decode()
        if not alone and "STORE" in peer.given.text and code == "EXPUNGEISSUED":
            return []    # it was changed in its turn, and gone when it was to be told
        if condition not in outcome.conditions:
            return [f"{peer.given.text}: {condition}, not {outcome.conditions}"]
        if outcome.code is not None and not (outcome.code == "" and condition != "OK") and code != outcome.code:
            return [f"{peer.given.text}: [{code}], not [{outcome.code}]"]
        if outcome.pairs and not self.tells_pairs(peer, code, outcome.pairs):
            return [f"{peer.given.text}: [{code}], not {outcome.pairs}"]
        return []

    @staticmethod
    def tells_pairs(peer: ImapPeer, code: str, pairs: Iterable[tuple[int, int]]) -> bool:
        """Whether APPENDUID or COPYUID (of MOVE: in an untagged OK) names the UIDs."""
        for response in peer.untagged:
            if b"[COPYUID " in response:
                code = response.partition(b"[")[2].partition(b"]")[0].decode()
        kind, _, *sets = code.split()
        told = [_listed(text) for text in sets]
        return list(zip(told[0], told[-1], strict=True)) == list(pairs) and kind in ("APPENDUID", "COPYUID")

    def conclude(self, peer: ImapPeer, answer: bytes, *, alone: bool) -> None:
        """The command is over: what the peer knows now must be so."""
        given, peer.given = peer.given, None
        assert given is not None
        if not answer.startswith(given.tag + b" OK"):
            peer.doubt(given)
        if given.texts_wanted:
            raise PeerComplains(f"{peer.name} was not told the text of {given.texts_wanted}")
        mailbox = peer.place.mailbox
        if mailbox is None:
            peer.view = []
        elif alone:
            peer.require_known(mailbox, expunges_are_told=given.may_hear_expunge)

    # ---- the store and the model -------------------------------------------------------------------------------------

    def _mailboxes(self, tx: Transaction) -> list:
        return list_mailboxes(tx, self.account_id)

    def stored(self) -> dict[str, Stored]:
        def operation(tx: Transaction) -> dict[str, Stored]:
            names = {**BITS, **keyword_names(tx, self.account_id)}
            found = {}
            for mailbox in self._mailboxes(tx):
                status = status_of(tx, self.account_id, mailbox.mailbox_id)
                messages = tuple(
                    (one.uid, one.size_octets, frozenset(name for bit, name in names.items() if one.bits >> bit & 1))
                    for one in load_listing(tx, self.account_id, mailbox.mailbox_id)
                )
                assert status.messages == len(messages)
                assert status.unseen == sum(SEEN not in flags for _, _, flags in messages)
                assert status.octets == sum(size for _, size, _ in messages)
                found[mailbox.name] = Stored(mailbox.uidvalidity, status.uidnext, messages)
            return found

        return self.database.read(operation)

    def differences(self, account: Account, stored: dict[str, Stored]) -> list[str]:
        if account.mailboxes.keys() != stored.keys():
            return [f"mailboxes {sorted(stored)}, not {sorted(account.mailboxes)}"]
        wrong = []
        for name, mailbox in account.mailboxes.items():
            expected = tuple((uid, len(message(one.text)), one.flags) for uid, one in mailbox.messages.items())
            there = stored[name]
            if there.messages != expected or there.uidnext != mailbox.uidnext:
                wrong.append(f"{name} is {there}, not {expected}, uidnext {mailbox.uidnext}")
            if mailbox.uidvalidity not in (None, there.uidvalidity):
                wrong.append(f"{name} has UIDVALIDITY {there.uidvalidity}, not {mailbox.uidvalidity}")
        return wrong

    def adopt(self, account: Account, places: list[Place], stored: dict[str, Stored]) -> None:
        self.account = account
        for peer, place in zip(self.peers, places, strict=True):
            peer.place = place
        for name, mailbox in account.mailboxes.items():
            if mailbox.uidvalidity is None:
                mailbox.uidvalidity = stored[name].uidvalidity
                assert mailbox.uidvalidity not in self.uidvalidities, "a UIDVALIDITY was given twice"
                self.uidvalidities.add(mailbox.uidvalidity)

    def look_at_idlers(self) -> None:
        """Who idles and reads knows everything."""
        for peer in self.peers:
            if peer.is_idling and not peer.wire.is_stalled:
                assert peer.hear() == []
                if peer.place.mailbox is not None:
                    peer.require_known(peer.place.mailbox, expunges_are_told=True)


def _listed(text: str) -> list[int]:
    """The members of a uid-set in order."""
    found: list[int] = []
    for element in text.split(","):
        first, _, last = element.partition(":")
        found.extend(range(int(first), int(last or first) + 1))
    return found
