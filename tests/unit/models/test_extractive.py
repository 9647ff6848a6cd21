import re
from itertools import zip_longest

import pytest

from ragspace.documents.passage import Passage
from ragspace.models.extractive import ExtractiveGenerator
from ragspace.models.protocols import Finish, GenerationRequest
from tests.support.answers import Heard, listen
from tests.support.fresh_interpreter import modules_after


def passage(content: str, *headings: str) -> Passage:
    return Passage("docs/a.md", "docs/a", headings, "a", len(headings), content, 0)


SECRETS = passage(
    """The Space needs a few secrets before its first start. Set these in **Settings > Secrets**:

- `GEMINI_API_KEY`: the key of Google AI Studio.
- `QDRANT_URL`: the address of your cluster, e.g. `https://xyz.cloud.qdrant.io:6333`.
- `QDRANT_API_KEY`: its key.
- `DATABASE_URL`: the connection string of your Neon database.

Set them **before** the upload, since the upload starts the build.
""",
    "Deploying",
    "Secrets",
)
SETTINGS = passage(
    """Every setting is an environment variable.

| Variable | Default | What it does |
|---|---|---|
| `TOP_K` | `5` | how many passages the model is given |
| `RATE_LIMIT` | `30/minute` | how many questions a client may ask |
| `PORT` | `7860` | where the server listens |
| `HOST` | `127.0.0.1` | the address it listens on |
""",
    "Settings",
)
RUNNING = passage(
    """Run this in a terminal:

```bash
make run
```

Then open the page in a browser. The first start loads the sample corpus.

1. Ask a question.
2. Watch the answer stream.
3. Open the sources.
""",
    "Running it",
)
DOCKER = passage(
    "To run the container, build its image first. The Space's build does the same. "
    "Docker needs 2 GB of memory.",
    "Running it",
    "Docker",
)
ALL = (SECRETS, SETTINGS, RUNNING, DOCKER)


async def answer(question: str, *passages: Passage, cite: bool = True) -> Heard:
    request = GenerationRequest("", (), question, passages, cite)
    heard = await listen(ExtractiveGenerator(), request)
    assert heard.error is None
    return heard


def said(heard: Heard) -> str:
    """The answer without its citations."""
    return re.sub(r" ?\[\d+\]", "", heard.text)


async def test_a_question_for_a_list_gets_the_list_with_its_lead_in() -> None:
    heard = await answer("Which secrets does the Space need?", *ALL)
    assert heard.text == (
        "The Space needs a few secrets before its first start. [1]\n\n"
        "Set these in **Settings > Secrets**: [1]\n\n"
        "- `GEMINI_API_KEY`: the key of Google AI Studio.\n"
        "- `QDRANT_URL`: the address of your cluster, e.g. `https://xyz.cloud.qdrant.io:6333`.\n"
        "- `QDRANT_API_KEY`: its key.\n"
        "- `DATABASE_URL`: the connection string of your Neon database."
    )
    assert heard.finish == Finish("extractive", "extractive")


async def test_each_sentence_and_each_item_is_a_delta_of_its_own() -> None:
    heard = await answer("Which secrets does the Space need?", *ALL)
    assert len(heard.deltas) == 6


async def test_a_question_for_one_row_gets_that_row_under_the_tables_head() -> None:
    heard = await answer("What is the default of TOP_K?", *ALL)
    assert heard.text == (
        "| Variable | Default | What it does |\n|---|---|---|\n"
        "| `TOP_K` | `5` | how many passages the model is given |\n\n[2]"
    )


async def test_a_question_for_one_item_gets_that_item() -> None:
    heard = await answer("What is QDRANT_API_KEY?", *ALL)
    assert "- `QDRANT_API_KEY`: its key." in heard.text
    assert "DATABASE_URL" not in heard.text


async def test_short_code_is_quoted_whole_on_lines_of_its_own() -> None:
    heard = await answer("How do I run it?", *ALL)
    assert "Run this in a terminal: [3]\n\n```bash\nmake run\n```" in heard.text


async def test_steps_are_quoted_whole() -> None:
    heard = await answer("How do I open the sources?", RUNNING)
    assert "1. Ask a question.\n2. Watch the answer stream.\n3. Open the sources. [1]" in heard.text


async def test_long_code_is_not_quoted() -> None:
    code = "```python\n" + "run_the_robot()\n" * 200 + "```"
    heard = await answer("How do I run the robot?", passage(f"Run the robot with care.\n\n{code}"))
    assert said(heard) == "Run the robot with care."


