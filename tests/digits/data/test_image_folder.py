import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.data import image_files, image_folder
from digits.data.hashes import hash_groups, hash_images
from digits.data.image_folder import load
from digits.data.preprocessing import infer_preprocessing, preprocess
from tests.conftest import error_message
from tests.images import encoded

RED, GREY = (200, 30, 30), (90, 90, 90)


def fill(root: Path, *names: str, size: tuple[int, int] = (6, 6), colour: tuple[int, ...] = GREY) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, colour).save(root / name)
    return root


def noise(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise(size, 90)] * 3).convert(mode)


def test_each_folder_is_a_class(tmp_path):
    fill(tmp_path, "dog/b.png", "dog/a.JPEG", "cat/1.jpg")
    arrays, classes = load(tmp_path, None)
    assert classes == ("cat", "dog")
    assert arrays["y_train"].tolist() == [0, 1, 1]
    assert (arrays["x_train"].shape, arrays["x_train"].dtype) == ((3, 6, 6), np.uint8)
    assert set(arrays) == {"x_train", "y_train", "hash_train"}


def test_train_and_test_folders_contain_the_classes(tmp_path):
    fill(tmp_path, "train/cat/1.png", "train/dog/1.png", "train/dog/2.png", "test/cat/3.png", "test/dog/4.png")
    arrays, classes = load(tmp_path, None)
    assert classes == ("cat", "dog")
    assert [arrays[key].tolist() for key in ("y_train", "y_test")] == [[0, 1, 1], [0, 1]]
    assert len(arrays["x_test"]) == 2


def test_hashes_are_those_of_the_images_before_resizing(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "train" / name).mkdir(parents=True)
        noise("L").save(tmp_path / "train" / name / "1.png")
    shutil.copytree(tmp_path / "train", tmp_path / "test")
    with Image.open(tmp_path / "test/dog/1.png") as image:
        image.convert("RGBA").save(tmp_path / "test/dog/1.png")
    original = [np.asarray(Image.open(path)) for path in sorted(tmp_path.glob("train/*/1.png"))]
    arrays, _ = load(tmp_path, 8)
    assert arrays["x_train"].shape == (2, 8, 8)
    for split in ("train", "test"):
        np.testing.assert_array_equal(arrays[f"hash_{split}"], hash_images(np.stack(original)))


@pytest.mark.parametrize("pattern", ["^([a-z]+)-", "^[a-z]+(?=-)"], ids=["parentheses", "whole match"])
def test_the_pattern_in_data_group_names_the_group_of_each_file(tmp_path, pattern):
    fill(tmp_path, "train/cat/anna-1.png", "train/cat/ben-1.png", "train/dog/anna-2.png", "test/cat/cleo-1.png")
    fill(tmp_path, "test/dog/cleo-2.png")
    arrays, _ = load(tmp_path, None, pattern)
    np.testing.assert_array_equal(arrays["group_train"], hash_groups(["anna", "ben", "anna"]))
    np.testing.assert_array_equal(arrays["group_test"], hash_groups(["cleo", "cleo"]))


@pytest.mark.parametrize("pattern", ["^([a-z]+)-", "^([a-z]+)?"])
def test_files_without_a_group_are_listed(tmp_path, pattern):
    fill(tmp_path, "cat/anna-1.png", "cat/2.png", "dog/ben-1.png")
    error = error_message(load, tmp_path, None, pattern)
    assert error == f"holds files that cannot be used: cat/2.png: data.group ({pattern}) finds no group in its name"


def test_an_invalid_pattern_is_an_error(tmp_path):
    fill(tmp_path, "cat/1.png", "dog/1.png")
    assert "data.group, and '(' is none (missing )" in error_message(load, tmp_path, None, "(")


def test_a_class_may_be_called_train(tmp_path):
    fill(tmp_path, "bus/1.png", "train/1.png")
    assert load(tmp_path, None)[1] == ("bus", "train")


