"""An open lab in a kernel: what a learner may do wrong with it, and what it then says."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest

from learnkafka.labs import LABS
from tests.stopwatch import Stopwatch

COURSE = Path(__file__).parents[2]
LAB = COURSE / "labs" / "01-why-publish-subscribe.ipynb"

CATCH_UP = """
def catch_up(topic, group):
    with KafkaConsumer(topic, **connect, group_id=group, auto_offset_reset="earliest") as consumer:
        return [json.loads(record.value)["order_id"] for record in unread(consumer)]
"""


@pytest.fixture(scope="module")
def session(open_session: Callable[..., Any]) -> Any:
    """Lab 01, opened, with nothing done in it."""
    session = open_session(LAB)
    for grade_id in ("setup", "helper"):
        assert not session.run(session.cell(grade_id)).error
    session.run("import os, threading")
    session.run("import learnkafka.labs.scene as scene; scene.SECONDS_A_CALL, scene.SECONDS_IN_ALL = 20, 60")
    return session


def test_an_unknown_lab_names_those_that_there_are(session: Any) -> None:
    """One sentence, no traceback."""
    error = session.run('open_lab("01-why-publish", broker)').error
    assert error.traceback == [f"CourseError: There is no lab '01-why-publish'; there are {', '.join(LABS)}."]


def test_a_lab_without_a_broker_says_how(session: Any) -> None:
    """The address in place of the broker, say."""
    [line] = session.run('open_lab("02-topics", broker.bootstrap_servers)').error.traceback
    assert line == "CourseError: A lab is opened with a broker: open_lab('02-topics', broker); this is str."


@pytest.mark.parametrize("number", ["0", "6", "'2'", "2.0", "True", "None"])
@pytest.mark.parametrize("word", ["check", "hint", "given"])
def test_an_unknown_exercise_names_those_that_there_are(number: str, word: str, session: Any) -> None:
    """With their titles."""
    [line] = session.run(f"lab.{word}({number})").error.traceback
    assert line == (
        f"CourseError: There is no exercise {number} in lab 01-why-publish-subscribe; there are: 1 Publish each order; "
        "2 Billing catches up; 3 Everybody hears of it; 4 The sales of each month; 5 An invoice for each order."
    )


def test_what_is_printed_names_no_address(session: Any) -> None:
    """Notebooks are compared by it."""
    assert session.run("lab").text == "<Lab 01-why-publish-subscribe: 5 exercises, 11 points>"


def test_hints_come_one_by_one_and_the_last_is_marked(session: Any) -> None:
    """The first is a question; after the last it is the last again."""
    session.run('hinting = open_lab("01-why-publish-subscribe", broker)')
    cards = [session.run("hinting.hint(2)").card for _ in range(4)]
    assert [card.splitlines()[0] for card in cards] == [
        "? Exercise 2, Billing catches up: hint 1 of 3",
        "? Exercise 2, Billing catches up: hint 2 of 3",
        "? Exercise 2, Billing catches up: hint 3 of 3 (the last one)",
        "? Exercise 2, Billing catches up: hint 3 of 3 (the last one)",
    ]
    assert "?" in cards[0].splitlines()[1]
    session.run('lab = open_lab("01-why-publish-subscribe", broker)')


def test_a_check_without_the_function_says_what_to_type(session: Any) -> None:
    """It isn't wrong, and isn't counted."""
    answer = session.run("lab.check(2)")
    assert answer.verdict == "not attempted"
    assert "lab.check(2, its_name)" in answer.card


def test_a_result_in_place_of_the_function_is_told(session: Any) -> None:
    """The function called by mistake."""
    answer = session.run("lab.check(2, [1, 2])")
    assert answer.verdict == "not yet"
    assert "hand over the function itself, without calling it" in answer.card
    assert "Observed: [1, 2], which is of type list" in answer.card


def test_a_name_that_no_cell_has_made_is_answered_by_a_card(session: Any) -> None:
    """The exercise's cell wasn't run: no traceback, and yet nbgrader, which goes by the cell's status, gives nothing."""
    answer = session.run("lab.check(2, catch_up_2)")
    assert answer.verdict == "not attempted"
    assert "There is no catch_up_2 yet. Run the cell above that makes it" in answer.card
    assert not [one for one in answer.outputs if one.output_type == "execute_result"]