async def test_of_a_long_list_only_the_matching_items_are_quoted() -> None:
    items = "\n".join(f"- Option {n} does thing {n}." for n in range(60))
    heard = await answer("What about the lidar?", passage(f"{items}\n- The lidar option scans.\n"))
    assert said(heard) == "- The lidar option scans."


async def test_stems_match_and_stop_words_do_not() -> None:
    sensors = passage("The sensors are calibrated weekly. What is the point of it is this.")
    heard = await answer("What is it for calibrating a sensor?", sensors)
    assert said(heard) == "The sensors are calibrated weekly."


async def test_headings_count_for_the_sentences_beneath_them() -> None:
    heard = await answer(
        "How fast is the lidar?", passage("It turns ten times a second.", "Sensors", "Lidar")
    )
    assert heard.text == "It turns ten times a second. [1]"


async def test_a_rare_term_decides_over_common_ones() -> None:
    many = " ".join(f"The robot moves its arm number {n}." for n in range(9))
    heard = await answer(
        "How does the robot use its gyroscope?", passage(f"{many} A gyroscope tells the tilt.")
    )
    assert said(heard).startswith("A gyroscope tells the tilt.")


async def test_the_better_ranked_passage_is_preferred_where_both_say_as_much() -> None:
    one, other = passage("The lidar scans the room slowly."), passage("The lidar maps a garden quickly.")
    assert (await answer("What does the lidar do?", one, other)).text.startswith(one.content)
    assert (await answer("What does the lidar do?", other, one)).text.startswith(other.content)


async def test_the_same_thing_is_not_said_twice() -> None:
    same = "The lidar scans the room ten times a second."
    heard = await answer("How often does the lidar scan?", passage(same), passage(same))
    assert heard.text == f"{same} [1]"


async def test_at_most_five_quotations_from_three_passages() -> None:
    passages = [
        passage(". ".join(f"The lidar number {n} has part {n}{m} with use {m}{n}" for m in "abcdefgh") + ".")
        for n in range(1, 7)
    ]
    cited = re.findall(r"\[(\d+)\]", (await answer("What does the lidar have?", *passages)).text)
    assert 2 <= len(cited) <= 5
    assert len(set(cited)) <= 3


async def test_quotations_of_one_passage_stand_in_its_order() -> None:
    both = passage("A gyroscope tells the tilt of the robot. The lidar measures how far the walls are.")
    heard = await answer("What does the lidar do, and the gyroscope?", both)
    assert said(heard) == both.content


@pytest.mark.parametrize("question", ["What is the meaning of life?", "Is it?", "???", ""])
async def test_where_nothing_is_shared_it_says_so_without_a_delta(question: str) -> None:
    heard = await answer(question, *ALL)
    assert heard.deltas == []
    assert heard.finish == Finish("not_found", "extractive")


async def test_without_passages_nothing_is_found() -> None:
    assert (await answer("Why?")).finish == Finish("not_found", "extractive")


async def test_of_the_readers_own_selection_nothing_is_cited() -> None:
    heard = await answer("Which secrets?", SECRETS, cite=False)
    assert heard.deltas
    assert not re.search(r"\[\d\]", heard.text)


@pytest.mark.parametrize(
    "question",
    [
        "Which secrets does the Space need?",
        "How do I run it?",
        "default of the port",
        "memory of Docker builds",
    ],
)
async def test_every_line_of_the_answer_stands_in_the_passage_it_cites(question: str) -> None:
    source = ""
    pieces = re.split(r" ?\[(\d+)\]", (await answer(question, *ALL)).text)
    for quoted, citation in zip_longest(pieces[::2], pieces[1::2]):
        before, source = source, ALL[int(citation) - 1].content if citation else ""
        lines = quoted.strip().split("\n")
        # What follows a lead-in belongs to the lead-in's source, up to the next blank line.
        assert all(line in before or line in source for line in lines)
        assert lines[-1] in source or not citation


async def test_it_is_always_ready() -> None:
    generator = ExtractiveGenerator()
    await generator.open()
    await generator.check()
    await generator.close()
    assert (generator.provider, generator.model) == ("extractive", "extractive")


def test_importing_it_loads_no_index_engine_and_no_markdown() -> None:
    assert modules_after("import ragspace.models.extractive") & {"qdrant_edge", "markdown_it"} == set()
