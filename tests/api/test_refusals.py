"""Whatever a client sends: it is served, or refused in the one shape that refusals have."""

from typing import Any

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.api.clients import Answer, Client
from tests.api.strange import bodies, odd_objects, text_of

# The instance is made once for all examples of a test: what they teach it does not matter here.
edge = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check_message(message: Any) -> None:
    if isinstance(message, str):
        assert message
        return
    assert 0 < len(message) <= 10
    for reasons in message.values():
        assert reasons
        assert all(isinstance(reason, str) for reason in reasons)


def check(answer: Answer, *served: int) -> None:
    """Fail unless it is one of these, or a refusal as it has to be."""
    if answer.status in served:
        answer.json()
        return
    assert answer.status == 400
    assert answer.headers[b"content-type"] == b"application/json"
    assert answer.headers[b"error-code"]
    content = answer.json()
    assert set(content) == {"message"}
    check_message(content["message"])


def check_record(answer: Any, line: int | None = None) -> None:
    if "error" not in answer:
        return
    assert answer["error"] != "internal_error"
    check_message(answer["message"])
    assert answer.get("line") == line


references = st.one_of(st.integers(-(2**60), 2**60), st.text(max_size=5), st.none(), st.booleans())


class TestOneBody:
    @edge
    @given(bodies, st.sampled_from(["predict", "learn"]))
    @example(b'{"features":{"a":1},"\\udc00":1}', "predict")
    @example(b'{"\\ud800":1}', "learn")
    @example(b'{"features":{"a":1},"id":%s}' % (b"1" * 4_000), "predict")
    @example(b'{"features":{"a":1},"model":"\\u0000"}', "predict")
    @example(b'{"features":' + b"[" * 900 + b"NaN" + b"]" * 900 + b"}", "predict")
    @example(b'{"features":{"a":' + b"[" * 900 + b"]" * 900 + b"}}", "predict")
    def test_is_answered_as_json_on_both_ways(self, client: Client, body: bytes, route: str) -> None:
        dispatched = client.post(f"/api/{route}", body)
        short = client.post_short(f"/api/{route}", body)

        check(dispatched, 200, 201)
        if short is not None:
            check(short, 200, 201)
            if dispatched.status == 400 and b"No information stored" not in dispatched.body + short.body:
                assert (short.status, short.body) == (dispatched.status, dispatched.body)

    @edge
    @given(bodies)
    @example(b'{"\\ud800":1}')
    @example(b'{"flavor":"\\ud800"}')
    def test_of_init_is_answered_as_json(self, client: Client, body: bytes) -> None:
        check(client.post("/api/init", body))

    @edge
    @given(st.lists(bodies, max_size=4), st.sampled_from(["predict", "learn"]))
    def test_that_is_an_array_is_answered_as_json(
        self, client: Client, texts: list[bytes], route: str
    ) -> None:
        check(client.post(f"/api/{route}", b"[" + b",".join(texts) + b"]"), 200, 201)

    @edge
    @given(st.lists(odd_objects, max_size=4), st.sampled_from(["predict", "learn"]))
    def test_that_is_an_array_has_an_answer_for_each_record(
        self, client: Client, records: list[Any], route: str
    ) -> None:
        answer = client.post(f"/api/{route}", text_of(records))

        check(answer, 200, 201)
        if answer.status < 400:
            assert len(answer.json()) == len(records)
            for record in answer.json():
                check_record(record)


class TestStreams:
    @edge
    @given(st.lists(bodies.filter(lambda body: b"\n" not in body), min_size=1, max_size=4), st.data())
    def test_answer_each_line_of_any_bytes(
        self, client: Client, lines: list[bytes], data: st.DataObject
    ) -> None:
        body = b"\n".join([*lines, b""])
        cut = data.draw(st.integers(0, len(body)))

        answer = client.send("POST", "/api/stream", pieces=[body[:cut], body[cut:]])

        assert answer.status == 200
        answers = [msgspec.json.decode(line) for line in answer.body.splitlines()]
        assert len(answers) == len(lines)
        for number, record in enumerate(answers, start=1):
            check_record(record, number)

    @edge
    @given(
        st.lists(st.one_of(bodies, odd_objects.map(lambda value: text_of(value).decode())), max_size=4),
    )
    def test_answer_each_message_of_a_websocket(self, client: Client, messages: list[bytes | str]) -> None:
        answers = client.exchange(messages)

        assert len(answers) == len(messages)
        for answer in answers:
            for record in answer if isinstance(answer, list) else [answer]:
                check_record(record)

    @edge
    @given(odd_objects, references)
    @example({"features": {"\ud800": float("nan")}}, 5)
    def test_echo_the_reference_whatever_stands_beside_it(
        self, client: Client, record: dict[str, Any], ref: object
    ) -> None:
        (answer,) = client.exchange([text_of({**record, "ref": ref})])

        check_record(answer)
        assert answer["ref"] == ref