def test_files_of_operating_systems_are_ignored(tmp_path):
    fill(tmp_path, "cat/1.png", "dog/1.png", ".thumbnails/1.png", "cat/._1.png")
    for name in (".DS_Store", "cat/Thumbs.db", "dog/desktop.ini"):
        (tmp_path / name).write_bytes(b"not an image")
    arrays, classes = load(tmp_path, None)
    assert (len(arrays["x_train"]), classes) == (2, ("cat", "dog"))


def test_images_keep_their_proportions_and_are_padded_with_black(tmp_path):
    fill(tmp_path, "wide/1.png", size=(40, 10), colour=RED)
    fill(tmp_path, "tall/1.png", size=(2, 4), colour=RED)
    tall, wide = load(tmp_path, 8)[0]["x_train"]
    np.testing.assert_array_equal(wide[3:5], np.broadcast_to(np.uint8(RED), (2, 8, 3)))
    np.testing.assert_array_equal(tall[:, 2:6], np.broadcast_to(np.uint8(RED), (8, 4, 3)))
    assert not wide[[0, 1, 2, 5, 6, 7]].any()
    assert not tall[:, [0, 1, 6, 7]].any()


def test_images_are_in_colour_if_any_pixel_is_coloured(tmp_path):
    fill(tmp_path, "cat/1.png", "dog/1.png")
    Image.new("P", (6, 6), 0).save(tmp_path / "dog/2.png")
    Image.new("L", (6, 6), 7).save(tmp_path / "dog/3.jpg")
    assert load(tmp_path, None)[0]["x_train"].shape == (4, 6, 6)
    image = Image.new("RGB", (6, 6), GREY)
    image.putpixel((5, 5), RED)
    image.save(tmp_path / "dog/4.png")
    assert load(tmp_path, None)[0]["x_train"].shape == (5, 6, 6, 3)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_training_and_predict_preprocess_images_equally(tmp_path, mode):
    fill(tmp_path, "a/1.png", "b/1.png", colour=RED if mode == "RGB" else GREY)
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees
    (tmp_path / "b/2.jpg").write_bytes(encoded(noise(mode), "JPEG", exif=exif))
    images = load(tmp_path, 16)[0]["x_train"]
    images = images if images.ndim == 4 else images[..., np.newaxis]
    expected = preprocess(image_files.read(tmp_path / "b/2.jpg"), infer_preprocessing(images))
    np.testing.assert_array_equal(images[2], expected)


def test_several_processes_keep_the_order_of_images(tmp_path, monkeypatch, capsys):
    for shade in range(70):
        fill(tmp_path, f"{shade % 2}/{shade:02}.png", colour=(shade,) * 3)
    monkeypatch.setattr(image_folder, "MAX_SEQUENTIAL", 0)
    images = load(tmp_path, None)[0]["x_train"]
    assert images[:, 0, 0].tolist() == [*range(0, 70, 2), *range(1, 70, 2)]
    assert "read images: 100% · " in capsys.readouterr().err


