"""The command line: `learnkafka lab | fetch | broker | doctor | progress | class | build | validate`."""

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
classroom = typer.Typer(no_args_is_help=True, help="A class on one cluster: each learner a user, rights and a quota.")
app.add_typer(classroom, name="class")
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
    cluster: Annotated[
        Path | None, typer.Option(help="The file from your teacher that says how to reach the class's cluster.")
    ] = None,
) -> None:
    """Open the course in JupyterLab, after fetching what the broker needs."""
    from learnkafka.classroom import read_entry
    from learnkafka.lab import course_directory, jupyter_command

    with _Sentence():
        course = course_directory()
        os.environ.update(read_entry(cluster).variables if cluster else {})
        _fetch(image=not cluster, source=None)
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
            from learnkafka.broker.image import IMAGE, REDIS_IMAGE
            from learnkafka.services.start import needs_image

            _pull(progress, IMAGE, "The course uses the embedded broker.")
            if needs_image():
                _pull(progress, REDIS_IMAGE, "`learnkafka doctor` says which other Redis can be had.")


def _pull(progress: Progress, image: str, otherwise: str) -> None:
    """A failed pull is told, not fatal: the embedded broker is the same Kafka, and one lesson only needs Redis."""
    from learnkafka.broker.image import pull_image
    from learnkafka.errors import BrokerError

    task = progress.add_task(image, total=None)
    try:
        pull_image(lambda now, total: progress.update(task, completed=now, total=total), image=image)
    except BrokerError as error:
        console.print(f"{error} {otherwise}", markup=False, soft_wrap=True)
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
def progress(
    reset: Annotated[bool, typer.Option("--reset", help="Forget everything, and start over.")] = False,
) -> None:
    """Show which exercises are done, and how the predictions went. It is kept on this machine only."""
    from learnkafka.labs import LABS
    from learnkafka.progress import progress_file, read_progress, reset_progress

    with _Sentence():
        if reset:
            console.print("Your progress is forgotten." if reset_progress() else "There was no progress to forget.")
            return
        done, set_aside = read_progress()
        if set_aside:
            errors.print(
                f"What was kept made no sense, and was set aside as {set_aside}.", markup=False, soft_wrap=True
            )
    table = Table("Lab", "Exercise", "Points", "State", "Checks", "Hints", box=None)
    for lab_name, exercises in LABS.items():
        for number, exercise in enumerate(exercises, start=1):
            entry = done.exercise(lab_name, number)
            state = "[green]✓ passed[/green]" if entry.passed else "○ tried" if entry.attempts else "○ open"
            name = lab_name if number == 1 else ""
            points = f"{exercise.points if entry.passed else 0} of {exercise.points}"
            table.add_row(name, f"{number} {exercise.title}", points, state, str(entry.attempts), str(entry.hints))
    console.print(table)
    if answers := done.answers.values():
        right = sum(answer.right for answer in answers)
        console.print(f"Questions: {right} of {len(answers)} right when last asked.")
    console.print(f"Kept in {progress_file()}", markup=False, soft_wrap=True)


NAMES = Annotated[list[str], typer.Argument(metavar="NAME...", help="Letters, digits, '.' and '_'.")]
FOLDER = Annotated[Path, typer.Option(help="Where the learners' files are, each with a password.")]


@classroom.command()
def add(
    names: NAMES,
    folder: FOLDER = Path("class"),
    address: Annotated[str | None, typer.Option(help="Where learners connect, if not where you do.")] = None,
    protocol: Annotated[str | None, typer.Option(help="SASL_SSL or SASL_PLAINTEXT, if not as you do.")] = None,
    mechanism: Annotated[str, typer.Option(help="SCRAM-SHA-512 or SCRAM-SHA-256.")] = "SCRAM-SHA-512",
    produce: Annotated[
        int, typer.Option(min=1, help="Bytes a second that a learner may send to each broker.")
    ] = 2_000_000,
    consume: Annotated[int, typer.Option(min=1, help="Bytes a second that a learner may read from each.")] = 8_000_000,
    requests: Annotated[
        int, typer.Option(min=1, help="A learner's share of each broker's time, in percent of a thread.")
    ] = 100,
    redis: Annotated[str | None, typer.Option(help="The URL of a Redis that the class shares.")] = None,
) -> None:
    """Add learners to the cluster at KAFKA_BOOTSTRAP_SERVERS, and write each a file for `learnkafka lab --cluster`."""
    from learnkafka.classroom import Quota, add_learners

    with _Sentence():
        files = add_learners(
            names,
            folder,
            quota=Quota(produce, consume, requests),
            address=address,
            protocol=protocol,
            mechanism=mechanism,
            redis=redis,
            report=lambda name: console.print(f"{name} can get in.", markup=False),
        )
        console.print(
            f"{len(files)} in {folder}: hand each learner their own, such as {files[0].name}. It holds a password.",
            markup=False,
            soft_wrap=True,
        )


