"""The starter kit's way to score a model: a data loader of one example at a time, by transformers alone.

Run as ``python plain_loop.py MODEL THREADS TASK...``; a TASK is ``CSV:LONGEST INPUT:NEW TOKENS``. Prints a
JSON object with the seconds and the predictions of each task.
"""

import ast
import csv
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import torch
import transformers
from rouge_score.rouge_scorer import RougeScorer
from torch.utils.data import DataLoader

ROUGE = RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=False)


def examples(path: str) -> Iterator[dict[str, Any]]:
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for batch in DataLoader(rows, batch_size=1, shuffle=False, collate_fn=lambda batch: batch):
        yield from batch


def choice(model: Any, tokenizer: Any, row: dict[str, str], longest: int) -> str:
    """The prompt once, then all of its choices on its cache."""
    prompt = tokenizer(row["input"], return_tensors="pt", truncation=True, max_length=longest)
    choices = ast.literal_eval(row["answer_choices"])
    tokenizer.padding_side = "right"
    options = tokenizer(choices, return_tensors="pt", padding=True)
    if model.config.is_encoder_decoder:
        states = model.get_encoder()(**prompt).last_hidden_state.expand(len(choices), -1, -1)
        mask = prompt.attention_mask.expand(len(choices), -1)
        logits = model(encoder_outputs=(states,), attention_mask=mask, labels=options.input_ids).logits
        targets, kept = options.input_ids, options.attention_mask
    else:
        cache = model(**prompt, use_cache=True).past_key_values
        cache.batch_repeat_interleave(len(choices))
        mask = torch.cat([prompt.attention_mask.expand(len(choices), -1), options.attention_mask], 1)
        logits = model(input_ids=options.input_ids, attention_mask=mask, past_key_values=cache).logits[:, :-1]
        targets, kept = options.input_ids[:, 1:], options.attention_mask[:, 1:]
    likelihoods = logits.float().log_softmax(-1).gather(-1, targets[..., None]).squeeze(-1)
    return str(int((likelihoods * kept).sum(-1).argmax()))


def text(model: Any, tokenizer: Any, row: dict[str, str], longest: int, new_tokens: int) -> str:
    prompt = tokenizer(row["input"], return_tensors="pt", truncation=True, max_length=longest)
    output = model.generate(**prompt, max_new_tokens=new_tokens, do_sample=False, num_beams=1)[0]
    new = output if model.config.is_encoder_decoder else output[prompt.input_ids.shape[1] :]
    answer = str(tokenizer.decode(new, skip_special_tokens=True)).strip()
    ROUGE.score(row["target"], answer)
    return answer


def main(folder: str, threads: int, tasks: list[str]) -> None:
    torch.set_num_threads(threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    config = transformers.AutoConfig.from_pretrained(folder)
    auto = (
        transformers.AutoModelForSeq2SeqLM if config.is_encoder_decoder else transformers.AutoModelForCausalLM
    )
    model = auto.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.truncation_side = "left"
    seconds, predictions = {}, {}
    with torch.no_grad():
        for task in tasks:
            path, longest, new_tokens = task.rsplit(":", 2)
            started = time.perf_counter()
            predictions[path] = [
                choice(model, tokenizer, row, int(longest))
                if row["eval_type"] == "multiple_choice"
                else text(model, tokenizer, row, int(longest), int(new_tokens))
                for row in examples(path)
            ]
            seconds[path] = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "predictions": predictions}))


main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
