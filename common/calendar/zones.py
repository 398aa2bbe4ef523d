"""The time zone of an organization."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from common.people.models import Org
from common.tenancy.scope import current_org_id


def zone_of(org: Any = None) -> ZoneInfo:
    """That of ``org``, or of the org of the scope."""
    return ZoneInfo((org or Org.objects.get(pk=current_org_id())).timezone)


def today_in(zone: ZoneInfo) -> date:
    return timezone.now().astimezone(zone).date()