def test_a_name_that_is_missing_because_its_cell_failed_says_why(session: Any) -> None:
    """With the line, also of a syntax error."""
    session.run("x = 1\ndef catch_up_3(topic, group):\n    return [1, 2")
    answer = session.run("lab.check(2, catch_up_3)")
    assert answer.verdict == "your code raised"
    assert "the cell before raised SyntaxError" in answer.card
    assert "Line 3 of the cell: return [1, 2" in answer.card


def test_any_other_name_error_looks_as_it_does_in_python(session: Any) -> None:
    """We answer for checks only."""
    answer = session.run("print(undefined_thing)")
    assert answer.error.ename == "NameError"
    assert any("undefined_thing" in line for line in answer.error.traceback)
    inside = session.run("def broken(topic, group):\n    return undefined_thing\nbroken(1, 2)")
    assert any("return undefined_thing" in line or "undefined_thing" in line for line in inside.error.traceback)


def test_a_name_error_in_the_learners_function_is_theirs(session: Any) -> None:
    """Raised while it is checked, it has its line."""
    session.run("def broken(topic, group):\n    return undefined_thing")
    answer = session.run("lab.check(2, broken)")
    assert answer.verdict == "your code raised"
    assert "Your function raised NameError: name 'undefined_thing' is not defined." in answer.card
    assert "Line 2 of the cell: return undefined_thing" in answer.card


def test_a_cell_that_was_interrupted_is_told_by_the_next_check(session: Any) -> None:
    """It looped for ever; whatever ran in between but asked nothing of the lab would have cleared it."""
    press_stop(session, "while True:\n    pass")
    answer = session.run("lab.check(2)")
    assert answer.verdict == "your code raised"
    assert "The cell that you ran before this check was interrupted." in answer.card
    assert "Line 1 of the cell: while True:" in answer.card or "Line 2 of the cell: pass" in answer.card
    session.run(CATCH_UP)
    assert "interrupted" not in session.run("lab.check(2, catch_up)").card


def test_an_interrupted_cell_does_not_hide_what_was_made_before(session: Any) -> None:
    """The last version that ran is checked, and the card says so."""
    session.run(CATCH_UP)
    press_stop(session, "while True:\n    pass")
    answer = session.run("lab.check(2, catch_up)")
    assert answer.verdict == "passed"
    assert "Note: The cell that you ran before this check was interrupted" in answer.card
    assert "what it made before is what was checked" in answer.card


def test_a_check_that_is_interrupted_says_where(session: Any) -> None:
    """The learner presses the square while their own function runs."""
    session.run(CATCH_UP + "\ndef endless(topic, group):\n    while True:\n        pass")
    answer = press_stop(session, "lab.check(2, endless)")
    assert answer.verdict == "your code raised"
    assert "You interrupted your function while it was checked." in answer.card
    assert not answer.error


def press_stop(session: Any, code: str) -> Any:
    """Run the cell, and interrupt the kernel once it is inside the loop, as JupyterLab's square does."""
    kernel = int(session.run("print(os.getpid())").text)
    began = psutil.Process(kernel).cpu_times().user

    def press() -> None:
        deadline = time.monotonic() + 30
        while psutil.Process(kernel).cpu_times().user < began + 0.7 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(kernel, signal.SIGINT)

    presser = Thread(target=press)
    presser.start()
    answer = session.run(code)
    presser.join()
    return answer


def test_code_that_catches_everything_is_stopped_too(session: Any) -> None:
    """A loop with a bare `except` hears of its deadline again."""
    session.run(
        "def stubborn(topic, group):\n    while True:\n        try:\n            threading.Event().wait(0.05)\n"
        "        except:\n            pass"
    )
    session.run("scene.SECONDS_A_CALL = 1")
    stopwatch = Stopwatch()
    answer = session.run("lab.check(2, stubborn)")
    assert answer.verdict == "timed out"
    assert stopwatch.seconds() < 15
    session.run("scene.SECONDS_A_CALL = 20")


def test_what_a_function_prints_is_on_the_card_and_nowhere_else(session: Any) -> None:
    """Standard error too: it would cost nbgrader's points."""
    session.run(
        "import sys\ndef talkative(topic, group):\n    print('reading', len(topic) > 0)\n"
        "    print('careful', file=sys.stderr)\n    return []"
    )
    answer = session.run("lab.check(2, talkative)")
    assert "Your code printed: reading True\ncareful" in answer.card
    assert not [one for one in answer.outputs if one.output_type == "stream"]


