"""The command line: `learnkafka lab | fetch | broker | doctor | build`."""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from learnkafka.errors import CourseError

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="Learn Kafka publish-subscribe in JupyterLab."
)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


class _Sentence:
    """Inside it, an error that is meant for a person ends the command with its sentence, not with a traceback."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, CourseError):
            errors.print(f"[red]learnkafka:[/red] {escape(str(error))}", soft_wrap=True)
            raise typer.Exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.print(version("learnkafka"))
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def lab(
    browser: Annotated[bool | None, typer.Option(help="Open a browser; by default, where there is a display.")] = None,
    port: Annotated[int, typer.Option(help="Where to listen; a taken port gets the next.")] = 8888,
) -> None:
    """Open the course in JupyterLab, after fetching what the broker needs."""
    from learnkafka.lab import course_directory, jupyter_command

    with _Sentence():
        course = course_directory()
        _fetch(image=True, source=None)
        command = jupyter_command(course, browser, port)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    os.execve(command[0], command, environment)  # noqa: S606 - JupyterLab takes this process's place


@app.command()
def fetch(
    image: Annotated[bool, typer.Option(help="Pull the container image too, where Docker answers.")] = True,
    source: Annotated[
        Path | None, typer.Option("--from", help="A folder that holds the jars: no network needed.")
    ] = None,
) -> None:
    """Fetch Apache Kafka and prepare its quick start; what is there and sound already is left alone."""
    from learnkafka.broker.distribution import KAFKA_VERSION

    with _Sentence():
        _fetch(image, source)
        console.print(f"Apache Kafka {KAFKA_VERSION} is ready to start.")


def _fetch(image: bool, source: Path | None) -> None:
    from learnkafka.broker.distribution import KAFKA_VERSION, fetch_jars, unfit_jars
    from learnkafka.broker.training import prepare

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        if wanted := unfit_jars():
            task = progress.add_task(f"Apache Kafka {KAFKA_VERSION}", total=sum(jar.size for jar in wanted))
            count = fetch_jars(lambda size: progress.advance(task, size), source)
            progress.remove_task(task)
            console.print(f"Apache Kafka {KAFKA_VERSION}: {count} jars fetched, SHA-256 right.")
        task = progress.add_task("Preparing the quick start", total=None)
        prepare()
        progress.remove_task(task)
        if image:
            _pull(progress)


def _pull(progress: Progress) -> None:
    """A failed pull is told, not fatal: the embedded broker is the same Kafka."""
    from learnkafka.broker.image import IMAGE, pull_image
    from learnkafka.errors import BrokerError

    task = progress.add_task(IMAGE, total=None)
    try:
        pull_image(lambda now, total: progress.update(task, completed=now, total=total))
    except BrokerError as error:
        console.print(f"{error} The course uses the embedded broker.", markup=False, soft_wrap=True)
    progress.remove_task(task)


@app.command()
def broker(
    kind: Annotated[str | None, typer.Option(help="container, embedded or existing.")] = None,
    brokers: Annotated[int, typer.Option(help="How many: more than one form a cluster.")] = 1,
) -> None:
    """Keep a broker running, and print how to connect to it, until Ctrl-C."""
    from learnkafka import start_broker, start_cluster
    from learnkafka.broker.connecting import how_to_connect

    with _Sentence():
        for one in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, signal.default_int_handler)
        running = None
        try:
            running = start_cluster(brokers, kind) if brokers > 1 else start_broker(kind)
            console.print(
                how_to_connect(running.bootstrap_servers, running.client_config()), markup=False, soft_wrap=True
            )
            console.print("It runs until you press Ctrl-C.")
            signal.pause()
        except KeyboardInterrupt:
            console.print("Stopping.")
        if running:
            running.stop()


@app.command()
def doctor() -> None:
    """Look at everything that the course stands on, and name a remedy for what is wrong."""
    from learnkafka.doctor import examine

    table = Table("", "Looked at", "Seen", box=None)
    problems = 0
    for check in examine():
        mark = "[green]ok[/green]" if not check.finding else "[red]wrong[/red]" if check.needed else "note"
        table.add_row(mark, escape(check.subject), escape(str(check.finding or check.seen)))
        problems += check.is_problem
    console.print(table)
    if problems:
        raise typer.Exit(1)


@app.command()
def build(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; say what differs from what is committed.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Argument(help="Names of lessons to run, such as 01; all by default.")
    ] = None,
) -> None:
    """Run the lessons and write what is generated: their outputs, and docker-compose.yml."""
    from learnkafka.authoring import build_course
    from learnkafka.broker.compose import compose_file
    from learnkafka.lab import course_directory

    with _Sentence():
        course = course_directory()
        differing = build_course(
            course, {"docker-compose.yml": compose_file()}, only or [], check=check, report=console.print
        )
    if check and differing:
        errors.print(
            f"{len(differing)} differ from what their source gives; run `learnkafka build` and look at the difference."
        )
        raise typer.Exit(1)
