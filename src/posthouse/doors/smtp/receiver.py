"""The judge of port 25: anybody's mail for our own domains, and nothing else (RFC 5321 3.6, 7.9)."""

from typing import Final

from posthouse.delivery.arrival import Entrance, Originator
from posthouse.directory.resolution import Resolution
from posthouse.doors.smtp.judge import destination, fault_of_ours
from posthouse.message.address import ForwardPath, ReversePath
from posthouse.policy.relaying import RecipientFacts, SmtpDoor, judge_recipient
from posthouse.policy.verdicts import Accept, Verdict

_ANYONE: Final = Accept(because="anyone may write to us")


class ReceiverJudge:
    """Takes every reverse-path: who may not send is a later question, asked of DNS."""

    entrance = Entrance.RECEIVER

    def judge_mail(self, reverse_path: ReversePath, originator: Originator | None) -> Verdict:
        return _ANYONE

    def judge_recipient(
        self, forward_path: ForwardPath, resolution: Resolution, originator: Originator | None
    ) -> Verdict:
        facts = RecipientFacts(SmtpDoor.RECEIVER, destination(forward_path, resolution), False)
        verdict = judge_recipient(facts)
        return (fault_of_ours(resolution) or verdict) if isinstance(verdict, Accept) else verdict