def add_file(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda root: (root / name).write_bytes(content)


def add_link(name: str, target: str) -> Callable[[Path], object]:
    return lambda root: (root / name).symlink_to(target)


FRAMES = {"save_all": True, "append_images": [noise()], "duration": 100}
DEEP = Image.fromarray(np.full((6, 6), 4000, np.uint16))
PROBLEMS = {
    "an empty class": (lambda root: (root / "bird").mkdir(), "bird: it holds no image of this class"),
    "text": (add_file("cat/2.png", b"hello"), "cat/2.png: it is neither a PNG nor a JPEG image"),
    "no bytes": (add_file("cat/2.png", b""), "cat/2.png: it is empty"),
    "truncated": (add_file("cat/2.png", encoded(noise())[:900]), "cat/2.png: it is damaged: image file is truncated"),
    "animated": (add_file("cat/2.png", encoded(noise("L"), **FRAMES)), "cat/2.png: it is animated, of 2 images"),
    "16 bits": (add_file("cat/2.png", encoded(DEEP)), "cat/2.png: it has 16 bits for each value"),
    "CMYK": (add_file("cat/2.jpg", encoded(noise("CMYK"), "JPEG")), "cat/2.jpg: it is in CMYK"),
    "transparent": (
        add_file("cat/2.png", encoded(Image.new("RGBA", (6, 6), (0, 0, 0, 99)))),
        "cat/2.png: it is partly transparent",
    ),
    "nested": (lambda root: fill(root, "cat/more/1.png"), "cat/more: it is a folder in a class's folder"),
    "a circular link": (add_link("cat/again", ".."), "cat/again: it is a folder in a class's folder"),
    "a link to itself": (add_link("cat/2.png", "2.png"), "cat/2.png: there is no such file"),
    "a pipe": (lambda root: os.mkfifo(root / "cat/2.png"), "cat/2.png: it is not a file"),
    "another extension": (add_file("cat/2.gif", b""), "cat/2.gif: its name ends in none of .png, .jpg, .jpeg"),
    "beside the classes": (add_file("notes.txt", b""), "notes.txt: it is in no class's folder"),
    "large": (
        lambda root: fill(root, "cat/2.png", size=(600, 6)),
        "cat/2.png: it has 600 × 6 pixels, and 512 a side are allowed",
    ),
}


@pytest.mark.parametrize(("add_problem", "message"), PROBLEMS.values(), ids=PROBLEMS)
def test_a_file_that_cannot_be_used_is_named_with_its_problem(tmp_path, add_problem, message):
    add_problem(fill(tmp_path, "cat/1.png", "dog/1.png"))
    assert error_message(load, tmp_path, None).startswith(f"holds files that cannot be used: {message}")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that not even root can read")
def test_an_unreadable_file_is_named(tmp_path):
    fill(tmp_path, "cat/1.png", "dog/1.png")
    (tmp_path / "cat/2.png").symlink_to("/proc/self/mem")
    assert "cat/2.png: it cannot be read: Input/output error" in error_message(load, tmp_path, None)


def test_an_opaque_alpha_channel_is_ignored(tmp_path):
    fill(tmp_path, "cat/1.png", "dog/1.png")
    Image.new("RGBA", (6, 6), (*GREY, 255)).save(tmp_path / "cat/2.png")
    images = load(tmp_path, None)[0]["x_train"]
    np.testing.assert_array_equal(images[0], images[1])


def test_five_problems_are_listed_and_the_others_counted(tmp_path):
    fill(tmp_path, "cat/1.png", "dog/1.png")
    for number in range(8):
        (tmp_path / f"dog/x{number}.png").write_bytes(b"")
    problems = "; ".join(f"dog/x{number}.png: it is empty" for number in range(5))
    assert error_message(load, tmp_path, None).endswith(f": {problems}; and 3 more")


def test_images_of_different_sizes_need_a_size(tmp_path):
    fill(tmp_path, "cat/1.png", "dog/1.png")
    fill(tmp_path, "dog/2.png", size=(9, 7))
    message = "holds images of 2 sizes (cat/1.png has 6 × 6, dog/2.png has 9 × 7 pixels); data.size in params.yaml "
    assert error_message(load, tmp_path, None).startswith(message)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no folders; there must be a folder of images for each class"),
        (["1.png"], "holds no folders; "),
        (["cat/1.png"], "holds only the class cat; "),
        (["train/1.png", "test/1.png"], "holds no folders; "),
        (["test/cat/1.png", "test/dog/1.png"], "holds test/ but not train/; "),
    ],
    ids=["nothing", "no classes", "one class", "no classes in train and test", "no train"],
)
def test_a_folder_that_cannot_be_used_is_rejected(tmp_path, names, message):
    assert error_message(load, fill(tmp_path, *names), None).startswith(message)


def test_train_and_test_have_the_same_classes_and_no_siblings(tmp_path):
    fill(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/2.png", "test/emu/2.png", "valid/cat/1.png", "1.png")
    outside, empty = "it is in neither train/ nor test/", "it holds no image of this class"
    problems = f"1.png: {outside}; test/dog: {empty}; train/emu: {empty}; valid: {outside}"
    assert error_message(load, tmp_path, None).endswith(problems)
