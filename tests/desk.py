"""The mail of a server that has none."""

from parvis.serve.post import CalendarMail, Letter, Post


class Desk(Post):
    """Mail that keeps what it is given, and gives what it was told to."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.mail: CalendarMail | None = None

    async def written(self, letter: Letter):
        async def send(unit) -> int:
            if not any(each is letter for each in self.letters):  # a unit may run twice
                self.letters.append(letter)
            return self.letters.index(letter) + 1

        return send

    async def calendar_of(self, principal, account_id, email_id) -> CalendarMail:
        assert self.mail is not None
        return self.mail
