"""The words of which stories are made."""

# fmt: off
NAMES = (
    "Ada", "Bruno", "Clara", "Doran", "Elsa", "Felix", "Greta", "Hugo", "Irma", "Jonas", "Karin", "Liam",
    "Mona", "Nils", "Olga", "Pavel", "Rosa", "Sven", "Tilda", "Ugo", "Vera", "Wanda", "Yaro", "Zelda",
)
VERBS = (
    "found", "lost", "sold", "bought", "painted", "broke", "mended", "carried", "hid", "borrowed",
    "cleaned", "dropped",
)
OBJECTS = (
    "lamp", "kettle", "basket", "drum", "ladder", "clock", "mirror", "violin", "bottle", "carpet",
    "hammer", "lantern", "bucket", "saddle", "candle", "helmet", "statue", "wagon", "whisk", "compass",
    "blanket", "chair", "trumpet", "puzzle",
)
MANNERS = ("quietly", "quickly", "slowly", "proudly", "gladly", "secretly")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PLACES = ("bridge", "market", "harbour", "station", "garden", "tower", "mill", "library")
WEATHER = ("cold", "warm", "wet", "bright", "dark", "calm", "noisy", "quiet")
SCENES = (
    "The {w} wind came over the {p}.",
    "It was a {w} day at the {p}.",
    "The road to the {p} was {w}.",
    "People said the {p} looked {w}.",
    "The {p} stayed {w} until the evening.",
)
# fmt: on
