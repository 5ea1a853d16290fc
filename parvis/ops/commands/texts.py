"""The help of the command line in three languages; the terminal says which (LANGUAGE, LC_ALL, LANG)."""

import os
from collections.abc import Mapping

from parvis.kernel.languages import Language, closest

TEXTS: dict[str, dict[Language, str]] = {
    "parvis": {
        "en": "A sovereign digital workplace with an AI assistant at its heart.",
        "fr": "Un espace de travail numérique souverain, avec un assistant en son cœur.",
        "vi": "Không gian làm việc số có chủ quyền, với trợ lý AI ở trung tâm.",
    },
    "data": {
        "en": "folder of the database, messages, models and settings",
        "fr": "dossier de la base, des messages, des modèles et des réglages",
        "vi": "thư mục chứa cơ sở dữ liệu, thư, mô hình và thiết lập",
    },
    "port": {
        "en": "port of the web client; 0 for any free one",
        "fr": "port du client web ; 0 pour n'importe quel port libre",
        "vi": "cổng của giao diện web; 0 là bất kỳ cổng nào còn trống",
    },
    "serve": {
        "en": "run the server",
        "fr": "lancer le serveur",
        "vi": "chạy máy chủ",
    },
    "demo": {
        "en": "fill a data folder with a demo organisation and run the server",
        "fr": "remplir un dossier avec une organisation de démonstration et lancer le serveur",
        "vi": "tạo một tổ chức mẫu trong thư mục dữ liệu rồi chạy máy chủ",
    },
    "fill-only": {
        "en": "fill the folder and end, without serving",
        "fr": "remplir le dossier puis s'arrêter, sans servir",
        "vi": "chỉ tạo dữ liệu rồi dừng, không chạy máy chủ",
    },
    "no-model": {
        "en": "do not fetch the model of meaning (88 MB); search then finds words only",
        "fr": "ne pas télécharger le modèle de sens (88 Mo) ; la recherche ne trouve alors que des mots",
        "vi": "không tải mô hình ngữ nghĩa (88 MB); khi đó chỉ tìm theo từ",
    },
    "public-mail": {
        "en": "archive with the public mail (SpamAssassin's corpus); `none` to leave it out",
        "fr": "archive du courrier public (corpus de SpamAssassin) ; `none` pour s'en passer",
        "vi": "tệp thư công khai (kho SpamAssassin); `none` để bỏ qua",
    },
    "account": {
        "en": "people, groups and spaces: add, list, password, disable, enable, delete, group, grant",
        "fr": "personnes, groupes et espaces : créer, lister, mot de passe, désactiver, supprimer, membres, droits",
        "vi": "người dùng, nhóm và không gian: thêm, liệt kê, mật khẩu, khóa, xóa, thành viên, quyền",
    },
    "mail": {
        "en": "what other mail servers must know of this one, lists, and what is on its way: dkim, list, queue",
        "fr": "ce que les autres serveurs doivent savoir de celui-ci, listes et file d'attente : dkim, list, queue",
        "vi": "những gì máy chủ khác cần biết, danh sách thư và hàng chờ: dkim, list, queue",
    },
    "chat": {
        "en": "rooms: what was said in one before a day goes",
        "fr": "salons : ce qui a été dit dans l'un d'eux avant un jour disparaît",
        "vi": "phòng trò chuyện: xóa những gì đã nói trong một phòng trước một ngày",
    },
    "chat-purge": {
        "en": "delete for good what was said in a room before a day, here only",
        "fr": "supprimer définitivement, ici seulement, ce qui a été dit dans un salon avant un jour",
        "vi": "xóa vĩnh viễn, chỉ tại đây, những gì đã nói trong một phòng trước một ngày",
    },
    "chat-room": {
        "en": "room id (!...) or alias (#name:server)",
        "fr": "identifiant du salon (!...) ou alias (#nom:serveur)",
        "vi": "mã phòng (!...) hoặc bí danh (#tên:máy chủ)",
    },
    "chat-before": {
        "en": "the first day that stays (UTC)",
        "fr": "le premier jour conservé (UTC)",
        "vi": "ngày đầu tiên được giữ lại (UTC)",
    },
    "chat-purged": {
        "en": "{room}: {count} events went; their space in the database is free for what comes.",
        "fr": "{room} : {count} événements ont disparu ; leur place dans la base est libre pour la suite.",
        "vi": "{room}: đã xóa {count} sự kiện; chỗ trống trong cơ sở dữ liệu được dùng cho nội dung mới.",
    },
    "mail-list": {
        "en": "groups that are mailing lists: who may write, who decides, who reads them from outside",
        "fr": "groupes qui sont des listes de diffusion : qui écrit, qui décide, qui lit de l'extérieur",
        "vi": "nhóm là danh sách thư: ai được viết, ai duyệt, ai ngoài tổ chức nhận thư",
    },
    "mail-queue": {
        "en": "what is on its way out: list, try now (retry), hold until then, or drop (the sender hears of it)",
        "fr": "ce qui est en partance : lister, réessayer (retry), retenir (hold), abandonner (drop)",
        "vi": "thư đang chờ gửi: liệt kê, thử lại (retry), giữ lại (hold), hoặc bỏ (drop, người gửi được báo)",
    },
    "queue-id": {
        "en": "messages, by the ids that the list shows",
        "fr": "messages, par les identifiants de la liste",
        "vi": "các thư, theo mã trong danh sách",
    },
    "queue-all": {
        "en": "all messages of the queue",
        "fr": "tous les messages de la file",
        "vi": "mọi thư trong hàng chờ",
    },
    "mail-suppressed": {
        "en": "addresses that refused mail some times and are not tried for two weeks",
        "fr": "adresses qui ont refusé plusieurs fois et ne sont plus essayées pendant deux semaines",
        "vi": "các địa chỉ đã từ chối thư nhiều lần và không được thử trong hai tuần",
    },
    "suppressed-lift": {
        "en": "try this address again",
        "fr": "réessayer cette adresse",
        "vi": "thử lại địa chỉ này",
    },
    "mail-vault": {
        "en": "what a person deleted for good and can still have back: list it, or restore it to where it was",
        "fr": "ce qu'une personne a supprimé et peut encore récupérer : lister, ou restaurer à sa place",
        "vi": "thư đã xóa hẳn của một người mà còn lấy lại được: liệt kê, hoặc khôi phục về chỗ cũ",
    },
    "vault-person": {
        "en": "address of the person",
        "fr": "adresse de la personne",
        "vi": "địa chỉ của người đó",
    },
    "vault-id": {
        "en": "messages to restore, by the ids that the list shows",
        "fr": "messages à restaurer, par les identifiants de la liste",
        "vi": "các thư cần khôi phục, theo mã trong danh sách",
    },
    "vault-text": {
        "en": "only those with this in subject or sender; case and accents do not matter",
        "fr": "seulement ceux dont l'objet ou l'expéditeur contient ceci, sans égard aux accents",
        "vi": "chỉ những thư có chữ này trong tiêu đề hoặc người gửi; không phân biệt dấu",
    },
    "vault-all": {
        "en": "restore all that are found",
        "fr": "restaurer tous ceux qui sont trouvés",
        "vi": "khôi phục mọi thư tìm thấy",
    },
    "list-group": {
        "en": "address of the group; without one, all lists are shown",
        "fr": "adresse du groupe ; sans elle, toutes les listes sont montrées",
        "vi": "địa chỉ nhóm; nếu bỏ trống thì liệt kê tất cả",
    },
    "list-posting": {
        "en": "who may write to it at once",
        "fr": "qui peut y écrire directement",
        "vi": "ai được viết ngay",
    },
    "list-others": {
        "en": "what becomes of messages of others: held for a moderator, or refused",
        "fr": "sort des messages des autres : en attente d'un modérateur, ou refusés",
        "vi": "thư của người khác: chờ duyệt, hoặc bị từ chối",
    },
    "list-moderator": {
        "en": "a member who decides about held messages and gets what comes back",
        "fr": "un membre qui décide des messages en attente et reçoit les retours",
        "vi": "thành viên duyệt thư chờ và nhận thư bị trả lại",
    },
    "list-subscribe": {
        "en": "an address outside that gets its mail, or a member who wants it again",
        "fr": "une adresse extérieure qui reçoit le courrier, ou un membre qui le veut de nouveau",
        "vi": "địa chỉ bên ngoài nhận thư, hoặc thành viên muốn nhận lại",
    },
    "list-unsubscribe": {
        "en": "an address that gets no more of its mail",
        "fr": "une adresse qui ne reçoit plus son courrier",
        "vi": "địa chỉ không nhận thư nữa",
    },
    "list-end": {
        "en": "it is a plain group again; who reads it from outside is forgotten",
        "fr": "redevient un simple groupe ; les lecteurs extérieurs sont oubliés",
        "vi": "trở lại là nhóm thường; quên các địa chỉ bên ngoài",
    },
    "mail-dkim": {
        "en": "the DNS records of the keys that sign outgoing mail",
        "fr": "les enregistrements DNS des clés qui signent le courrier envoyé",
        "vi": "các bản ghi DNS của khóa ký thư gửi đi",
    },
    "mail-domain": {
        "en": "which domains; all of the setting `domains` when none",
        "fr": "quels domaines ; tous ceux du réglage `domains` par défaut",
        "vi": "tên miền nào; mặc định là mọi tên miền trong thiết lập `domains`",
    },
    "mail-rotate": {
        "en": "make new keys, which sign after --days; those of now sign until then",
        "fr": "créer de nouvelles clés, qui signeront après --days ; les actuelles signent jusque-là",
        "vi": "tạo khóa mới, bắt đầu ký sau --days; khóa hiện tại vẫn ký đến lúc đó",
    },
    "mail-days": {
        "en": "how long new keys are in DNS before they sign (2)",
        "fr": "combien de temps les nouvelles clés sont dans le DNS avant de signer (2)",
        "vi": "số ngày khóa mới có trong DNS trước khi ký (2)",
    },
    "doctor-mail": {
        "en": "mail: why mail fails, what DNS and other servers say of ours, and the records to set",
        "fr": "mail : pourquoi le courrier échoue, ce que le DNS et les autres serveurs en disent, et quoi définir",
        "vi": "mail: vì sao thư không đến, DNS và máy chủ khác nói gì, và bản ghi cần đặt",
    },
    "import": {
        "en": "bring mail in: mbox, Maildir, .eml, or a live IMAP account; run it again to go on",
        "fr": "importer du courrier : mbox, Maildir, .eml ou compte IMAP ; relancer pour reprendre",
        "vi": "nhập thư: mbox, Maildir, .eml hoặc tài khoản IMAP; chạy lại để tiếp tục",
    },
    "reindex": {
        "en": "build the search index anew",
        "fr": "reconstruire l'index de recherche",
        "vi": "lập lại chỉ mục tìm kiếm",
    },
    "doctor": {
        "en": "check the data folder, database, disk, ports and models",
        "fr": "vérifier le dossier, la base, le disque, les ports et les modèles",
        "vi": "kiểm tra thư mục dữ liệu, cơ sở dữ liệu, ổ đĩa, cổng và mô hình",
    },
    "models": {
        "en": "models that run on this machine: list, pull",
        "fr": "modèles exécutés sur cette machine : lister, télécharger",
        "vi": "các mô hình chạy trên máy này: liệt kê, tải về",
    },
}


def language(environment: Mapping[str, str] | None = None) -> Language:
    """The language of the terminal."""
    values = os.environ if environment is None else environment
    wanted = values.get("LANGUAGE") or values.get("LC_ALL") or values.get("LC_MESSAGES") or values.get("LANG") or ""
    return closest(wanted.split(":")[0].replace("_", "-").split(".")[0])


class Texts:
    """`texts("serve")`: the sentence of a key in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str) -> str:
        return TEXTS[key][self.language]
