import pytest

from posthouse.message.status import Status


@pytest.mark.parametrize("text", ["2.0.0", "4.3.1", "5.1.1", "5.7.28", "5.999.999"])
def test_a_code_of_class_subject_and_detail_is_kept_as_written(text: str) -> None:
    """RFC 3463 2: class "." subject "." detail, three digits at most."""
    assert str(Status(text)) == text
    assert Status(text).text == text


@pytest.mark.parametrize(
    "text",
    ["", "5", "5.1", "1.1.1", "3.0.0", "6.0.0", "5.1.1.1", "5.1000.1", "5.01.1", " 5.1.1", "5.1.1\n", "5.x.1", "5.1.١"],
)
def test_what_is_no_code_cannot_be_built(text: str) -> None:
    """RFC 3463 2: classes are 2, 4 and 5; leading zeros are not allowed."""
    with pytest.raises(ValueError, match="3463"):
        Status(text)


def test_equal_codes_are_equal_values() -> None:
    assert Status("5.1.1") == Status("5.1.1")
    assert len({Status("5.1.1"), Status("5.1.1"), Status("5.1.2")}) == 2
