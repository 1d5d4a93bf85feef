"""The lock of a device: handed over in the order of requests, also after an error or an interrupt."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.inference.device_lock import TurnLock
from tests.support.waiting import until


def test_turns_are_taken_in_the_order_of_asking() -> None:
    lock, order = TurnLock(), list[int]()
    threads = []

    def ask(number: int) -> None:
        with lock.turn():
            order.append(number)

    with lock.turn():
        for number in range(20):
            threads.append(threading.Thread(target=ask, args=(number,), daemon=True))
            threads[-1].start()
            until(lambda: len(lock._queue) == len(threads) + 1)
        assert order == []
    for thread in threads:
        thread.join(10)
    assert order == list(range(20))


def test_one_turn_at_a_time() -> None:
    lock, inside, most = TurnLock(), 0, list[int]()

    def work(_: int) -> None:
        nonlocal inside
        for _ in range(20):
            with lock.turn():
                inside += 1
                most.append(inside)
                time.sleep(0.0002)
                inside -= 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert most == [1] * 120


def test_who_gives_up_waiting_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

    lock, had = TurnLock(), list[str]()

    def ask(name: str) -> None:
        with lock.turn():
            had.append(name)

    threads = [threading.Thread(target=ask, args=(name,), daemon=True) for name in ("before", "after")]
    with lock.turn():
        threads[0].start()
        until(lambda: len(lock._queue) == 2)
        with monkeypatch.context() as patch:
            patch.setattr("core.inference.engine.threading.Event", Impatient)
            with pytest.raises(KeyboardInterrupt), lock.turn():
                pytest.fail("the first still has its turn")
        threads[1].start()
        until(lambda: len(lock._queue) == 3)
        time.sleep(0.02)
        assert had == []  # nobody got the turn of the one who holds it
    for thread in threads:
        thread.join(10)
    assert had == ["before", "after"]


def test_an_error_passes_the_turn_on() -> None:
    lock = TurnLock()
    with pytest.raises(ZeroDivisionError), lock.turn():
        raise ZeroDivisionError
    with lock.turn():
        pass
