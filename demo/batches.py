"""Many who ask at once are asked about together: ten images take the models hardly longer than one."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock, Semaphore, Thread

import numpy as np

from digits.inference.predictor import Predictor

MOST = 256  # at once
GATHER = 0.025  # seconds that the first waits for those whose pictures are being read

Answers = dict[str, np.ndarray]  # class probabilities, by the model's name


@dataclass(frozen=True)
class Question:
    image: np.ndarray
    models: Sequence[str]
    answer: Future[Answers] = field(default_factory=Future)


class Batches:
    def __init__(self, models: Mapping[str, Predictor]) -> None:
        self.models = models
        self.waiting: SimpleQueue[Question] = SimpleQueue()
        self.coming = 0  # those who will ask in a moment
        self.lock, self.hands = Lock(), Semaphore(os.cpu_count() or 1)
        self.seconds = 0.0  # of the models themselves
        Thread(target=self.work, daemon=True).start()

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Around what comes before a question. No more are at it than there are cores: they would hinder each other."""
        with self.lock:
            self.coming += 1
        try:
            with self.hands:
                yield
        finally:
            with self.lock:
                self.coming -= 1

    def ask(self, image: np.ndarray, models: Sequence[str], patience: float) -> Answers:
        question = Question(image, models)
        self.waiting.put(question)
        return question.answer.result(patience)

    def work(self) -> None:
        while True:
            questions = list(self.those_here())
            started = time.perf_counter()
            try:
                answers = self.answers(questions)
            except Exception as error:  # theirs, and not the end of all further answers
                for question in questions:
                    question.answer.set_exception(error)
                continue
            finally:
                self.seconds += time.perf_counter() - started
            for question, answer in zip(questions, answers, strict=True):
                question.answer.set_result(answer)

    def those_here(self) -> Iterator[Question]:
        yield self.waiting.get()
        until = time.monotonic() + GATHER
        for _ in range(MOST - 1):
            try:
                yield self.waiting.get(timeout=max(0.0, until - time.monotonic()) if self.coming else 0.0)
            except Empty:
                return

    def answers(self, questions: list[Question]) -> list[Answers]:
        answers: list[Answers] = [{} for _ in questions]
        for name, ask in self.models.items():
            asked = [number for number, question in enumerate(questions) if name in question.models]
            if asked:
                found = ask(np.stack([questions[number].image for number in asked]))
                for number, probabilities in zip(asked, found, strict=True):
                    answers[number][name] = probabilities
        return answers
