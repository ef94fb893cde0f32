from __future__ import annotations

import time

import pytest

from jobs.runtime.progress import Progress, each, lasting, progress


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    output = capsys.readouterr()
    assert output.out == ""
    return output.err.splitlines()


def test_a_line_has_the_name_the_count_the_seconds_and_the_time_left(clock: Clock) -> None:
    doing = Progress("training", 20, "epochs", clock=clock)
    clock.seconds = 30.0
    doing.at(3, "loss 2.118")
    assert str(doing) == "training: 3 of 20 epochs, 30 s, about 3 min left; loss 2.118"


def test_for_work_that_may_end_early_only_the_longest_time_left_is_printed(clock: Clock) -> None:
    doing = Progress("training", 20, "epochs", at_most=True, clock=clock)
    clock.seconds = 30.0
    doing.at(3)
    assert str(doing) == "training: 3 of at most 20 epochs, 30 s, at most 3 min left"


def test_the_time_left_shrinks_during_a_step_and_never_below_the_time_of_later_steps(clock: Clock) -> None:
    doing = Progress("replay", 5, "nights", clock=clock)
    assert doing.left is None
    clock.seconds = 10.0
    doing.step()
    assert doing.left == 40.0
    clock.seconds = 14.0
    assert doing.left == 36.0
    clock.seconds = 99.0
    assert doing.left == 30.0


def test_resumed_work_is_timed_from_where_it_resumed(clock: Clock) -> None:
    doing = Progress("training", 1000, "steps", clock=clock)
    for clock.seconds, done in ((2.0, 810), (22.0, 820)):
        doing.at(done)
    assert doing.left == 2.0 * 180


def test_the_first_of_many_steps_says_nothing_about_the_others(clock: Clock) -> None:
    doing = Progress("writing", 13_229, "briefs", clock=clock)
    clock.seconds = 39.0
    doing.at(1)
    assert doing.left is None
    clock.seconds = 40.0
    doing.at(1_001)
    assert doing.left == pytest.approx(12.228)


def test_no_time_left_is_printed_if_the_total_is_unknown_or_all_is_done(clock: Clock) -> None:
    doing = Progress("reading", None, "files", clock=clock)
    clock.seconds = 8.0
    doing.step()
    assert str(doing) == "reading: 1 files, 8 s"
    doing.at_step(4, 4, "all")
    assert str(doing) == "reading: 4 of 4 files, 8 s; all"


def test_quick_steps_print_few_lines(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    doing = Progress("writing", 100, "briefs", clock=clock)
    for second in range(1, 101):
        clock.seconds = float(second) / 10
        doing.step()
    assert [line.partition(",")[0] for line in lines(capsys)] == [
        "writing: 50 of 100 briefs",
        "writing: 100 of 100 briefs",
    ]


def test_a_step_that_must_be_printed_is_printed(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    Progress("replay", 2, "nights", clock=clock).step("2026-01-01: 9 lines", always=True)
    assert lines(capsys) == ["replay: 1 of 2 nights, 0 s, about 0 s left; 2026-01-01: 9 lines"]


def test_a_long_step_prints_by_itself_and_of_nested_work_only_the_inner_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Progress("outer", silence=0.02), Progress("inner", silence=0.02) as inner:
        inner.now("a long query")
        time.sleep(0.2)
    printed = lines(capsys)
    assert printed
    assert set(printed) == {"inner: 0 s; a long query"}
    time.sleep(0.05)
    assert lines(capsys) == []


def test_work_says_when_it_begins_and_when_it_has_ended_well(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("ALS") as taken:
        pass
    assert lines(capsys) == ["ALS ...", f"ALS: {taken.seconds:.1f} s"]
    with pytest.raises(KeyError), progress("ALS"):
        raise KeyError
    assert lines(capsys) == ["ALS ..."]


def test_each_thing_is_a_step_and_named_while_it_is_under_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(each("models", ["als", "lstm"], "models")) == ["als", "lstm"]
    assert lines(capsys) == ["models ...", "models: 2 models, 0.0 s"]
    doing = Progress("models", 2)
    named = [(thing, doing.note, doing.done) for thing in doing.over(["als", "lstm"])]
    assert named == [("als", "als", 0), ("lstm", "lstm", 1)]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (119.4, "119 s"), (150.0, "2 min"), (7_100.0, "118 min"), (7_260.0, "2 h 1 min")],
)
def test_durations_are_printed_as_people_say_them(seconds: float, said: str) -> None:
    assert lasting(seconds) == said
