from ragspace.chat.prompt import DOUBTFUL_NOTE, general_request
from tests.support.passages import passage


def test_the_model_is_told_where_the_search_doubts_that_the_sources_answer() -> None:
    found = [passage("The rover drives at night.", heading="Rover")]
    sure, doubtful = (general_request("How far?", found, (), doubtful=each) for each in (False, True))

    assert DOUBTFUL_NOTE not in sure.turns[-1].text
    assert doubtful.turns[-1].text.endswith(f"{DOUBTFUL_NOTE}\n\nQuestion: How far?")
