from stages.compare import format_number


def test_sums_that_differ_between_processors_are_written_alike():
    assert format_number(0.07270157816) == format_number(0.07270158165) == "0.072702"
    assert format_number(3.4364699e-05) == format_number(3.4364192e-05) == "3.44e-05"
    assert format_number(-0.00076783851) == "-0.000768"


def test_fractions_of_images_keep_all_digits():
    assert [format_number(fraction) for fraction in (0.9797, 1.0, 0.0)] == ["0.9797", "1", "0"]
