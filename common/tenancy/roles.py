"""The three roles of the database, and the database itself, made by an administrator of the server."""

from typing import Any
from urllib.parse import unquote

import environ
import psycopg2
from psycopg2 import sql

OWNER, APP, PLATFORM = "crm_owner", "crm_app", "crm_platform"
PARTS = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}


def connection_values(url: str) -> dict[str, Any]:
    """What psycopg2 wants, of postgres://user:password@host:port/database. The host may be a socket's directory."""
    parsed = environ.Env.db_url_config(url)
    parsed["HOST"] = unquote(parsed["HOST"])
    return {"dbname": "postgres"} | {name: parsed[part] for name, part in PARTS.items() if parsed[part]}


def bootstrap(server: dict[str, Any], database: str, passwords: dict[str, str] | None = None) -> None:
    """Make what is missing of roles and database; safe to repeat. ``server``: how to connect as an administrator.

    crm_owner owns the tables and migrates. crm_app serves requests; policies bind it. crm_platform sees all orgs: nobody
    signs in as it, and crm_app does not inherit from it but enters it, by SET LOCAL ROLE, for the platform's own staff.
    """
    passwords = passwords or {}
    connection = psycopg2.connect(**server)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            _make_roles(cursor, connection.server_version, passwords)
            _make_database(cursor, database)
    finally:
        connection.close()
    connection = psycopg2.connect(**{**server, "dbname": database})
    try:
        with connection, connection.cursor() as cursor:
            _grant(cursor, connection.server_version)
    finally:
        connection.close()


def _exists(cursor: Any, table: str, column: str, name: str) -> bool:
    query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    cursor.execute(query, [name])
    return cursor.fetchone() is not None


def _make_roles(cursor: Any, version: int, passwords: dict[str, str]) -> None:
    attributes = {OWNER: "LOGIN", APP: "LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS", PLATFORM: "NOLOGIN NOSUPERUSER NOBYPASSRLS"}
    for role, attribute in attributes.items():
        if not _exists(cursor, "pg_roles", "rolname", role):
            cursor.execute(sql.SQL("CREATE ROLE {} " + attribute).format(sql.Identifier(role)))
        if password := passwords.get(role):
            cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
    cursor.execute(f"GRANT {PLATFORM} TO {APP}" + (" WITH INHERIT FALSE, SET TRUE" if version >= 160000 else ""))
    cursor.execute("SELECT current_user")
    administrator = cursor.fetchone()[0]
    if administrator != OWNER:  # to make a database for another role, an administrator that is no superuser must be in it
        cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(OWNER), sql.Identifier(administrator)))


def _make_database(cursor: Any, database: str) -> None:
    if not _exists(cursor, "pg_database", "datname", database):
        # Unicode's rules, whatever locale the server was made with: ICU sorts as people expect; where the server was
        # built without it (the embedded one was), the builtin provider at least folds case.
        icu = _exists(cursor, "pg_collation", "collname", "und-x-icu")
        locale = "LOCALE_PROVIDER icu ICU_LOCALE 'und'" if icu else "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
        options = f"TEMPLATE template0 ENCODING 'UTF8' {locale}"
        cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {} " + options).format(sql.Identifier(database), sql.Identifier(OWNER)))


def _grant(cursor: Any, version: int) -> None:
    cursor.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}; GRANT USAGE ON SCHEMA public TO {APP}, {PLATFORM}")
    rights = "SELECT, INSERT, UPDATE, DELETE"
    cursor.execute(
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public GRANT {rights} ON TABLES TO {APP}, {PLATFORM};"
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public GRANT USAGE ON SEQUENCES TO {APP}, {PLATFORM}"
    )