def test_markup_is_shown_and_does_nothing(session: Any) -> None:
    """In what a function returns, raises, prints and sends."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    session.run(f"evil = {evil!r}")
    session.run("def returns(topic, group):\n    print(evil)\n    return evil")
    session.run("def raises(topic, group):\n    raise ValueError(evil)")
    session.run(
        "def sends(topic, orders):\n    with KafkaProducer(**connect) as producer:\n"
        "        producer.send(topic, evil.encode(), key=evil.encode())"
    )
    for check in ("lab.check(2, returns)", "lab.check(2, raises)", "lab.check(1, sends)"):
        answer = session.run(check)
        assert "&lt;script&gt;" in answer.html
        assert "<script" not in answer.html
        assert "<img" not in answer.html


def test_a_megabyte_is_cut_short(session: Any) -> None:
    """In what a function returns, raises, prints and sends; the card says how long it was."""
    session.run("long = 'x' * 1_000_000")
    session.run("def returns(topic, group):\n    print(long)\n    return long")
    session.run("def raises(topic, group):\n    raise ValueError(long)")
    session.run(
        "def sends(topic, orders):\n    with KafkaProducer(**connect) as producer:\n        producer.send(topic, long.encode())"
    )
    for check in ("lab.check(2, returns)", "lab.check(2, raises)", "lab.check(1, sends)"):
        answer = session.run(check)
        assert answer.verdict in ("not yet", "your code raised")
        assert len(answer.html) < 10_000
    assert "… (1,000,000 bytes)" in answer.card


def test_an_object_whose_repr_raises_is_shown_too(session: Any) -> None:
    """Whatever a function returns."""
    session.run(
        "class Odd:\n    def __repr__(self):\n        raise ValueError('no')\ndef odd(topic, group):\n    return Odd()"
    )
    answer = session.run("lab.check(2, odd)")
    assert answer.verdict == "not yet"
    assert "Odd instance at" in answer.card or "Odd object at" in answer.card


def test_a_consumer_left_open_is_mentioned(session: Any) -> None:
    """The exercise may be passed; the group still has a member."""
    session.run(
        "kept = []\ndef keeps(topic, group):\n"
        '    consumer = KafkaConsumer(topic, **connect, group_id=group, auto_offset_reset="earliest")\n'
        "    kept.append(consumer)\n"
        '    return [json.loads(record.value)["order_id"] for record in unread(consumer)]'
    )
    session.run("scene.SECONDS_A_CALL = 2")
    answer = session.run("lab.check(2, keeps)")
    assert "Note: Your function leaves a consumer open" in answer.card
    session.run("[one.close() for one in kept]; scene.SECONDS_A_CALL = 20")


def test_checks_clear_up_after_themselves(session: Any, until: Callable[..., Any]) -> None:
    """No topic and no group of a check's is left, whatever came of it."""
    session.run(CATCH_UP)
    for check in ("lab.check(2, catch_up)", "lab.check(1, catch_up)", "lab.check(5, catch_up)"):
        session.run(check)
    session.run("from kafka import KafkaAdminClient\nadmin = KafkaAdminClient(**connect)")
    left = "sorted(one for one in admin.list_topics() if not one.startswith('__'))"
    until(lambda: session.run(left).text == "[]", 10)
    groups = "[one['group_id'] for one in admin.list_groups()]"
    until(lambda: session.run(groups).text == "[]", 10)


def test_data_vary_and_a_seed_repeats_them(session: Any) -> None:
    """Two labs with the same seed hand out the same orders; without one they differ."""
    session.run("seen = []\ndef publish(topic, orders):\n    seen.append([order['order_id'] for order in orders])")
    for seed in ("seed=3", "seed=3", "seed=4", "", ""):
        session.run(f'lab = open_lab("01-why-publish-subscribe", broker, {seed})')
        session.run("lab.check(1, publish)")
        session.run("lab.check(1, publish)")
    assert session.run("seen[0:2] == seen[2:4], seen[0] == seen[4], seen[6] == seen[8], seen[0] == seen[1]").text == (
        "(True, False, False, False)"
    )


