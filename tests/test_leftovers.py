"""Databases that earlier test runs left on the embedded server go; those in use stay."""

import os
import subprocess

import pytest
from django.db import connection

from common.tenancy import embedded
from common.testing.administrator import administrator
from conftest import databases_locked, drop_leftovers, migrations_digest, run

FORMER, IN_USE = "test_crm_00000000dead", "test_crm_00000000beef"


@pytest.mark.skipif(not embedded.is_used(), reason="A server of others: who uses what there, we cannot see")
def test_databases_that_no_running_process_uses_are_dropped(django_db_setup: None) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    gone = {
        FORMER,
        f"{FORMER}_ready",
        f"{IN_USE}_gw1_{ended.pid}",
        f"{IN_USE}_gw1_{ended.pid}_scratch",
        f"test_crm_gw0_{ended.pid}",
    }
    kept = {f"{IN_USE}_ready", f"{IN_USE}_gw0_{os.getpid()}", "test_crmx", "test_crm_of_somebody"}
    server, template = administrator(), f"test_crm_{migrations_digest()}"
    with databases_locked():
        for name in gone | kept:
            run(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
        drop_leftovers(server, template)
        left = {name for (name,) in run(server, "SELECT datname FROM pg_database")}
        for name in kept:
            run(server, f'DROP DATABASE "{name}"')
    assert not gone & left
    assert kept | {f"{template}_ready", connection.settings_dict["NAME"], "postgres"} <= left
