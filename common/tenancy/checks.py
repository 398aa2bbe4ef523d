"""System checks: the role must not be able to bypass the walls, and every tenant table must have them."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections

from common.base import TenantModel

from .constraints import ActivityTrigger, TenantReference, TenantTable
from .fields import TenantForeignKey, TenantManyToManyField
from .roles import APP, PLATFORM
from .tables import TENANT_TABLES

CONNECT = f"Connect as {APP}: DATABASE_URL=postgres://{APP}:…@host/database (`python manage.py setup_database` makes the roles)."
SETUP = "Run `python manage.py setup_database` as an administrator of the server: it makes the roles."
NO_SUCH_FUNCTION = "42883"
MIGRATE = "Run `python manage.py migrate`."

ROLE = """
    SELECT session_user, me.rolsuper, me.rolbypassrls,
        ARRAY(SELECT rolname::text FROM pg_roles WHERE (rolsuper OR rolbypassrls) AND rolname <> session_user
            AND pg_has_role(session_user, oid, 'MEMBER')),
        (SELECT pg_has_role(session_user, oid, 'USAGE') FROM pg_roles WHERE rolname = %(app)s),
        (SELECT pg_has_role(session_user, oid, 'USAGE') FROM pg_roles WHERE rolname = %(platform)s),
        (SELECT pg_has_role(session_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = %(platform)s),
        to_regprocedure('app_enter(text, text)') IS NOT NULL
    FROM pg_roles me WHERE rolname = session_user
"""
TABLES = """
    SELECT relname::text, relrowsecurity, pg_has_role(session_user, relowner, 'MEMBER'),
        has_table_privilege(session_user, pg_class.oid, 'TRUNCATE') OR has_table_privilege(session_user, pg_class.oid, 'TRIGGER'),
        ARRAY(SELECT concat_ws(' ', polname, CASE WHEN polpermissive THEN 'for' ELSE 'restricts' END, polcmd,
                ARRAY(SELECT rolname::text FROM pg_roles WHERE oid = ANY (polroles)),
                pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
            FROM pg_policy WHERE polrelid = pg_class.oid ORDER BY polname)
    FROM pg_class WHERE relname = ANY (%(tables)s) AND relkind IN ('r', 'p') AND pg_table_is_visible(oid)
"""
#: How PostgreSQL prints the condition of constraints.ORG_SETTING.
SETTING = "(org_id = (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid)"
POLICIES = [f"platform for * {{{PLATFORM}}} true true", f"tenant for * {{{APP}}} {SETTING} {SETTING}"]


def problems(connection: Any) -> list[str]:
    """What would let the role of ``connection`` bypass the walls, each with what to do. A server must not start with any.

    Raises DatabaseError when the database cannot be asked.
    """
    values = {"app": APP, "platform": PLATFORM, "tables": sorted(TENANT_TABLES)}
    with connection.cursor() as cursor:
        cursor.execute(ROLE, values)
        role = cursor.fetchone()
        cursor.execute(TABLES, values)
        tables = {row[0]: row[1:] for row in cursor.fetchall()}
    return [*role_problems(*role), *table_problems(role[0], tables)]


def role_problems(
    name: str, superuser: bool, bypasses: bool, mighty: list[str], is_app: Any, inherits: Any, enters: Any, has_functions: bool
) -> Iterator[str]:
    if superuser or bypasses:
        what = "is a superuser" if superuser else "has BYPASSRLS"
        yield f'The database role "{name}" {what}, so row-level security does not bind it. {CONNECT}'
    elif mighty:
        yield f'The database role "{name}" may become "{mighty[0]}", which bypasses row-level security. {CONNECT}'
    if is_app is None or inherits is None:
        yield f"The roles {APP} and {PLATFORM} are not there. {SETUP}"
    elif not superuser:
        if not is_app:
            yield f'No policy is for the database role "{name}", so it would see nothing. {CONNECT}'
        if inherits:
            yield f'"{name}" inherits the rights of {PLATFORM}, so it sees every org at all times. {SETUP}'
        if not enters:
            yield f'"{name}" may not enter {PLATFORM}, which the platform\'s own staff need. {SETUP}'
    if not has_functions:
        yield f"The function app_enter is missing: the database is not migrated. {MIGRATE}"


def table_problems(role: str, tables: dict[str, Any]) -> Iterator[str]:
    if missing := sorted(TENANT_TABLES - set(tables)):
        yield f"Tables are missing: {', '.join(missing)}. {MIGRATE}"
    kinds: dict[str, list[str]] = {}
    for name, (secured, owned, truncates, policies) in sorted(tables.items()):
        if owned:
            kinds.setdefault(f'"{role}" owns tables, and policies do not bind an owner. {CONNECT}', []).append(name)
        elif truncates:
            kinds.setdefault(f'"{role}" may TRUNCATE tables or put triggers on them. Revoke it.', []).append(name)
        if not secured:
            kinds.setdefault(f"Row-level security is off. {MIGRATE}", []).append(name)
        if policies != POLICIES:
            kinds.setdefault("The policies are not exactly those of a tenant table. Restore them.", []).append(name)
    for message, names in kinds.items():
        yield f"{message} ({shortened(names)})"


def shortened(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


@register(Tags.database)
def database_walls(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """`manage.py check --database default`: the walls as they stand in the database. The owner, who migrates, is not asked."""
    connection = connections["default"]
    if "default" not in (databases or ()) or not connection.settings_dict["OPTIONS"].get("scoped", True):
        return []
    try:
        return [Error(problem, id="tenancy.E001") for problem in problems(connection)]
    except DatabaseError as error:
        if getattr(error.__cause__, "pgcode", None) == NO_SUCH_FUNCTION:  # app_enter, with which every statement begins
            return [Error(f"The database is not migrated. {MIGRATE}", id="tenancy.E002")]
        return [Error(f"The database cannot be asked: {str(error).strip()}", id="tenancy.E002")]


@register(Tags.models)
def model_walls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every model that belongs to an org is declared so that its walls are made."""
    messages: list[CheckMessage] = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            messages += [Error(message, hint=hint, obj=model, id=f"tenancy.{code}") for code, message, hint in gaps(model)]
    return messages


def is_tenant(model: Any) -> bool:
    """Whether the rows of a model belong to an org: a TenantModel, or the links of a TenantManyToManyField."""
    made_for = model._meta.auto_created
    return issubclass(model, TenantModel) or bool(made_for and made_for is not True and has_org(model))


def has_org(model: Any) -> bool:
    return any(
        field.is_relation and field.related_model is apps.get_model("common", "Org") for field in model._meta.concrete_fields
    )


def gaps(model: Any) -> Iterator[tuple[str, str, str]]:
    """What a model lacks, as ``(code, message, hint)``."""
    if has_org(model) and not is_tenant(model):
        yield "E003", "Refers to an organization, but is no TenantModel.", "Subclass common.base.TenantModel or BaseModel."
    if is_tenant(model):
        yield from missing_constraints(model)
    for field in model._meta.concrete_fields:
        target = field.related_model if field.is_relation else None
        if target is None or not is_tenant(target):
            continue
        if not is_tenant(model):
            yield "E005", f"{field.name} refers to a row of an org from outside any org.", "Make the model a TenantModel."
        elif not isinstance(field, TenantForeignKey):
            yield "E006", f"{field.name} refers to a tenant row by a plain key.", "Use common.tenancy.fields.TenantForeignKey."
    for field in model._meta.local_many_to_many:
        if (is_tenant(model) or is_tenant(field.related_model)) and not isinstance(field, TenantManyToManyField):
            yield (
                "E007",
                f"{field.name} links tenant rows without their org.",
                "Use TenantManyToManyField, between tenant models.",
            )


def missing_constraints(model: Any) -> Iterator[tuple[str, str, str]]:
    hint = "Declare it as a subclass of TenantModel and keep Meta.constraints of its bases."
    constraints = model._meta.constraints
    if not any(isinstance(constraint, TenantTable) for constraint in constraints):
        yield "E004", "Has no TenantTable constraint: no policy, no key with the org.", hint
    if model._meta.db_table not in TENANT_TABLES:
        yield "E004", "Its table is not in TENANT_TABLES, so the compiler does not guard it.", hint
    held = {constraint.field for constraint in constraints if isinstance(constraint, TenantReference)}
    for field in model._meta.concrete_fields:
        if isinstance(field, TenantForeignKey) and field.name not in held:
            yield "E004", f"{field.name} has no TenantReference: it would accept another org's row.", hint
    if getattr(model, "tracked", False) and not any(isinstance(constraint, ActivityTrigger) for constraint in constraints):
        yield "E004", "Has no ActivityTrigger: its changes would leave no trace.", hint