def test_a_broker_that_dies_between_two_checks_is_not_the_learners_fault(
    open_session: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """It is unreachable, with the way back, which works; and it is never wrong."""
    session = open_session(LAB)
    for grade_id in ("setup", "helper"):
        session.run(session.cell(grade_id))
    session.run(CATCH_UP)
    assert session.run("lab.check(2, catch_up)").verdict == "passed"
    kernel = int(session.run("import os; print(os.getpid())").text)
    [jvm] = [one for one in psutil.Process(kernel).children(recursive=True) if "java" in one.name()]
    jvm.kill()
    until(lambda: not jvm.is_running() or jvm.status() == psutil.STATUS_ZOMBIE)
    for check in ("lab.check(2, catch_up)", "lab.check(1, catch_up)", "lab.check(2)"):
        answer = session.run(check)
        assert answer.verdict in ("broker unreachable", "not attempted"), answer.card
        assert not answer.error
    answer = session.run("lab.check(2, catch_up)")
    assert "run the cell that starts it again" in answer.card
    assert "After that, run the cell that opens the lab." in answer.card
    assert answer.points == 0
    session.run(session.cell("setup"))
    assert session.run("lab.check(2, catch_up)").verdict == "passed"


def test_a_broker_that_dies_during_a_check_is_not_the_learners_fault(open_session: Callable[..., Any]) -> None:
    """The learner's function raises, and yet it isn't their code."""
    session = open_session(LAB)
    for grade_id in ("setup", "helper"):
        session.run(session.cell(grade_id))
    session.run(
        "import psutil\ndef murder(topic, group):\n"
        "    for child in psutil.Process().children(recursive=True):\n"
        "        if 'java' in child.name():\n            child.kill()\n            child.wait(10)\n"
        "    raise RuntimeError('no answer')"
    )
    answer = session.run("lab.check(2, murder)")
    assert answer.verdict == "broker unreachable"
    assert not answer.error


def test_a_broker_that_does_not_answer_is_found_out_in_bounded_time(open_session: Callable[..., Any]) -> None:
    """A paused one: it runs, but nothing comes of it."""
    session = open_session(LAB)
    for grade_id in ("setup", "helper"):
        session.run(session.cell(grade_id))
    session.run(CATCH_UP)
    kernel = int(session.run("import os; print(os.getpid())").text)
    [jvm] = [one for one in psutil.Process(kernel).children(recursive=True) if "java" in one.name()]
    jvm.suspend()
    stopwatch = Stopwatch()
    try:
        answer = session.run("lab.check(2, catch_up)")
    finally:
        jvm.resume()
    assert answer.verdict == "broker unreachable"
    assert stopwatch.seconds() < 15
    session.run("import learnkafka.labs.scene as scene; scene.SECONDS_A_CALL, scene.SECONDS_IN_ALL = 20, 60")
    assert session.run("lab.check(2, catch_up)").verdict == "passed"


@pytest.mark.parametrize(
    "talk",
    [
        "logging.getLogger().warning('careful')",
        "held.write('careful')",
        "subprocess.run('echo careful >&2', shell=True)",
        "os.write(2, b'careful')",
        "warnings.warn('careful')",
    ],
)
def test_nothing_reaches_standard_error_while_a_function_is_checked(talk: str, session: Any) -> None:
    """nbgrader would take the points away. It stands on the card of a check that doesn't pass."""
    session.run("import logging, subprocess, sys, warnings; held = sys.stderr; logging.basicConfig(level=logging.INFO)")
    session.run(f"def talks(topic, group):\n    {talk}\n    return []")
    answer = session.run("lab.check(2, talks)")
    assert "careful" in answer.card
    assert not [one for one in answer.outputs if one.output_type == "stream"]
    after = session.run("logging.getLogger().handlers.clear(); print('heard', file=sys.stderr, flush=True)")
    assert after.text == "heard\n"


def test_the_failure_that_counts_is_the_first(session: Any) -> None:
    """A cell that was to try the function out only echoes it."""
    session.run("def catch_up_4(topic, group):\n    return [1, 2")
    session.run("catch_up_4(1, 2)")
    answer = session.run("lab.check(2, catch_up_4)")
    assert "the cell before raised SyntaxError" in answer.card
    assert "Line 2 of the cell: return [1, 2" in answer.card
