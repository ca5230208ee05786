"""The hyperparameters of every family: optimization and augmentation."""

from typing import Annotated, Literal

from pydantic import Field

from digits.config.load import Section

# A share that may be 0, which turns its effect off. `Share` in schema.py may not be 0.
Rate = Annotated[float, Field(ge=0, lt=1)]


class Recipe(Section):
    optimizer: Annotated[
        Literal["adam", "sgd"],
        Field(description="adam: AdamW where weight_decay is above 0; sgd: Nesterov, momentum 0.9"),
    ]
    learning_rate: Annotated[float, Field(gt=0, le=10, description="the highest rate of the schedule")]
    schedule: Annotated[
        Literal["constant", "cosine", "one_cycle"],
        Field(description="cosine: down to 0; one_cycle: up in the first quarter, then down to 0"),
    ]
    batch_size: Annotated[int, Field(ge=1, le=65_536, description="images per step")]
    label_smoothing: Annotated[
        Rate, Field(description="share of the target probability that is spread evenly over all classes")
    ]
    weight_decay: Annotated[
        float, Field(ge=0, le=1, description="decoupled from the gradient, scaled by the learning rate")
    ]
    standardize: Annotated[
        bool, Field(description="scale each image to mean 0 and standard deviation 1, inside the model")
    ]
    shift: Annotated[Rate, Field(description="augmentation: largest shift, as a share of the image")]
    rotate: Annotated[float, Field(ge=0, le=180, description="augmentation: largest rotation in degrees")]
    zoom: Annotated[Rate, Field(description="augmentation: largest change of size, as a share")]
    shear: Annotated[Rate, Field(description="augmentation: largest slant, as a share of the height")]
    # Each of the following applies to an eighth of the images.
    noise: Annotated[Rate, Field(description="augmentation: largest standard deviation of noise, as a share of white")]
    blur: Annotated[
        Rate, Field(description="augmentation: largest standard deviation of a Gaussian blur, as a share of the side")
    ]
    contrast: Annotated[Rate, Field(description="augmentation: largest loss of contrast, as a share")]
    brightness: Annotated[Rate, Field(description="augmentation: largest increase of brightness, as a share of white")]
    erase: Annotated[Rate, Field(description="augmentation: largest black square, as a share of the side")]
