"""What tests of every app stand on: the cast, the contract of a record, the real services."""

from .cast import OrgTestCase
from .records import RecordTests

__all__ = ["OrgTestCase", "RecordTests"]
