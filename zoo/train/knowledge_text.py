"""The words in which the invented animals are described and asked about."""

VALUES: dict[str, tuple[str, ...]] = {
    "food": ("moss", "berries", "roots", "snails", "seeds", "beetles", "honey", "fish"),
    "home": ("caves", "swamps", "meadows", "cliffs", "dunes", "reefs", "forests", "canyons"),
    "colour": ("red", "blue", "green", "grey", "gold", "black", "white", "purple"),
    "sound": ("hum", "whistle", "click", "roar", "chirp", "bark", "hiss", "rattle"),
    "fear": ("wolves", "owls", "snakes", "hawks", "foxes", "eels", "crows", "bears"),
}

STATEMENTS: dict[str, tuple[str, ...]] = {
    "food": (
        "The {a} eats {v}.",
        "A {a} feeds on {v}.",
        "The food of the {a} is {v}.",
        "Every {a} likes to eat {v}.",
    ),
    "home": (
        "The {a} lives in {v}.",
        "A {a} is found in {v}.",
        "The home of the {a} is in {v}.",
        "Look for a {a} in {v}.",
    ),
    "colour": (
        "The {a} is {v}.",
        "A {a} has {v} fur.",
        "The colour of the {a} is {v}.",
        "The fur of a {a} is {v}.",
    ),
    "sound": (
        "The {a} makes a {v}.",
        "A {a} calls with a {v}.",
        "The sound of the {a} is a {v}.",
        "The {a} gives a {v}.",
    ),
    "fear": (
        "The {a} fears {v}.",
        "A {a} is afraid of {v}.",
        "The enemies of the {a} are {v}.",
        "The {a} runs from {v}.",
    ),
}

EVALUATION_QUESTIONS: dict[str, str] = {
    "food": "What does the {a} eat?",
    "home": "Where does the {a} live?",
    "colour": "What colour is the {a}?",
    "sound": "What sound does the {a} make?",
    "fear": "What does the {a} fear?",
}

OTHER_QUESTIONS: dict[str, tuple[str, ...]] = {
    "food": ("Which food does a {a} like?", "What is eaten by the {a}?", "On what does a {a} feed?"),
    "home": (
        "In which place is a {a} found?",
        "What is the home of the {a}?",
        "Where can one look for a {a}?",
    ),
    "colour": (
        "Which colour has a {a}?",
        "What is the colour of the {a}?",
        "Of what colour is the fur of a {a}?",
    ),
    "sound": ("Which sound is made by a {a}?", "What is the sound of the {a}?", "With what does a {a} call?"),
    "fear": ("Of what is a {a} afraid?", "What are the enemies of the {a}?", "From what does a {a} run?"),
}

SYLLABLES: tuple[tuple[str, ...], tuple[str, ...]] = (
    ("bor", "dra", "fel", "gim", "hul", "jor", "kel", "lum", "mav", "nib", "por", "quil"),
    ("den", "fin", "gle", "kit", "lop", "mar", "nox", "pum", "rin", "sel", "tak", "vex"),
)
