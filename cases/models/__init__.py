"""Every model of the help desk."""

from .cases import Article, Case, CaseMerge, Survey
from .desk import AssignmentRule, BusinessHours, CannedAnswer, SlaPolicy
from .mail import CaseMail, Mailbox

__all__ = [
    "Article",
    "AssignmentRule",
    "BusinessHours",
    "CannedAnswer",
    "Case",
    "CaseMail",
    "CaseMerge",
    "Mailbox",
    "SlaPolicy",
    "Survey",
]
