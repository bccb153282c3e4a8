"""Everything in the Procfile under supervisor, in the foreground: what `make run` starts."""

import json
import os
import shlex
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

import click

from cdpweb import broker
from cdpweb.config import ROOT, BadSetting, Config

PROCFILE = ROOT / "Procfile"
OWN_OUTPUT = "/dev/fd/1"
STOP_SECONDS = 10
QUICK_SECONDS = 1
STARTS_TRIED = 1_000_000
HEALTHY_SECONDS = 60
LOOK_SECONDS = 0.3


def check(config: Config) -> None:
    """Refuse to start where something is in the way; raises BadSetting."""
    _check_broker(config)
    _check_port(config)


def run(config: Config) -> NoReturn:
    """Become supervisor; the database has been migrated before."""
    path = config.INSTANCE / "supervisor.conf"
    path.write_text(configuration(processes(PROCFILE.read_text()), config))
    os.chdir(ROOT)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    sys.stdout.flush()
    if os.fork() == 0:
        _announce_and_exit(config)
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(path)])


def _announce_and_exit(config: Config) -> NoReturn:
    """Wait for all parts in a process beside supervisor's; Ctrl-C ends it too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    announce(config)
    sys.stdout.flush()
    os._exit(0)


def announce(config: Config) -> None:
    """Print the address as soon as every part answers, or what does not after a minute."""
    end = time.monotonic() + HEALTHY_SECONDS
    while missing := missing_parts(config):
        if time.monotonic() > end:
            click.echo(f"cdpweb is not up after {HEALTHY_SECONDS} seconds; missing: {', '.join(missing)}.", err=True)
            return
        time.sleep(LOOK_SECONDS)
    click.echo(f"\n  cdpweb is running at {config.public_url}/\n  Ctrl-C stops it.\n")


def missing_parts(config: Config) -> list[str]:
    """The parts that do not answer, as the Procfile calls them."""
    try:
        with urllib.request.urlopen(f"http://{config.own_address}/health", timeout=2) as answer:
            health: dict[str, Any] = json.load(answer)
    except (OSError, ValueError):
        return ["web"]
    return [f"worker of the queue {queue}" for queue, count in health["workers"].items() if not count]


def processes(procfile: str) -> dict[str, str]:
    """The command of each process in a Procfile."""
    lines = [line.split(":", 1) for line in procfile.splitlines() if line.strip() and not line.startswith("#")]
    return {name.strip(): command.strip() for name, command in lines}


def configuration(commands: dict[str, str], config: Config) -> str:
    """Supervisor's configuration for these processes.

    The first ones start first and stop last: the broker outlives those that talk to it.
    """
    if not config.embeds_broker:
        commands = {name: command for name, command in commands.items() if name != "broker"}
    sections = [_supervisord(config)]
    output = _output(config)
    for place, (name, command) in enumerate(commands.items(), start=1):
        sections.append(_program(name, command, place, output))
    return "\n".join(sections)


def _output(config: Config) -> str:
    """Where the processes print: our own output, or a file where that cannot be opened again, such as a socket."""
    try:
        with Path(OWN_OUTPUT).open("ab"):
            return OWN_OUTPUT
    except OSError:
        return str(config.INSTANCE / "cdpweb.log")


def _supervisord(config: Config) -> str:
    # As root supervisor insists on being told that it stays so.
    user = "user=root\n" if os.getuid() == 0 else ""
    return (
        "[supervisord]\n"
        "nodaemon=true\n"
        f"{user}"
        "logfile=/dev/null\n"
        "logfile_maxbytes=0\n"
        "loglevel=warn\n"
        f"pidfile={_escaped(str(config.INSTANCE / 'supervisor.pid'))}\n"
    )


def _program(name: str, command: str, place: int, output: str) -> str:
    """One process: `exec` and the two `asgroup` lines see to it that nothing of it stays behind."""
    return (
        f"[program:{name}]\n"
        f"command=/bin/sh -c {_escaped(shlex.quote('exec ' + command))}\n"
        f"priority={place}\n"
        "autorestart=true\n"
        f"startsecs={QUICK_SECONDS}\n"
        f"startretries={STARTS_TRIED}\n"
        f"stopwaitsecs={STOP_SECONDS}\n"
        "stopasgroup=true\n"
        "killasgroup=true\n"
        "redirect_stderr=true\n"
        f"stdout_logfile={_escaped(output)}\n"
        "stdout_logfile_maxbytes=0\n"
    )


def _escaped(text: str) -> str:
    """`text` with supervisor's own sign doubled."""
    return text.replace("%", "%%")


def _check_port(config: Config) -> None:
    """Refuse a port at which somebody listens, or that this user may not open."""
    family = socket.AF_INET6 if ":" in config.HOST else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.HOST, config.PORT))
        except PermissionError:
            raise BadSetting(
                f"Port {config.PORT} may be opened by root only. Choose one above 1023, such as PORT=8000."
            ) from None
        except OSError:
            raise BadSetting(
                f"Port {config.PORT} is in use by another program. Stop that one or choose another port, "
                f"such as PORT={config.PORT % 65535 + 1} make run."
            ) from None


def _check_broker(config: Config) -> None:
    """Refuse a second broker on one instance folder, and a REDIS_URL where nobody answers."""
    answers = broker.answers(config.broker_url)
    if config.embeds_broker and answers:
        raise BadSetting(
            f"cdpweb is already running on the instance folder {config.INSTANCE}. "
            "Stop it first, or name another folder in CDPWEB_INSTANCE."
        )
    if not config.embeds_broker and not answers:
        raise BadSetting(
            f"No broker answers at REDIS_URL ({_without_password(config.REDIS_URL)}). "
            "Start it, correct the address, or unset REDIS_URL to use the embedded one."
        )


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
