"""What is refused: with which of HTTP's numbers, and why."""


class ApiError(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
