"""What the organization of the tasks has in each module, made with the tools themselves; and the bait of the other one."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from assistant.tools import call_tool
from cases.models import Case
from common.notifications.models import Notification
from common.notifications.services import notify
from common.tenancy import org_scope

ZONE = ZoneInfo("Europe/Berlin")


class Maker:
    """Makes records as a person, and notes their ids as "case Loose seat"."""

    def __init__(self, profile: Any, ids: dict[str, Any]):
        self.profile, self.ids = profile, ids

    def use(self, tool: str, **arguments: Any) -> Any:
        return call_tool(self.profile, tool, arguments)

    def make(self, record: str, tool: str, label: str, **values: Any) -> Any:
        row = self.use(f"create_{tool}", **values)
        self.ids[f"{record} {label}"] = UUID(row["id"])
        return row["id"]

    def of(self, name: str) -> str:
        return str(self.ids[name])


def moment(days: int, hour: int) -> str:
    today = datetime.now(ZONE).date()
    return datetime.combine(today + timedelta(days=days), time(hour), ZONE).isoformat()


def day(days: int) -> str:
    return (datetime.now(ZONE).date() + timedelta(days=days)).isoformat()


def make_modules(people: dict[str, Any], ids: dict[str, Any]) -> None:
    maker = Maker(people["ada"], ids)
    who = {name: str(person.pk) for name, person in people.items()}
    for make in (make_cases, make_work, make_calendar, make_board, make_mails, make_catalogue, make_types):
        make(maker, who)
    make_invoices(maker)
    for name, person in (("Big leads", "ada"), ("Private picks", "uma")):
        other = Maker(people[person], ids)
        with org_scope(people[person]):
            other.make("savedview", "saved_view", name, module="leads", name=name, filters={"value__gte": 20000})
    with org_scope(people["max"]):
        for name, text in (("Loose seat", "Max needs you on Loose seat"), ("Broken rudder", "Max asks about the rudder")):
            case = Case.objects.get(pk=ids[f"case {name}"])
            notify(to=[people["ada"]], kind="mentioned", record=case, text=text)
            ids[f"notification {name}"] = Notification.objects.get(record_id=case.pk, recipient=people["ada"], text=text).pk


def make_cases(maker: Maker, who: dict[str, str]) -> None:
    harbour, lakeside = maker.of("account Harbour Outdoor"), maker.of("account Lakeside Rentals")
    for name, account, priority, status, owner in (
        ("Loose seat", harbour, "Normal", "New", "max"),
        ("Broken rudder", lakeside, "High", "Assigned", "uma"),
        ("Leaking hatch", harbour, "Low", "New", "max"),
        ("Leaking hatch", lakeside, "Low", "New", "max"),
        ("Wrong colour", lakeside, "Normal", "Closed", "max"),
    ):
        label = f"{name} at {'Harbour' if account == harbour else 'Lakeside'}"
        contacts = [maker.of("contact Tomasz Nowak")] if name == "Loose seat" else []
        pk = maker.make("case", "case", label, name=name, account=account, priority=priority, status=status,
                        assigned_to=[who[owner]], contacts=contacts)  # fmt: skip
        maker.ids[f"case {name}"] = UUID(pk)


def make_work(maker: Maker, who: dict[str, str]) -> None:
    for title, due, owner, status, more in (
        ("Call Tomasz back", day(-1), "max", "New", {}),
        ("Prepare the fair", day(0), "ada", "In Progress", {"priority": "High"}),
        ("Order paddles", day(40), "uma", "New", {"checklist": [{"text": "Ask three shops"}]}),
        ("Write the offer", day(3), "ada", "New", {"lead": maker.of("lead Hanna Virtanen")}),
        ("Sweep the shed", day(-9), "max", "Completed", {}),
    ):
        maker.make("task", "task", title, title=title, due_date=due, status=status, assigned_to=[who[owner]], **more)
    maker.use("log_interaction_on_lead", id=maker.of("lead Hanna Virtanen"), type="call", subject="Asked about the boat")
    maker.use("log_interaction_on_lead", id=maker.of("lead Ravi Menon"), type="meeting", subject="Kerala wants forty")
    maker.make("team", "team", "Service", name="Service", members=[who["uma"]], lead=who["uma"])


def make_calendar(maker: Maker, who: dict[str, str]) -> None:
    for title, start, owner, guests in (
        ("Team meeting", moment(0, 23), "ada", ["max"]),
        ("Demo of the kayak", moment(1, 10), "max", []),
    ):
        end = (datetime.fromisoformat(start) + timedelta(minutes=30)).isoformat()
        participants = [{"profile": who[guest]} for guest in guests]
        more = {"assigned_to": [who[owner]], "participants": participants, "send_mail": False}
        maker.make("event", "event", title, title=title, start=start, end=end, **more)
    hanna, ravi = maker.of("lead Hanna Virtanen"), maker.of("lead Ravi Menon")
    maker.make("plan", "planned_activity", "Call about the offer", subject="Call about the offer", activity_type="call",
               start=moment(1, 9), lead=hanna, assigned_to=[who["ada"]])  # fmt: skip
    maker.make("plan", "planned_activity", "Visit Kerala", subject="Visit Kerala", activity_type="meeting", start=moment(-1, 9),
               lead=ravi, assigned_to=[who["max"]])  # fmt: skip


def make_board(maker: Maker, who: dict[str, str]) -> None:
    for name in ("Winter fair", "Summer camp"):
        board = maker.make("board", "board", name, name=name, column_names=["Ideas", "Doing", "Done"], members=[who["max"]])
        columns = {row["name"]: row["id"] for row in maker.use("search_columns", filters={"board": board})["results"]}
        cards = (("Print the posters", "Ideas"), ("Book the stand", "Doing")) if name == "Winter fair" else ()
        maker.ids |= {f"column {name} {column}": pk for column, pk in columns.items()}
        for title, column in cards:
            maker.make("card", "card", title, title=title, column=columns[column])


def make_mails(maker: Maker, who: dict[str, str]) -> None:
    for subject, about in (("Your kayaks are ready", "Hanna Virtanen"), ("An old offer", "Ravi Menon")):
        maker.make("email", "email", subject, to=["guest@customers.example"], subject=subject, body_text="Come by.",
                   lead=maker.of(f"lead {about}"), assigned_to=[who["max"]])  # fmt: skip
    maker.use("create_email_template", name="Welcome", subject="Welcome", body_text="Hello.")


def make_catalogue(maker: Maker, who: dict[str, str]) -> None:
    for name, price in (("Sea kayak", 1290), ("Paddle", 89)):
        maker.make("product", "product", name, name=name, price=price, currency="EUR")
    for title, published in (("Tightening a loose seat", True), ("Notes on rudders", False)):
        maker.make("article", "article", title, title=title, body="Turn both screws.", is_published=published)
    for title, status in (("Price list 2027", "active"), ("Safety manual", "inactive")):
        maker.make("document", "document", title, title=title, status=status)


def make_types(maker: Maker, who: dict[str, str]) -> None:
    maker.make("customobject", "custom_object", "course", key="course", name="Course", name_plural="Courses")
    for name in ("Rolling for beginners", "Sea navigation"):
        maker.make("customrecord", "custom_record", name, object="course", name=name, assigned_to=[who["max"]])


def make_invoices(maker: Maker) -> None:
    line = {"description": "Kayak", "quantity": 2, "price": 1000}
    for title, account, due, more in (
        ("Two sea kayaks", "Harbour Outdoor", day(30), {"contact": maker.of("contact Tomasz Nowak")}),
        ("Spring service", "Lakeside Rentals", day(-20), {}),
        ("Paddle set", "Harbour Outdoor", day(30), {}),
        ("Boat cover", "Lakeside Rentals", day(10), {}),
    ):
        issued = day(-50) if due < day(0) else day(0)
        pk = maker.make("invoice", "invoice", title, title=title, account=maker.of(f"account {account}"), currency="EUR",
                        issue_date=issued, due_date=due, lines=[line], **more)  # fmt: skip
        if title != "Two sea kayaks":
            sent = maker.use("send_invoice", id=pk, mail=False)
            maker.ids[f"number {title}"] = sent["number"]
    maker.use("record_payment_of_invoice", id=maker.of("invoice Paddle set"), amount=2000)


def make_module_bait(rival: Any) -> None:
    """Of the other organization: the same names, and names of its own."""
    maker = Maker(rival, {})
    lead = maker.use("create_lead", name="Zara Zanzibar")["id"]
    maker.use("log_interaction_on_lead", id=lead, type="call", subject="Zanzibar wants in")
    for name in ("Loose seat", "Zanzibar leak"):
        maker.use("create_case", name=name, description="Zanzibar")
        maker.use("create_task", title=f"{name} to do", due_date=day(-2), description="Zanzibar")
        maker.use("create_article", title=f"{name} explained", is_published=True, body="Zanzibar")
    for title in ("Team meeting", "Zanzibar regatta"):
        maker.use("create_event", title=title, start=moment(0, 22), end=moment(0, 23), location="Zanzibar", send_mail=False)
    for subject in ("Call about the offer", "Zanzibar call"):
        maker.use("create_planned_activity", subject=subject, start=moment(1, 8), description="Zanzibar")
    for name in ("Winter fair", "Zanzibar board"):
        board = maker.use("create_board", name=name, column_names=["Zanzibar ideas"])["id"]
        column = maker.use("search_columns", filters={"board": board})["results"][0]["id"]
        maker.use("create_card", column=column, title="Zanzibar card")
    for title in ("Two sea kayaks", "Zanzibar bill"):
        line = {"description": "Zanzibar", "quantity": 1, "price": 777777}
        made = maker.use(
            "create_invoice", title=title, bill_to="Zanzibar", currency="EUR", due_date=day(-5), issue_date=day(-50), lines=[line]
        )
        maker.use("send_invoice", id=made["id"], mail=False)
    for title in ("Your kayaks are ready", "Zanzibar offer"):
        maker.use("create_email", to=["zoltan@rival.example"], subject=title, body_text="Zanzibar")
    for title in ("Price list 2027", "Zanzibar prices"):
        maker.use("create_document", title=title, description="Zanzibar")
    for name in ("Sea kayak", "Zanzibar dhow"):
        maker.use("create_product", name=name, price=999999, currency="EUR", description="Zanzibar")
    maker.use("create_custom_object", key="course", name="Course", name_plural="Courses")
    for name in ("Rolling for beginners", "Zanzibar diving"):
        maker.use("create_custom_record", object="course", name=name)
    for name in ("Service", "Zanzibar crew"):
        maker.use("create_team", name=name, description="Zanzibar")
    maker.use("create_saved_view", module="leads", name="Zanzibar view", shared=True)
    notify(to=[rival], kind="mentioned", record=Case.objects.get(name="Zanzibar leak"), text="Zanzibar calls")
