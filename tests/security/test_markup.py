"""Whatever comes from outside is text in the HTML that the course makes: no element, no attribute, no script of anybody else's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaConsumer, KafkaProducer

from learnkafka import views
from learnkafka.labs.card import ProgressTable, hint_card, verdict_card
from learnkafka.labs.showing import said, shown, shown_bytes
from learnkafka.labs.verdict import CodeLine, Outcome, Verdict
from learnkafka.members import start_member
from learnkafka.observe.recorded import load, save
from learnkafka.observe.recorder import Replay
from learnkafka.questions.explanation import Explanation
from learnkafka.questions.prediction import Prediction
from learnkafka.questions.question import Choice, Question
from learnkafka.questions.recalling import Recall

if TYPE_CHECKING:
    from learnkafka.broker import Broker

EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "</td></table></script><svg onload=alert(3)>",
    '" onmouseover="alert(4)" x=\'',
    "' onfocus='alert(5)' autofocus tabindex='0",
    "<!--",
    ']]><iframe src="javascript:alert(6)">',
    "&lt;b&gt;&#60;i&#62;",
    "a\u2028b\u2029c\u0085d",
    "[x](javascript:alert(7)) ![y](javascript:alert(8)) <javascript:alert(9)>",
]
ALL = " ".join(EVIL)
# What the course itself makes.
OURS = {
    "br", "caption", "code", "details", "em", "li", "ol", "p", "section", "strong", "summary", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}  # fmt: skip
OUR_ATTRIBUTES = {"align", "aria-label", "scope", "style"}
MEMBER = """
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, client_id=client, auto_offset_reset="earliest", **connect) as consumer:
    for record in consumer:
        pass
"""


class Elements(HTMLParser):
    """The elements and attributes that a browser would see, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.attributes: dict[str, set[str]] = {}
        self.text = ""
        self.comments: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attributes:
            self.attributes.setdefault(name, set()).add(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    unknown_decl = handle_pi = handle_decl = handle_comment


def only_ours(html: str, *texts: str) -> Elements:
    """The HTML has no element and no attribute but ours, and these texts stand in it as texts."""
    seen = Elements(html)
    assert seen.elements <= OURS, seen.elements - OURS
    assert set(seen.attributes) <= OUR_ATTRIBUTES, set(seen.attributes) - OUR_ATTRIBUTES
    assert not seen.comments
    for style in seen.attributes.get("style", ()):
        assert not re.search(r"url|expression|alert", style)
    for text in texts:
        assert text in seen.text or text in seen.attributes.get("aria-label", ()), (text, seen.text)
    return seen


def test_the_check_itself_finds_them() -> None:
    """Each of the texts that are elements, raw."""
    for html in ("<p><img src=x></p>", '<p onclick="x">y</p>', "<p><!-- x --></p>", f"<p>{ALL}</p>"):
        with pytest.raises(AssertionError):
            only_ours(html)


@pytest.fixture(scope="module")
def topic(broker: Broker) -> str:
    """A topic whose records are the texts: key, value and header of each; and a member that has all of them for names."""
    name = broker.topic("orders.of_the-shop", partitions=2)
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers, client_id=EVIL[0]) as producer:
        for place, text in enumerate(EVIL):
            raw = text.encode()
            producer.send(name, raw, key=raw, headers=[(text, raw)], partition=place % 2).get(timeout=20)
    return name


def bundle(view: Any) -> tuple[str, str]:
    data, _ = view._repr_mimebundle_()
    return data["text/html"], json.dumps(view.frame)


def test_log(broker: Broker, topic: str) -> None:
    """Live and as a table, of a topic whose keys they are, read by a group that is called so."""
    with KafkaConsumer(
        topic,
        bootstrap_servers=broker.bootstrap_servers,
        group_id=ALL,
        client_id=ALL,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    ) as mine:
        while not mine.poll(timeout_ms=200):
            pass
        view = views.log(broker, topic, group=ALL, consumers=[mine])
        only_ours(bundle(view)[0])
        only_ours(view.snapshot()._repr_html_(), EVIL[0], EVIL[1], ALL)
        view.close()


@pytest.mark.parametrize("missing", EVIL)
def test_names_of_what_is_not_there(broker: Broker, missing: str) -> None:
    """A topic or group that nobody made is named all the same, in the sentence that says so."""
    for view in (views.log(broker, missing), views.group(broker, missing), views.cluster(broker, [missing])):
        only_ours(bundle(view)[0])
        only_ours(view.snapshot()._repr_html_())
        view.close()


def test_group(
    broker: Broker, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable[..., Any]
) -> None:
    """The group's, the members' and the clients' names; and the same frames kept in a file and replayed."""
    monkeypatch.chdir(tmp_path)
    Path("billing.py").write_text(MEMBER)
    member = start_member("billing.py", topic, ALL, name=EVIL[1], broker=broker, client=EVIL[0])
    view = views.group(broker, ALL)
    try:
        until(lambda: member.delivered == len(EVIL), 30)
        table = only_ours(view.snapshot()._repr_html_(), ALL, EVIL[1])
        only_ours(bundle(view)[0])
        save(view.recorder.frames, tmp_path / "frames.jsonl")
        again = type(view)(Replay(load(tmp_path / "frames.jsonl")), ALL)
        assert only_ours(again.snapshot()._repr_html_(), ALL, EVIL[1]).elements == table.elements
        again.close()
    finally:
        view.close()
        member.kill()


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("evil", [*EVIL, ALL])
def test_cards(outcome: Outcome, evil: str) -> None:
    """Everything on a card that a learner's code, or a record, can say: what it returned, raised, printed and sent."""
    returned, raised, sent = shown([evil]), said(ValueError(evil)), shown_bytes(evil.encode())
    verdict = Verdict(outcome, f"{evil} {raised}", returned, sent, None, CodeLine(3, evil), evil)
    card = verdict_card(evil, verdict, why="because `x` *is*", hint="lab.hint(2)", note=evil)
    only_ours(card._repr_html_(), evil if "\u2028" not in evil else "a")
    only_ours(hint_card(evil, 1, 3, evil)._repr_html_())
    only_ours(ProgressTable(evil, ((evil, 1, True),))._repr_html_())


@pytest.mark.parametrize("evil", [*EVIL, ALL])
def test_questions(evil: str) -> None:
    """An author's texts are Markdown of two kinds, and no more; what is sent to the browser as HTML is such as well."""
    question = Question("99-evil", evil, (Choice(evil, evil), Choice(f"no {evil}", evil)), right=0)
    prediction, recall = Prediction(question), Recall((question, replace(question, id="99-other")))
    for html in (prediction._html(), recall._html(), Explanation(question, 1)._repr_html_()):
        only_ours(html)
    for shown_question in (prediction, recall):
        shown_question._repr_mimebundle_()
        for sent in shown_question._widget.questions:
            choices = [part for choice in sent["choices"] for part in choice.values()]
            for html in (sent["prompt"], *choices):
                only_ours(html)


SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|createContextualFragment|srcdoc|"
    r"\.href\b|\.src\b|location\b|on(?:click|error|load)\s*="
)
SCRIPTS = sorted((Path(views.__file__).parent).glob("*.js"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_views_script_makes_elements_from_text(script: Path) -> None:
    """They set text and attributes of elements that they make; the word stands in a comment that forbids it."""
    code = "\n".join(line.partition("//")[0] for line in script.read_text(encoding="utf-8").splitlines())
    assert SINKS.findall(code) == []
    assert len(SCRIPTS) >= 4
