"""The seed of time zones is what `make seeds` writes, and no mobile number has the zone of an area that it does not tell."""

import csv
from collections import defaultdict

from seeds.calling_prefix_time_zones import SEED, rows


def test_the_seed_is_what_libphonenumber_gives_and_mobile_numbers_are_anywhere_in_their_country() -> None:
    with SEED.open(encoding="utf-8", newline="") as file:
        assert [(row["calling_prefix"], row["time_zone"]) for row in csv.DictReader(file)] == rows()
    zones = defaultdict(set)
    for prefix, zone in rows():
        zones[prefix].add(zone)
    assert {"Australia/Perth", "Australia/Sydney"} < zones["614"]
    assert "Indian/Christmas" in zones["61"] - zones["614"]
    assert {"Europe/Moscow", "Asia/Vladivostok"} < zones["79"]
    # The clocks of Guernsey, Jersey and the Isle of Man are London's.
    assert zones["44"] == {"Europe/London"}
    # A landline tells its area; so do mobile numbers in North America, Brazil and China.
    assert zones["612"] == {"Australia/Sydney"}
    assert zones["1212"] == {"America/New_York"}
    assert zones["1876"] == {"America/Jamaica"}
    assert zones["5565"] == {"America/Manaus"}
