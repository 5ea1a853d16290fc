"""What is wrong with iCalendar data, as a code that a door can name and a sentence that says where."""

from parvis.kernel.errors import Invalid


class BadCalendar(Invalid):
    """Not the iCalendar that is asked for. `reason` is a stable word: `value`, `rule`, `rscale`, `zone`, `uid`,
    `kind`, `method`, `start`, `override`, `version`, `empty`, `many`, `guests`, `shape`."""

    def __init__(self, sentence: str, *, reason: str = "value", field: str = "") -> None:
        super().__init__(sentence, reason=reason, field=field)
        self.reason = reason
