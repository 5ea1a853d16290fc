"""What lists say to people, in each language."""

from parvis.kernel.languages import Language

ASK: dict[Language, dict[str, str]] = {
    "en": {
        "subject": "A message to {name} waits for you",
        "text": "A message to {address} waits for a moderator.\n\n    From:    {author}\n    Subject: {subject}\n"
        "    Why:     {why}\n\nAnswer this message with the word accept, and it goes to all; with reject, and it "
        "goes to nobody. After {days} days it is dropped. The message is attached.\n",
    },
    "fr": {
        "subject": "Un message pour {name} vous attend",
        "text": "Un message pour {address} attend un modérateur.\n\n    De :     {author}\n    Objet :  {subject}\n"
        "    Raison : {why}\n\nRépondez à ce message par le mot accepter pour l’envoyer à tous, par rejeter pour "
        "ne l’envoyer à personne. Il est supprimé au bout de {days} jours. Le message est joint.\n",
    },
    "vi": {
        "subject": "Một thư gửi {name} đang chờ bạn",
        "text": "Một thư gửi {address} đang chờ người kiểm duyệt.\n\n    Từ:      {author}\n    Tiêu đề: {subject}"
        "\n    Lý do:   {why}\n\nTrả lời thư này bằng từ duyệt để gửi cho mọi người, bằng từ không để không gửi "
        "cho ai. Sau {days} ngày thư sẽ bị bỏ. Thư được đính kèm.\n",
    },
}
