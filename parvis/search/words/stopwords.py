"""Words that say nothing about what a text is about, folded. A query made only of them keeps them."""

from typing import Final


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


FRENCH: Final = _set(
    """a ai aie ainsi alors apres as au aucun aussi autre autres aux avait avant avec avez avoir avons bien
    car ce ceci cela celle celles celui ces cet cette ceux chaque chez ci comme comment d dans de depuis
    des deux dois doit donc du elle elles en encore entre es est et etait etant ete etes etre eu eux
    faire fait fois font furent fut hors ici il ils j je jusqu jusque l la laquelle le lequel les
    lesquels leur leurs lors lorsque lui m ma mais me meme memes mes moi moins mon n ne ni non nos notre
    nous on ont ou par parce pas pendant peu peut peuvent plus pour pourquoi pouvez puis qu quand que
    quel quelle quelles quels qui quoi s sa sans se sera seront ses si sinon soit sommes son sont sous
    suis sur t ta te tel telle tels tes toi ton tous tout toute toutes tres trop tu un une vers voici
    voila vos votre vous y"""
)
ENGLISH: Final = _set(
    """a about after all also am an and any are as at be because been before being between both but by can
    could d did do does doing done down during each few for from further had has have having he her here
    hers him his how i if in into is it its itself just ll m many me more most much must my no nor not
    now of off on once only or other our ours out over own re s same she should so some such t than that
    the their theirs them then there these they this those through to too under until up us ve very was
    we were what when where which while who whom whose why will with would you your yours"""
)
VIETNAMESE: Final = _set(
    """ai anh ay ba bang bao bi boi cac cai can cang chi cho chu chua co con cua cung da dang day de den
    deu di do duoc em gi gio ha hay hon khi khong la lai lam len luc luon ma minh moi mot nao nay nen
    neu ngay nguoi nhe nhieu nhu nhung noi nua o oi phai qua ra rang rat roi sao sau se su ta tai tat
    the theo thi toi trong tu tung tuy va van vao vay ve vi viec voi vua xin"""
)
_BY_LANGUAGE: Final = {"fr": FRENCH, "en": ENGLISH, "vi": VIETNAMESE}


def stopwords(language: str) -> frozenset[str]:
    """The folded words that are empty of meaning in the language; an unknown language has none."""
    return _BY_LANGUAGE.get(language, frozenset())


def is_stopword(word: str, language: str) -> bool:
    """Whether the folded word is one of them."""
    return word in stopwords(language)
