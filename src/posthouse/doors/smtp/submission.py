"""The judge of ports 587 and 465: our accounts' mail, in their own names, to anywhere (RFC 6409)."""

from posthouse.delivery.arrival import Entrance, Originator
from posthouse.directory.reader import DirectoryReader
from posthouse.directory.resolution import Resolution
from posthouse.doors.smtp.judge import destination, fault_of_ours
from posthouse.message.address import ForwardPath, NullReversePath, ReversePath
from posthouse.message.status import Status
from posthouse.policy.identity import Claim, judge_reverse_path
from posthouse.policy.relaying import RecipientFacts, SmtpDoor, judge_recipient
from posthouse.policy.verdicts import Accept, Refuse, Verdict


class SubmissionJudge:
    """Takes mail from accounts that have logged in; their authors are judged when the message is there."""

    entrance = Entrance.SUBMISSION

    def __init__(self, directory: DirectoryReader) -> None:
        self._directory = directory

    def judge_mail(self, reverse_path: ReversePath, originator: Originator | None) -> Verdict:
        if originator is None:
            return Refuse(Status("5.7.0"), "authentication required")
        if isinstance(reverse_path, NullReversePath):
            return judge_reverse_path(reverse_path)
        leads_here = self._directory.resolve(reverse_path).delivers_to(originator.account_id)
        return judge_reverse_path(Claim(reverse_path, leads_here))

    def judge_recipient(
        self, forward_path: ForwardPath, resolution: Resolution, originator: Originator | None
    ) -> Verdict:
        is_known = originator is not None
        facts = RecipientFacts(SmtpDoor.SUBMISSION, destination(forward_path, resolution), is_known)
        verdict = judge_recipient(facts)
        return (fault_of_ours(resolution) or verdict) if isinstance(verdict, Accept) else verdict
