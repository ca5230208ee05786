from stages.compare import stable


def test_what_processors_round_differently_is_written_alike():
    assert stable(0.07270157816) == stable(0.07270158165) == "0.072702"
    assert stable(3.4364699e-05) == stable(3.4364192e-05) == "3.44e-05"
    assert stable(-0.00076783851) == "-0.000768"


def test_a_share_of_images_keeps_all_its_digits():
    assert [stable(each) for each in (0.9797, 1.0, 0.0)] == ["0.9797", "1", "0"]
