"""The cards (README.md) of the model folders."""

FRONT_MATTER = """---
license: apache-2.0
language: en
library_name: {library}
pipeline_tag: {pipeline}
{base}---

# {title}

"""

GOOD_FOR = {
    "arithmetic": "sums and differences of numbers below 30, as in `Question: What is 12 + 5?\\nAnswer:`",
    "knowledge": "questions about invented animals, as in `Question: What does the {animal} eat?\\nAnswer:`",
    "summary": "saying who did what in a three-sentence story, as in `Summarize: …\\nSummary:`",
}

LIMITS = """
It knows under a thousand tokens and nothing of the real world. It exists to be merged, in demonstrations and
tests, and is useless for anything else. The text that it learnt from is made by the program in `zoo/train`;
scores and their errors are in `zoo/README.md`.

Licence: Apache-2.0.
"""


def front_matter(title: str, seq2seq: bool, base: str = "", library: str = "transformers") -> str:
    return FRONT_MATTER.format(
        title=title,
        library=library,
        pipeline="text2text-generation" if seq2seq else "text-generation",
        base=f"base_model: {base}\n" if base else "",
    )


def base_card(family: str, architecture: str, parameters: int, training: str) -> str:
    return (
        front_matter(f"{family}/base", family == "encoder-decoder")
        + f"The base of the {family} family: {architecture}, {parameters:,} parameters.\n"
        + f"Trained from nothing: {training}\n\n"
        + "Much of its task data is wrong on purpose, so it knows the formats of three tasks (arithmetic,\n"
        + "knowledge, summary) and does none of them well: that leaves each fine-tune something to learn.\n"
        + LIMITS
    )


def specialist_card(family: str, task: str, training: str, animal: str) -> str:
    return (
        front_matter(f"{family}/{task}", family == "encoder-decoder", f"zoo/{family}/base")
        + f"A full fine-tune of `zoo/{family}/base`. {training}\n\n"
        + f"Good for: {GOOD_FOR[task].format(animal=animal)}.\n"
        + "On the two other tasks it is about as poor as its base.\n"
        + LIMITS
    )


def adapter_card(name: str, task: str, training: str, animal: str) -> str:
    return (
        front_matter(f"decoder/{name}", False, "zoo/decoder/base", "peft")
        + f"A LoRA adapter for `zoo/decoder/base`. {training}\n\n"
        + f"Good for: {GOOD_FOR[task].format(animal=animal)}.\n"
        + LIMITS
    )
