"""What is measured: each path of the product, its floor, and how far apart they may be."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote_plus

import orjson
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler as PlainCompiler
from psycopg2.extensions import cursor

from assistant import engine
from common.api.pages import Order
from common.people.models import Profile
from common.records.models import MODULES, Stage
from common.records.search import FEW
from invoices.models import InvoiceLine
from leads.models import Lead

from .busy import Busy
from .calls import HOST, Caller
from .copies import LINES, MONTH, NEXT, copied_models
from .floors import Floor
from .lists import ADDRESSES, Shape
from .timing import Prepare, always

LEADS = "/api/v1/leads/"
PAGE, FAR_PAGE = 50, 2000
SOURCE, STATUS, COMMON_PREFIX, TWO_WORDS = "Referral", "Meeting booked", "jo", "anna kim"
COUNT = "SELECT count(*) FROM (SELECT FROM leads WHERE org_id = %s AND deleted_at IS NULL LIMIT 10001) capped"
BY_STATUS = """
    AND l.stage_id = (SELECT s.id FROM stages s JOIN pipelines p ON p.id = s.pipeline_id AND p.org_id = s.org_id
        WHERE s.org_id = %s AND s.name = %s AND p.module = 'leads' AND p.is_default)
"""
ROUTED = (
    ("a name", "show me {name}"),
    ("a misspelt name", "move Xjohnn Smitth to meeting booked"),
    ("a list", "show me all leads from Smith Ltd"),
    ("a count", "how many leads were created this month?"),
    ("a source", "leads from Referral over 80000"),
    ("a change", "update the phone of lead {pk} to +1 415 555 0100"),
    ("a sum", "total value of leads by stage"),
)
#: What differs between two writes of the same values.
OF_THE_MOMENT = ("id", "created_at", "updated_at", "card_order")


@dataclass
class Path:
    """``limit`` bounds what ``judged_by`` names: the ratio to the floor, our own time, or the time added to the floor's."""

    name: str
    ours: Prepare
    floor: Prepare | None = None
    whole: Prepare | None = None
    limit: float | None = None
    judged_by: str = "ratio"
    writes: bool = False
    #: More statements than these, the whole request's, are a miss.
    statements: int | None = None
    #: Its plans must use indexes that contain the org.
    planned: bool = False
    #: Both answers, parsed, which must be equal.
    answers: Callable[[], tuple[Any, Any]] | None = None


