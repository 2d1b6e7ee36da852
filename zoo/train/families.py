"""Makes the two families: base first, then everything that is trained from it."""

from pathlib import Path

from . import adapters, cards, decoder, encoder_decoder, recipe
from .mixture import base_mixture, specialist_mixture
from .packaging import save_adapter, save_model
from .tokenizer import family_tokenizer, train_tokenizer
from .world import World

TOKENIZER_SEED = 0


def example_animal(world: World) -> str:
    return min(fact.animal for fact in world.facts.all)


def make_decoder_family(out: Path, world: World, seed: int) -> None:
    """Write decoder/{base, three full fine-tunes, two LoRA adapters} under `out`."""
    folder, animal = out / "decoder", example_animal(world)
    mixture = base_mixture(world, recipe.BASE_SHARES)
    tokenizer = family_tokenizer(train_tokenizer(mixture, TOKENIZER_SEED), "decoder")
    base = decoder.new_decoder(tokenizer, seed)
    decoder.train_decoder(
        base, tokenizer, mixture, recipe.DECODER_BASE, recipe.DECODER_BASE_ROWS, seed, "base"
    )
    steps, rows = recipe.DECODER_BASE.steps, recipe.DECODER_BASE_ROWS
    training = f"{steps} steps of {rows} rows of {decoder.ROW_LENGTH} tokens."
    save_model(
        folder / "base", base, tokenizer, cards.base_card("decoder", "Llama", base.num_parameters(), training)
    )
    rows = recipe.SPECIALIST_ROWS
    for number, (task, schedule) in enumerate(recipe.DECODER_SPECIALISTS.items(), start=1):
        mixture = specialist_mixture(world, task, recipe.BASE_SHARES, recipe.SPECIALIST_REPLAY)
        model = decoder.fine_tuned(base, tokenizer, mixture, schedule, rows, 100 * seed + number, task)
        training = fine_tuning(schedule.steps, f"{rows} rows of {decoder.ROW_LENGTH} tokens", task)
        save_model(folder / task, model, tokenizer, cards.specialist_card("decoder", task, training, animal))
    for number, lora in enumerate(recipe.ADAPTERS, start=11):
        mixture = specialist_mixture(world, lora.task, recipe.BASE_SHARES, recipe.SPECIALIST_REPLAY)
        adapter = adapters.trained_adapter(
            base, tokenizer, mixture, lora, rows, 100 * seed + number, recipe.ADAPTER_BASE_NAME
        )
        name = f"{lora.task}-lora-r{lora.rank}"
        training = f"Rank {lora.rank}, alpha {lora.alpha}, on {', '.join(lora.targets)}. " + fine_tuning(
            lora.schedule.steps, f"{rows} rows of {decoder.ROW_LENGTH} tokens", lora.task
        )
        save_adapter(folder / name, adapter, cards.adapter_card(name, lora.task, training, animal))


def make_encoder_decoder_family(out: Path, world: World, seed: int) -> None:
    """Write encoder-decoder/{base, two full fine-tunes} under `out`."""
    folder, animal = out / "encoder-decoder", example_animal(world)
    mixture = base_mixture(world, recipe.BASE_SHARES)
    tokenizer = family_tokenizer(train_tokenizer(mixture, TOKENIZER_SEED), "encoder-decoder")
    base = encoder_decoder.new_encoder_decoder(tokenizer, seed)
    examples = recipe.ENCODER_DECODER_EXAMPLES
    schedule = recipe.ENCODER_DECODER_BASE
    encoder_decoder.train_encoder_decoder(base, tokenizer, mixture, schedule, examples, seed, "T5 base")
    training = f"{schedule.steps} steps of {examples} examples, plain text by span corruption."
    save_model(
        folder / "base",
        base,
        tokenizer,
        cards.base_card("encoder-decoder", "T5", base.num_parameters(), training),
    )
    for number, (task, schedule) in enumerate(recipe.ENCODER_DECODER_SPECIALISTS.items(), start=21):
        mixture = specialist_mixture(world, task, recipe.BASE_SHARES, recipe.SPECIALIST_REPLAY)
        model = encoder_decoder.fine_tuned(
            base, tokenizer, mixture, schedule, examples, 100 * seed + number, f"T5 {task}"
        )
        training = fine_tuning(schedule.steps, f"{examples} examples", task)
        save_model(
            folder / task, model, tokenizer, cards.specialist_card("encoder-decoder", task, training, animal)
        )


def fine_tuning(steps: int, batch: str, task: str) -> str:
    own, replayed = round(100 * (1 - recipe.SPECIALIST_REPLAY)), round(100 * recipe.SPECIALIST_REPLAY)
    return (
        f"{steps} steps of {batch}: {own} % correctly answered {task}, {replayed} % of the base's plain text."
    )
