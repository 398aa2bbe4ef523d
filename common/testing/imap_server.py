"""A real IMAP server, dovecot, with one mailbox in a directory of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from grp import getgrgid
from pathlib import Path
from pwd import getpwnam, getpwuid

from imap_tools import MailBoxUnencrypted

from .mail_server import free_port

PROGRAM = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
USER, PASSWORD = "help@ours.example", "open-mailbox"
CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
ssl = no
disable_plaintext_auth = no
default_internal_user = {name}
default_internal_group = {group}
default_login_user = {name}
mail_location = maildir:{home}/mail
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={name} gid={group} home={home}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class ImapServer:
    """``with ImapServer() as server: server.deliver(raw)``."""

    who = getpwnam("nobody") if os.getuid() == 0 else getpwuid(os.getuid())

    def __enter__(self) -> "ImapServer":
        assert PROGRAM
        self.home, self.port = Path(tempfile.mkdtemp(prefix="imap")), free_port()
        who = self.who
        os.chown(self.home, who.pw_uid, who.pw_gid)
        configuration = self.home / "dovecot.conf"
        group = getgrgid(who.pw_gid).gr_name
        configuration.write_text(
            CONFIGURATION.format(home=self.home, name=who.pw_name, group=group, password=PASSWORD, port=self.port)
        )
        configuration.chmod(0o644)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self) -> None:
        as_user = {"user": self.who.pw_uid, "group": self.who.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        program = [str(PROGRAM), "-F", "-c", str(self.home / "dovecot.conf")]
        self.process = subprocess.Popen(program, stderr=subprocess.PIPE, start_new_session=True, **as_user)  # type: ignore[call-overload]
        self.wait()

    def __exit__(self, *error: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # it may hang, as it was told to
        self.process.wait(10)
        shutil.rmtree(self.home, ignore_errors=True)

    def wait(self) -> None:
        for _ in range(100):
            with suppress(OSError):
                self.open().logout()
                return
            time.sleep(0.1)
        log = self.home / "log"
        raise AssertionError(f"dovecot did not start: {log.read_text() if log.exists() else self.process.stderr}")

    def hang(self) -> None:
        """From now on what is asked of it is neither answered nor done."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def restart(self) -> None:
        """After a crash: what was asked of it and not done is lost, the mail is not."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.start()

    def open(self) -> MailBoxUnencrypted:
        """A client of one's own, to look into the mailbox."""
        return MailBoxUnencrypted("127.0.0.1", self.port).login(USER, PASSWORD)

    def deliver(self, raw: bytes) -> None:
        with self.open() as box:
            box.append(raw, "INBOX")