class Paths:
    """All paths for one caller, an org's admin."""

    def __init__(self, caller: Caller, floor: Floor):
        self.caller, self.floor = caller, floor
        self.number = itertools.count(1)
        stages = Stage.objects.filter(pipeline__module="leads", pipeline__is_default=True).order_by("position")
        self.stages = [(str(stage.pk), stage.name, str(stage.pipeline_id)) for stage in stages]
        self.total = Lead.objects.count()
        some = Lead.objects.order_by("-name", "-id")[self.total // 3 :][:2000]
        columns = some.values_list("pk", "stage_id", "email", "name")
        self.leads = [(str(pk), str(stage), email, name) for pk, stage, email, name in columns]
        self.picked = itertools.cycle(self.leads)

    def all(self) -> list[Path]:
        groups = (self.lists, self.records, self.single, self.boards, self.cursors, self.searches, self.everything, self.busy)
        groups = (*groups, self.tenancy, self.assistant, self.writes)
        return [path for group in groups for path in group()]

    # --- reading

    def reading(self, name: str, url: str, floor: Callable[[], bytes], **more: Any) -> Path:
        """A GET that answers the same each time."""
        ours = partial(self.caller.view, "GET", url)
        return Path(
            name,
            ours,
            always(floor),
            partial(self.caller.whole, "GET", url),
            answers=lambda: (orjson.loads(ours()()), orjson.loads(floor())),
            **more,
        )

    def lists(self) -> list[Path]:
        link, page = f"http://{HOST}{LEADS}?", self.floor.list
        next_page, status = f"{link}count=none&offset={PAGE}", quote_plus(STATUS)
        by_status = partial(page, f"{next_page}&status={status}", BY_STATUS, self.floor.org, STATUS)
        by_source = partial(page, f"{next_page}&source={SOURCE}", "AND l.source = %s", SOURCE)
        judged: dict[str, Any] = {"limit": 1.9, "planned": True}
        return [
            self.reading("list of 50", f"{LEADS}?count=none", partial(page, next_page), **judged),
            self.reading("list of 50, by status", f"{LEADS}?count=none&status={status}", by_status, **judged),
            self.reading("list of 50, by source", f"{LEADS}?count=none&source={SOURCE}", by_source, **judged),
            self.reading("list of 50, with capped count", LEADS, partial(page, f"{link}offset={PAGE}", count=COUNT)),
        ]

    def records(self) -> list[Path]:
        """The list of each other record type."""
        made = []
        for module in (model.module for model in copied_models()):
            url = f"/api/v1/{ADDRESSES.get(module, module)}/?count=none"
            names = list(orjson.loads(self.caller.view("GET", url)())["results"][0])
            floor = partial(Shape(self.floor, MODULES[module], names).page, f"http://{HOST}{url}&offset={PAGE}")
            made.append(self.reading(f"list of 50 {module}", url, floor, limit=1.9, planned=True, statements=4))
        return made

    def single(self) -> list[Path]:
        pk = self.leads[0][0]
        return [self.reading("detail", f"{LEADS}{pk}/", partial(self.floor.detail, pk), limit=1.5, planned=True)]

    def boards(self) -> list[Path]:
        url, board = f"{LEADS}board/", self.floor.board
        return [
            self.reading("board 5 x 50", f"{url}?count=none", board, limit=1.6, planned=True),
            self.reading("board 5 x 50, with counts", url, partial(board, count=True)),
        ]

    def cursors(self) -> list[Path]:
        far = min(FAR_PAGE, max(self.total // PAGE - 1, 2))
        order = Order(Lead, ["-created_at"])
        skipped = (far - 1) * PAGE - 1
        last = order.apply(Lead.objects.all()).values_list("created_at", "pk")[skipped : skipped + 1].get()
        first_page, far_page = f"{LEADS}?cursor=", f"{LEADS}?cursor={order.encode(last)}"
        link = f"http://{HOST}{LEADS}"
        near = self.reading("page 1 by cursor", first_page, partial(self.floor.by_cursor, link, None), planned=True)
        distant = self.reading(
            f"page {far:,} by cursor", far_page, partial(self.floor.by_cursor, link, (last[0], str(last[1]))), planned=True
        )
        against = Path(f"page {far:,} by cursor : page 1", distant.ours, near.ours, limit=1.5)
        return [near, distant, against]

    def searches(self) -> list[Path]:
        selective = self.rare_word
        made = []
        for name, words, limit in (
            ("search, selective word", selective, 5000),
            ("search, common prefix", COMMON_PREFIX, 5000),
            ("search, two common words", TWO_WORDS, None),
        ):
            asked = quote_plus(words)
            floor = partial(self.floor.search, f"http://{HOST}{LEADS}?count=none&offset={PAGE}&search={asked}", words, FEW)
            made.append(self.reading(name, f"{LEADS}?search={asked}&count=none", floor, limit=limit, judged_by="ours"))
        return made

    @property
    def rare_word(self) -> str:
        return max((email.partition("@")[0].split(".")[1] for _, _, email, _ in self.leads), key=len)

    def everything(self) -> list[Path]:
        """Search over all types of records at once."""
        return [
            self.alone(f"search everything, {name}", f"/api/v1/search/?q={quote_plus(words)}", limit=10_000, statements=4)
            for name, words in (("rare word", self.rare_word), ("name prefix", COMMON_PREFIX), ("two common words", TWO_WORDS))
        ]

    def alone(self, name: str, url: str, **more: Any) -> Path:
        """A GET that is judged by its own time."""
        ours, whole = partial(self.caller.view, "GET", url), partial(self.caller.whole, "GET", url)
        return Path(name, ours, whole=whole, judged_by="ours", **more)

    def busy(self) -> list[Path]:
        """A month of a person, and the timeline of a lead, with ten thousand entries; an invoice of three hundred lines."""
        lead = str(Lead.objects.order_by("created_at", "pk").values_list("pk", flat=True)[0])
        month, timeline = f"/api/v1/planner/agenda/?from={MONTH}&to={NEXT}", f"{LEADS}{lead}/timeline/"
        invoice = InvoiceLine.objects.filter(position__gt=LINES // 2).values_list("invoice", flat=True).first()
        by_hand = Busy(self.floor, orjson.loads(self.caller.view("GET", timeline)())["results"])
        judged: dict[str, Any] = {"limit": 2, "statements": 4}
        return [
            self.reading("agenda of a busy month", month, partial(by_hand.agenda, f"http://{HOST}"), **judged),
            self.reading(
                "timeline of a busy lead", timeline, partial(by_hand.timeline, f"http://{HOST}{timeline}", lead), **judged
            ),
            self.alone("PDF of 300 lines", f"/api/v1/invoices/{invoice}/pdf/", limit=500_000),
        ]

    # --- what every request and statement costs

    def tenancy(self) -> list[Path]:
        who = self.caller.who()
        self.session = connection.get_new_connection(connection.get_connection_params())
        self.session.autocommit = True
        self.session.cursor(cursor_factory=cursor).execute("SELECT set_config('app.org_id', %s, false)", [self.floor.org])
        return [
            Path("who and which org", who, limit=200, judged_by="ours"),
            Path("who and which org, token not seen before", self.caller.who(forget_token=True)),
            Path("tenancy: sending the scope", self._statement_in_scope, self._statement_in_session, judged_by="added"),
            Path("tenancy: compiling the org in", self._compiled, self._compiled_plainly, judged_by="added"),
        ]

    def _statement_in_scope(self) -> Any:
        """One lead by primary key, through our driver's cursor in autocommit."""
        return partial(_fetch_one, self.session.cursor(), self.floor.org, self.leads[0][0])

    def _statement_in_session(self) -> Any:
        """The same through psycopg2's own, on the same connection, whose session has the org set."""
        return partial(_fetch_one, self.session.cursor(cursor_factory=cursor), self.floor.org, self.leads[0][0])

    def _compiled(self) -> Any:
        query = Lead.objects.filter(pk=self.leads[0][0]).values_list("pk", "name").query
        return query.get_compiler(connection=connection).as_sql

    def _compiled_plainly(self) -> Any:
        query = Lead.objects.filter(pk=self.leads[0][0]).values_list("pk", "name").query
        return PlainCompiler(query, connection, "default").as_sql

    # --- the assistant, without a model

    def assistant(self) -> list[Path]:
        return [
            Path(f"assistant: router, {name}", partial(self.asked, message), limit=50_000, judged_by="ours", writes=True)
            for name, message in ROUTED
        ]

    def asked(self, message: str) -> Callable[[], Any]:
        """The answer to a message that was taken, from the look for the turn to the stored result."""
        lead = next(self.picked)
        turn = engine.start(self.caller.profile, message.format(pk=lead[0], name=lead[3]))
        return partial(engine.answer, turn.pk)

    # --- writing

    def writes(self) -> list[Path]:
        return [
            Path(
                "create",
                lambda: self.caller.view("POST", LEADS, self.new_lead()),
                lambda: partial(self.floor.create, *self.new_row()),
                lambda: self.caller.whole("POST", LEADS, self.new_lead()),
                limit=5.5,
                writes=True,
                answers=self._created_alike,
            ),
            Path(
                "status move",
                lambda: self.caller.view(*self.next_move()),
                lambda: partial(self.floor.move, *self.next_place()),
                lambda: self.caller.whole(*self.next_move()),
                limit=2.5,
                writes=True,
                answers=self._moved_alike,
            ),
        ]

    def new_lead(self) -> dict[str, Any]:
        number = next(self.number)
        return {
            "name": f"Bench Person {number}", "company": "Bench & Sons", "email": f"person{number}@bench.example.com",
            "phone": "+14155550123", "value": 1234.5, "source": "Website", "status": STATUS,
            "notes": "Asked for a quote for twenty seats and wants an answer this month. Office in Lisbon.",
        }  # fmt: skip

    def new_row(self, given: dict[str, Any] | None = None) -> tuple[Any, Any]:
        row = given or self.new_lead()
        stage = next(stage for stage in self.stages if stage[1] == row["status"])
        return {name: value for name, value in row.items() if name != "status"}, stage

    def next_place(self) -> tuple[str, Any]:
        """A lead, and the stage after the one that it was seen in."""
        pk, stage, *_ = next(self.picked)
        ids = [known[0] for known in self.stages]
        place = self.stages[(ids.index(stage) + 1) % len(ids)]
        return pk, place

    def next_move(self) -> tuple[str, str, Any]:
        pk, (_, status, _) = self.next_place()
        return "PATCH", f"{LEADS}{pk}/status/", {"status": status}

    def _created_alike(self) -> tuple[Any, Any]:
        given = self.new_lead()
        return _lasting(self.caller.view("POST", LEADS, given)()), _lasting(self.floor.create(*self.new_row(given)))

    def _moved_alike(self) -> tuple[Any, Any]:
        pk, place = self.next_place()
        ours = self.caller.view("PATCH", f"{LEADS}{pk}/status/", {"status": place[1]})()
        return _lasting(ours), _lasting(self.floor.move(pk, place))


def _fetch_one(cursor: Any, org: str, pk: str) -> Any:
    cursor.execute("SELECT name FROM leads WHERE org_id = %s AND id = %s", (org, pk))
    return cursor.fetchone()


def _lasting(answer: bytes) -> dict[str, Any]:
    return {name: value for name, value in orjson.loads(answer).items() if name not in OF_THE_MOMENT}


def own_leads(person: Caller) -> Path:
    """The list of someone who sees only their own and assigned leads."""
    url = f"{LEADS}?count=none"
    return Path("list of 50, own leads only", partial(person.view, "GET", url), whole=partial(person.whole, "GET", url))


def someone(role: str) -> Any:
    return Profile.objects.filter(role__name=role).order_by("created_at", "pk").first()