@classroom.command()
def remove(names: NAMES, folder: FOLDER = Path("class")) -> None:
    """Remove learners from the cluster, with their topics and groups, and delete their files."""
    from learnkafka.classroom import remove_learners

    with _Sentence():
        remove_learners(
            names, folder, report=lambda name: console.print(f"{name} and what they made are gone.", markup=False)
        )


@app.command()
def build(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; say what differs from what is committed.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Argument(help="Lessons and labs to run, such as 01; all by default.")
    ] = None,
) -> None:
    """Run lessons and solutions, and write what is generated: their outputs, the labs, and docker-compose.yml."""
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


REQUIRE_ALL = "LEARNKAFKA_REQUIRE_ALL"


@app.command()
def validate(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Notebooks, or folders with notebooks; all from here down by default.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="container, embedded or existing, also several times; by default what this machine has."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="How many notebooks run at the same time.")] = 2,
) -> None:
    """Run notebooks on a real broker, and compare what every cell shows with what is saved in it, strictly."""
    from learnkafka.authoring import notebooks_in, traps
    from learnkafka.authoring import validate as compare

    failed = False
    with _Sentence():
        notebooks = notebooks_in(paths or [Path()])
        if found := [sentence for path in notebooks for sentence in traps(path)]:
            errors.print("\n".join(found), markup=False, soft_wrap=True)
            raise CourseError("Nothing was run.")
        for one in _kinds(kind or []):
            console.print(f"{len(notebooks)} notebook{'' if len(notebooks) == 1 else 's'} on the {one} broker")
            seen = compare(notebooks, one, workers)
            for sentence in seen.differing:
                errors.print(sentence, markup=False, soft_wrap=True)
            said = f"on the {one} broker {seen.cells} cells show what is saved, {len(seen.differing)} don't"
            console.print(f"{said}, {seen.skipped} were skipped." if seen.skipped else f"{said}.")
            if not seen.cells and not seen.differing:
                raise CourseError("No cell was compared, so nothing is known of these notebooks.")
            skips_forbidden = bool(seen.skipped and os.environ.get(REQUIRE_ALL))
            if skips_forbidden and not seen.differing:
                errors.print(f"Cells were skipped, and {REQUIRE_ALL} allows no skips.")
            failed |= bool(seen.differing) or skips_forbidden
    if failed:
        raise typer.Exit(1)


def _kinds(asked: list[str]) -> list[str]:
    """The kinds that are asked for, or those that this machine has; raises BrokerError for one that it hasn't."""
    from learnkafka.broker import environment
    from learnkafka.broker.distribution import class_path
    from learnkafka.broker.image import image_finding
    from learnkafka.broker.start import chosen_kind

    kinds = [chosen_kind(one) for one in asked]
    if not kinds:
        finding = image_finding()
        kinds = ["embedded"] if finding and not os.environ.get(REQUIRE_ALL) else ["embedded", "container"]
        if "container" not in kinds:
            console.print(f"Not on the container broker: {finding}", markup=False, soft_wrap=True)
    if "embedded" in kinds:
        class_path()
    if "container" in kinds:
        from learnkafka.broker.container import OTHERWISE
        from learnkafka.broker.engine import make_sure_of_image
        from learnkafka.broker.image import IMAGE

        make_sure_of_image(IMAGE, OTHERWISE)
    if "existing" in kinds:
        environment.bootstrap_servers()
    return kinds
