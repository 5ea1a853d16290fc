"""What is wrong with something of Matrix."""

from parvis.kernel.errors import Invalid


class BadMatrix(Invalid):
    """Something that Matrix does not allow: `errcode` is its word for it (Matrix v1.19 Client-Server §Standard
    error response), `field` names where; `more` is told beside."""

    def __init__(self, sentence: str, *, errcode: str = "M_BAD_JSON", field: str = "", **more: str) -> None:
        super().__init__(sentence, errcode=errcode, field=field, **more)
        self.errcode = errcode
        self.field = field


class NotAllowed(BadMatrix):
    """An event that the authorisation rules refuse; `rule` is the number of the rule in room version 12, whatever
    the version of the room (Matrix v1.19 Room Version 12 §Authorisation rules)."""

    def __init__(self, rule: str, sentence: str) -> None:
        super().__init__(sentence, errcode="M_FORBIDDEN", field=rule)
        self.rule = rule
