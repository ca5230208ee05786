"""Many who ask at once: those who come while the models are at work wait, and are then asked about together."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Thread

import numpy as np

from digits.classifier import Ask

MOST = 256  # at once

Answers = dict[str, np.ndarray]  # class probabilities, by the model's name


@dataclass(frozen=True)
class Question:
    image: np.ndarray
    models: Sequence[str]
    answer: Future[Answers] = field(default_factory=Future)


class Batches:
    def __init__(self, models: Mapping[str, Ask]) -> None:
        self.models = models
        self.waiting: SimpleQueue[Question] = SimpleQueue()
        self.seconds = 0.0  # of the models themselves
        Thread(target=self.work, daemon=True).start()

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
        for _ in range(min(MOST - 1, self.waiting.qsize())):
            yield self.waiting.get()

    def answers(self, questions: list[Question]) -> list[Answers]:
        answers: list[Answers] = [{} for _ in questions]
        for name, ask in self.models.items():
            asked = [number for number, question in enumerate(questions) if name in question.models]
            if asked:
                found = ask(np.stack([questions[number].image for number in asked]))
                for number, probabilities in zip(asked, found, strict=True):
                    answers[number][name] = probabilities
        return answers
