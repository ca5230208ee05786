from typing import Annotated

from pydantic import Field

from digits.params.load import Section


class Runtime(Section):
    """What TensorFlow runs on. Each of these changes the last bits of a result."""

    threads: Annotated[int, Field(ge=1, le=1024, description="processor threads")]
    onednn: Annotated[bool, Field(description="Intel's kernels for convolutions, on any x86-64 processor")]
